import { nodeFileSystem } from '@ragnos/disk';
import { dirname } from 'node:path';

import type { KnownOwner } from '../formats/owners.ts';
import type { Context } from './context.ts';
import { raiseFloors, type Floors } from './floors.ts';
import type { Located, Source } from './locate.ts';
import { prune } from './kept.ts';
import { movePointer } from './move-pointer.ts';
import { pluginPaths } from './paths.ts';
import type { Installed, Pointer } from './pointer.ts';
import { readPointer, writePointer } from './pointer.ts';
import { updateLock } from './project-lock.ts';
import type { Session } from './session.ts';

interface Commit {
  readonly pointer: Pointer | null;
  readonly source: Source;
  readonly installed: Installed;
  readonly asked: Pick<Pointer, 'wanted' | 'latest'>;
  /** Of the vendor; `null` = not known. */
  readonly owner: KnownOwner | null;
  /** It is started for a moment before it stays. */
  readonly startFirst: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Moves the pointer, as `movePointer` does. Then the rest, which is derived. */
export async function commit(context: Context, session: Session, about: Commit): Promise<void> {
  const { pointer, source, installed, asked, startFirst, signal } = about;
  const { vendor, plugin } = source.manifest;
  const paths = pluginPaths(context.paths, vendor, plugin);
  await nodeFileSystem.syncFolder(paths.evidence); // durable before anything points to it; the tree need not be
  if (pointer === null) await syncAbove(context, paths.folder);
  const { rootSha256 } = context.record;
  const previous = previousOf(pointer, installed);
  const next: Pointer = { vendor, plugin, rootSha256, ...asked, ...installed, previous };
  await movePointer(context, {
    before: pointer,
    next,
    manifest: source.manifest,
    startFirst,
    signal,
    lock: async () => lockProject(context, session, source, next, about.owner),
  });
  context.step('project lock');
  await prune(context, next);
  context.step('pruned');
  const name = `${next.vendor}/${next.plugin}@${next.version}`;
  const was = pointer === null ? '' : `, was ${pointer.version}`;
  context.events.change(pointer === null ? 'INSTALLED' : 'UPDATED', `${name}${was}`, name);
}

/** What was asked for is installed already; the project may not know it, or ask by another range now. */
export async function relock(
  context: Context,
  session: Session,
  located: Located,
  pointer: Pointer,
  owner: KnownOwner | null,
): Promise<void> {
  await lockProject(context, session, located, pointer, owner); // first: where it fails, nothing is otherwise
  const { current } = pluginPaths(context.paths, pointer.vendor, pointer.plugin);
  const kept = await readPointer(context, pointer);
  if (kept?.wanted !== pointer.wanted || kept.latest !== pointer.latest) await writePointer(current, pointer);
}

async function lockProject(
  context: Context,
  session: Session,
  located: Located,
  pointer: Pointer,
  owner: KnownOwner | null,
): Promise<void> {
  const versions = versionsFor(session, located);
  const floors = (before: Floors): Floors => raiseFloors(before, session.updater.trusted, versions);
  await updateLock(context, `${pointer.vendor}/${pointer.plugin}`, { pointer, owner, floors });
}

/** The folders that a first install may have made. */
async function syncAbove(context: Context, folder: string): Promise<void> {
  for (let above = folder; above !== context.paths.folder; above = dirname(above))
    await nodeFileSystem.syncFolder(dirname(above));
}

/** A repaired version keeps the one before it. */
function previousOf(pointer: Pointer | null, installed: Installed): Installed | null {
  if (pointer === null) return null;
  if (pointer.version === installed.version && pointer.treeHash === installed.treeHash)
    return pointer.previous;
  const { version, treeHash, manifest, artifact, installedAt } = pointer;
  return { version, treeHash, manifest, artifact, installedAt };
}

/** Of every role that vouched for it. */
function versionsFor(session: Session, { manifestInfo }: Located): ReadonlyMap<string, number> {
  const roles: readonly string[] = ['root', 'snapshot', 'policy', 'catalog', ...manifestInfo.via];
  return new Map([...session.updater.knowledge().versions].filter(([role]) => roles.includes(role)));
}
