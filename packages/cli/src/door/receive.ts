import type { Submission, VendorName } from '@ragnos/plugin';
import { DoorError, isBinName, type Change, type Content, type Draft } from '@ragnos/repository';
import { vendorRole } from '../vault/layout.ts';
import { admit, rulesFor, type DoorSettings } from './admit.ts';

/** A submission, with its bytes. */
export interface Handed {
  readonly submission: Submission;
  /** By role. */
  readonly roles: ReadonlyMap<string, Uint8Array>;
  /** By target path. */
  readonly targets: ReadonlyMap<string, Content>;
}

/** The change that takes what a vendor signed on its own machine. Every rule is checked before anything is stored. */
export function receiving({ submission, roles, targets }: Handed, settings: DoorSettings): Change {
  const { vendor } = submission;
  const own = vendorRole(vendor);
  return async (draft) => {
    const { maxLife } = await rulesOf(draft, vendor, roles);
    const before = new Map<string, Uint8Array | null>();
    for (const path of targets.keys())
      if (path.endsWith('/index.json')) before.set(path, await draft.read(path));
    // Where the role itself comes with bins, it is split: its targets move between files.
    const splits = roles.has(own) && roles.size > 1;
    const known = splits ? await draft.list(own) : undefined;
    const rules = {
      maxLife,
      named: true,
      split: splits,
      ...(known === undefined ? {} : { known }),
    };
    const added = new Set<string>();
    const removed = new Set<string>();
    const listed = new Set<string>();
    for (const [role, bytes] of inOrder(own, roles)) {
      const brought = await draft.bring(role, bytes, targets, rules);
      for (const path of brought.added) added.add(path);
      for (const path of brought.removed) removed.add(path);
      if (splits) for (const path of brought.signed.targets.keys()) listed.add(path);
    }
    for (const path of known?.keys() ?? []) {
      if (listed.has(path)) removed.delete(path);
      else removed.add(path);
    }
    const unlisted = [...targets.keys()].find((path) => !added.has(path));
    if (unlisted !== undefined && added.size > 0)
      throw new DoorError('DOOR_TARGETS', unlisted, 'was handed in, and no role lists it anew');
    if (splits) draft.note({ kind: 'delegation', subject: `${vendor}: split` });
    if (added.size > 0 || removed.size > 0)
      await admit(draft, { vendor, added: [...added], removed: [...removed], before }, settings);
  };
}

/**
 * How long what a vendor hands in may live, in seconds. @throws DoorError DOOR_PATHS unless all of it is the vendor's role and its bins
 */
export async function rulesOf(
  draft: Draft,
  vendor: VendorName,
  roles: Handed['roles'],
): Promise<{ readonly maxLife: number }> {
  const own = vendorRole(vendor);
  for (const role of roles.keys())
    if (role !== own && !isBinName(own, role))
      throw new DoorError('DOOR_PATHS', `${role}.json`, `is no role of ${vendor}`);
  const { maxLifeDays } = await rulesFor(draft, vendor);
  return { maxLife: maxLifeDays * 24 * 60 * 60 };
}

/** The role before its bins, which are delegated to by it. */
function inOrder(own: string, roles: Handed['roles']): readonly (readonly [string, Uint8Array])[] {
  return [...roles].toSorted(([a], [b]) => Number(b === own) - Number(a === own));
}
