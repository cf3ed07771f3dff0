import {
  rolesForTarget,
  type Delegations,
  type RoleName,
  type TargetFile,
  type TargetPath,
} from '@ragnos/tuf';
import { isSplit, snapshotLayout } from './bins.ts';
import { checkBins, leastBits, mostBits } from './check-layout.ts';
import type { Client } from './compat.ts';
import { PublishError } from './errors.ts';
import type { BinsLayout } from './layout.ts';
import { binDelegations, delegatedNames, roleLayout } from './signed.ts';
import type { Located, Workspace } from './workspace.ts';

type SignedBy = NonNullable<BinsLayout['signedBy']>;

/** Bytes of one entry, measured. In a snapshot it carries a digest, unless the keys of a bin are those of the snapshot. */
const entryInTargets = 155;
const entryInSnapshot: Readonly<Record<SignedBy, number>> = { role: 131, snapshot: 38 };

/**
 * How many bits of bins write the least per publish of one target among `targets`: B* = √(N·155/131), or √(N·155/38) under the
 * snapshot's keys, as a power of two. A bin gets smaller with their number, the snapshot that lists them larger.
 */
export function bestBits(targets: number, signedBy: SignedBy = 'role'): number {
  const bins = Math.sqrt((targets * entryInTargets) / entryInSnapshot[signedBy]);
  return Math.min(mostBits, Math.max(leastBits, Math.round(Math.log2(Math.max(1, bins)))));
}

/** The targets of a role and of all its bins, by path. */
export async function allFiles(workspace: Workspace, at: Located): Promise<Map<TargetPath, TargetFile>> {
  const files = new Map(await workspace.filesOf(at));
  const delegations = await workspace.delegations(at);
  if (isSplit(delegations))
    for (const name of delegatedNames(delegations))
      for (const [path, file] of await workspace.filesOf({ name, delegator: at.name })) files.set(path, file);
  return files;
}

/**
 * Splits a role into bins, or into others than before, in one commit: readers that are under way go on with the files that they
 * know, all others find every target in its new bin. The bins before keep their names in the snapshot, empty.
 * @throws PublishError BAD_LAYOUT, UNKNOWN_ROLE
 */
export async function splitRole(
  workspace: Workspace,
  role: string,
  bins: BinsLayout,
  compat: readonly Client[],
): Promise<void> {
  const at = await workspace.located(role);
  const before = await workspace.delegations(at);
  if (before !== null && !isSplit(before))
    throw new PublishError('BAD_LAYOUT', `${role} delegates to roles of its own, and cannot be split`);
  checkBins(role, bins);
  const files = await allFiles(workspace, at);
  const { role: own, keys } = await workspace.keysOf(at);
  const layout = {
    name: freePrefix([...workspace.head.snapshot.signed.meta.keys()], role, bins.bitLength),
    paths: [],
    terminating: true,
    ...roleLayout(own, keys),
    bins,
  };
  const delegations = binDelegations(layout, compat, snapshotLayout(workspace.head.root.signed));
  if (delegations === null) return;
  const retired = { role: own, keys, askAs: at.name };
  for (const name of delegatedNames(before)) {
    for (const path of (await workspace.filesOf({ name, delegator: at.name })).keys())
      workspace.setFile({ name, delegator: at.name }, path, null);
    workspace.edit({ name, delegator: at.name }, { retired });
  }
  for (const path of (await workspace.filesOf(at)).keys()) workspace.setFile(at, path, null);
  workspace.edit(at, { delegations });
  for (const name of delegatedNames(delegations))
    workspace.edit({ name, delegator: at.name }, { created: true, delegations: null });
  for (const [path, file] of files) workspace.setFile(binOf(delegations, at.name, path), path, file);
}

function binOf(delegations: Delegations, delegator: RoleName, path: TargetPath): Located {
  const name = rolesForTarget(delegations, path)[0]?.name;
  if (name === undefined) throw new PublishError('BAD_LAYOUT', `no bin of ${delegator} covers ${path}`);
  return { name, delegator };
}

/** `vendor.acme`, later `vendor.acme.10`: names of roles are never used twice, and a snapshot lists them for ever. */
export function freePrefix(listed: readonly string[], role: string, bits: number): string {
  const taken = (prefix: string): boolean => listed.some((name) => name.startsWith(`${prefix}-`));
  if (!taken(role)) return role;
  let prefix = `${role}.${bits}`;
  for (let count = 2; taken(prefix); count++) prefix = `${role}.${bits}.${count}`;
  return prefix;
}
