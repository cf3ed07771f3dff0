import { VaultError, type RoleName, type TargetFile, type TargetPath } from '@ragnos/tuf';
import { isSplit } from './bins.ts';
import { delegationIssues, refuseIssues, snapshotIssues } from './compat-check.ts';
import { clientFacts } from './compat-facts.ts';
import { targetIssues } from './compat-targets.ts';
import type { Client } from './compat.ts';
import { inParallel } from './put.ts';
import { delegatedNames, rootRole, targetsRole } from './signed.ts';
import type { Located, RoleWork, Workspace } from './workspace.ts';

/**
 * Refuses what a commit would add that one of `compat` cannot read. What is published already is no reason to refuse: it
 * is listed by `compatIssues`, and can be mended in as many steps as that takes.
 * @throws PublishError NOT_COMPATIBLE
 */
export async function checkCompat(
  workspace: Workspace,
  works: readonly RoleWork[],
  compat: readonly Client[],
): Promise<void> {
  if (compat.length === 0) return;
  for (const work of works) {
    if (work.retired !== null) continue;
    const before = (await workspace.onHeadOrNull(work))?.signed.delegations ?? null;
    if (work.delegations !== undefined)
      refuseIssues(delegationIssues(compat, work.name, work.delegations, before));
    const added = [...(await addedTargets(workspace, work)).keys()];
    if (added.length === 0) continue;
    const targets = await workspace.filesOf(work);
    const patterns = await patternsOf(workspace, work);
    refuseIssues(targetIssues(compat, { role: work.name, targets, added, patterns }));
  }
}

/** What the role lists that its file on the head does not, or otherwise. */
export async function addedTargets(
  workspace: Workspace,
  work: RoleWork,
): Promise<ReadonlyMap<TargetPath, TargetFile>> {
  const added = new Map<TargetPath, TargetFile>();
  if (work.retired !== null) return added;
  const before = (await workspace.onHeadOrNull(work))?.signed.targets;
  const after = work.brought === null ? work.files : work.brought.signed.targets;
  for (const [path, file] of after)
    if (file !== null && before?.get(path) !== file && !sameFile(before?.get(path), file))
      added.set(path, file);
  return added;
}

function sameFile(a: TargetFile | undefined, b: TargetFile): boolean {
  return (
    a !== undefined &&
    a.hashes.get('sha256') === b.hashes.get('sha256') &&
    JSON.stringify([a.custom, [...a.unrecognized]]) === JSON.stringify([b.custom, [...b.unrecognized]])
  );
}

/** The path patterns of each delegation on the way from the top to `at`; bins have none. */
export async function patternsOf(workspace: Workspace, at: Located): Promise<readonly (readonly string[])[]> {
  const found: (readonly string[])[] = [];
  for (let child: Located | null = at; child !== null && child.delegator !== rootRole;) {
    const parent: Located | null = await workspace.locate(child.delegator);
    const delegations = parent === null ? null : await workspace.delegations(parent);
    const { name } = child;
    const paths = delegations?.roles?.find((role) => role.name === name)?.paths;
    if (paths !== undefined && paths !== null) found.push(paths);
    child = parent;
  }
  return found;
}

/** @throws PublishError NOT_COMPATIBLE for a snapshot that is too large, unless the one before was already, and no smaller */
export function checkSnapshotSize(compat: readonly Client[], length: number, before: number): void {
  if (length > before) refuseIssues(snapshotIssues(compat, `it would be ${length} bytes`, length));
}

/**
 * Delegated roles, bins aside, that are missing or past their time once `works` are published: what they are worth to a
 * client that loads every role is nothing at all. `undefined`: no such client is served.
 */
export async function lapsedRoles(
  workspace: Workspace,
  works: readonly RoleWork[],
  compat: readonly Client[],
): Promise<readonly string[] | undefined> {
  if (!compat.some((client) => clientFacts[client].everyRole.value)) return undefined;
  const written = new Set(works.filter(({ brought }) => brought === null).map(({ name }) => name));
  const lapsed = new Set<string>();
  const look = async (at: Located, next: Located[]): Promise<void> => {
    try {
      const brought = workspace.work.get(at.name)?.brought?.signed;
      const signed = brought ?? (written.has(at.name) ? null : (await workspace.onHead(at))?.signed);
      if (signed !== null && signed !== undefined && signed.expires <= workspace.now) lapsed.add(at.name);
      const delegations = await workspace.delegations(at);
      if (isSplit(delegations)) return;
      for (const name of delegatedNames(delegations)) next.push({ name, delegator: at.name });
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      lapsed.add(at.name); // not there, or not what its delegator trusts
    }
  };
  const seen = new Set<RoleName>();
  for (let level: Located[] = [{ name: targetsRole, delegator: rootRole }]; level.length > 0;) {
    const next: Located[] = [];
    for (const { name } of level) seen.add(name);
    await inParallel(level, (at) => look(at, next));
    level = next.filter(({ name }) => !seen.has(name));
  }
  return [...lapsed].toSorted();
}
