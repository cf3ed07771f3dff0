/** Bins that the snapshot's own keys sign: how the snapshot lists them, and what must not happen to those keys. */
import { VaultError, type Delegations, type MetaFile, type RoleName, type Root } from '@ragnos/tuf';
import { binsUnderSnapshot, isSplit, isUnderSnapshot } from './bins.ts';
import { PublishError } from './errors.ts';
import type { Head } from './head.ts';
import { bareMetaFile, delegatedNames, rootRole, targetsRole } from './signed.ts';
import { announced, topLevelKeys, type Planned } from './signing-needs.ts';
import type { Located, Workspace } from './workspace.ts';

/**
 * The entries that the next snapshot has for such bins: of those that a commit writes, the version alone. Where one of them was
 * listed with its hash until now, so are its neighbours, and all of them lose it at once.
 */
export async function bareEntries(
  workspace: Workspace,
  planned: readonly Planned[],
  written: ReadonlyMap<RoleName, MetaFile>,
): Promise<ReadonlyMap<RoleName, MetaFile>> {
  const { root, snapshot } = workspace.head;
  const { meta } = snapshot.signed;
  const entries = new Map<RoleName, MetaFile>();
  const stripped = new Set<RoleName>();
  for (const { work, underSnapshot } of planned) {
    if (!underSnapshot) continue;
    const isOld = (meta.get(work.name)?.hashes ?? null) !== null;
    if (!isOld || stripped.has(work.delegator)) continue;
    stripped.add(work.delegator);
    const owner = await workspace.locate(work.delegator);
    const delegations = owner === null ? null : await workspace.delegations(owner);
    for (const name of binsUnderSnapshot(root.signed, delegations)) {
      const entry = meta.get(name);
      if (entry !== undefined) entries.set(name, { ...entry, length: null, hashes: null });
    }
  }
  for (const { work, underSnapshot } of planned) {
    const file = written.get(work.name);
    if (underSnapshot && file !== undefined) entries.set(work.name, bareMetaFile(file.version));
  }
  return entries;
}

/**
 * Asked wherever a root is put. Bins hang under the snapshot's keys by the word of their own role, which no root changes: under other
 * keys nobody could write them any more, and whoever keeps an old key could show a second file of a version that is listed without
 * a hash. So they have to be signed by the role again before those keys go.
 * @throws PublishError BAD_LAYOUT
 */
export async function refuseHangingBins(head: Head, next: Root): Promise<void> {
  const root = head.root.signed;
  if (isUnderSnapshot(next, topLevelKeys(root, 'snapshot'), root.keys)) return; // the keys stay
  const hanging: string[] = [];
  for await (const [name, delegations] of split(head))
    if (binsUnderSnapshot(root, delegations).length > 0) hanging.push(name);
  const [first] = hanging;
  if (first === undefined) return;
  const vendors = hanging.map((name) => name.replace(/^vendor\./, ''));
  throw new PublishError(
    'BAD_LAYOUT',
    `the bins of ${hanging.slice(0, 5).join(', ')} are signed by the keys of snapshot, which root ${next.version} changes`,
    {
      hint: `nothing was changed; first: ragv vendor split ${vendors[0] ?? first} --signed-by vendor`,
    },
  );
}

/** Every role that is split, with what it delegates to; bins themselves are not read. */
async function* split(head: Head): AsyncGenerator<readonly [RoleName, Delegations]> {
  const { meta } = head.snapshot.signed;
  const isBare = [...meta.values()].some(({ hashes }) => hashes === null);
  const queue: Located[] = [{ name: targetsRole, delegator: rootRole }];
  const seen = new Set<RoleName>();
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    if (seen.has(at.name) || !meta.has(at.name)) continue;
    seen.add(at.name);
    const delegations = await delegationsOf(head, at, isBare);
    if (delegations === null) continue;
    if (isSplit(delegations)) yield [at.name, delegations];
    else for (const name of delegatedNames(delegations)) queue.push({ name, delegator: at.name });
  }
}

/** A role that does not verify keeps nobody from a new root, unless bins may hang below it that only their version holds. */
async function delegationsOf(head: Head, at: Located, isBare: boolean): Promise<Delegations | null> {
  try {
    return (await head.role(at.name, at.delegator)).signed.delegations;
  } catch (error) {
    if (isBare || !(error instanceof VaultError)) throw error;
    return null;
  }
}

/**
 * Between the announcement of other snapshot keys and the root that brings them nobody puts bins under those that go: the look of
 * `refuseHangingBins` would have come too early.
 * @throws PublishError CONFLICT
 */
export function refuseUnderGoingKeys(workspace: Workspace, delegations: Delegations): void {
  if (announced(workspace).every(({ role }) => role !== 'snapshot')) return;
  if (binsUnderSnapshot(workspace.head.root.signed, delegations).length === 0) return;
  throw new PublishError(
    'CONFLICT',
    'the keys of snapshot are being changed, and bins would hang under them',
    {
      hint: 'nothing was published; try again once the new root is there, or in ten minutes',
    },
  );
}
