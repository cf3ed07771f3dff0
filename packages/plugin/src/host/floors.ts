import { BelowFloorError } from '@ragnos/client';
import { repositoryId, type TrustedMetadataSet } from '@ragnos/tuf';

import { ownIds } from '../formats/owners.ts';
import { HostUntrustedError } from './errors.ts';

/** The least that a repository may be (decision 10). */
export interface Floors {
  /** By role. */
  readonly versions: ReadonlyMap<string, number>;
  /** Which repository that is, whatever became of its root; `null` = it does not say. */
  readonly repositoryId: string | null;
  /** Who signed the snapshot that said so, by the keys' own ids; `null` = it was not kept. */
  readonly snapshotKeys: readonly string[] | null;
}

export const noFloors: Floors = { versions: new Map(), repositoryId: null, snapshotKeys: null };

function snapshotRole({ root }: TrustedMetadataSet) {
  const role = root.roles.get('snapshot');
  return { ids: ownIds(role?.keyIds ?? [], root.keys), threshold: role?.threshold ?? 1 };
}

/**
 * All of them, while the keys of the time can still sign a snapshot; else that of root alone. Versions that start anew under
 * a new snapshot key are how a repository recovers from a thief who sent them far ahead (5.3.11), and nothing older than the
 * new key can be signed by it.
 */
function inForce(floors: Floors, trusted: TrustedMetadataSet): ReadonlyMap<string, number> {
  const { versions, snapshotKeys } = floors;
  if (floors.repositoryId === null || snapshotKeys === null) return versions;
  const { ids, threshold } = snapshotRole(trusted);
  const left = snapshotKeys.filter((id) => ids.includes(id)).length;
  return left >= threshold ? versions : new Map([...versions].filter(([role]) => role === 'root'));
}

/** @throws BelowFloorError for the first role that is older than its floor, or not there at all; IDENTITY_MISMATCH */
export function refuseBelowFloors(
  floors: Floors,
  trusted: TrustedMetadataSet,
  versions: ReadonlyMap<string, number>,
): void {
  if (floors.repositoryId !== null && floors.repositoryId !== repositoryId(trusted.root))
    throw new HostUntrustedError('IDENTITY_MISMATCH', 'ragv.lock knows another repository by this alias', {
      hint: 'nothing was installed; trust the repository that the project was made with under its alias',
    });
  for (const [role, floor] of inForce(floors, trusted)) {
    const version = versions.get(role);
    if (version !== undefined && version >= floor) continue;
    throw new BelowFloorError(
      `${role} ${version === undefined ? 'is not there' : `has version ${version}`}, and ragv.lock has seen version ${floor}`,
      { hint: 'the repository went back, or the lock is that of another one; nothing was installed' },
    );
  }
}

/** The floors after something of `versions` was installed; each is as high as it ever was. */
export function raiseFloors(
  floors: Floors,
  trusted: TrustedMetadataSet,
  versions: ReadonlyMap<string, number>,
): Floors {
  const raised = new Map(inForce(floors, trusted));
  for (const [role, version] of versions) raised.set(role, Math.max(version, raised.get(role) ?? 0));
  return {
    versions: raised,
    repositoryId: repositoryId(trusted.root),
    snapshotKeys: snapshotRole(trusted).ids,
  };
}
