import { nodeFileSystem } from '@ragnos/disk';
import { VaultError } from '@ragnos/tuf';
import { lstatSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { PluginManifest } from '../formats/manifest.ts';
import type { KnownOwner } from '../formats/owners.ts';
import { enginesFit } from './choose.ts';
import type { Context } from './context.ts';
import { HostFailureError } from './errors.ts';
import { permitFor } from './grants-permit.ts';
import { raiseFloors, type Floors } from './floors.ts';
import type { Located, Source } from './locate.ts';
import { prune } from './kept.ts';
import { pluginPaths } from './paths.ts';
import type { Installed, Pointer } from './pointer.ts';
import {
  beginTrial,
  endTrial,
  goBack,
  readPointer,
  removePointer,
  treeFolder,
  writePointer,
} from './pointer.ts';
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

/** Moves the pointer, asks whether what it points to is healthy, and moves it back if not. Then the rest, which is derived. */
export async function commit(context: Context, session: Session, about: Commit): Promise<void> {
  const { pointer, source } = about;
  const next = await movePointer(context, about);
  await lockProject(context, session, source, next, about.owner);
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
  const { current } = pluginPaths(context.paths, pointer.vendor, pointer.plugin);
  const kept = await readPointer(context, pointer);
  if (kept?.wanted !== pointer.wanted || kept.latest !== pointer.latest) await writePointer(current, pointer);
  await lockProject(context, session, located, pointer, owner);
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

async function movePointer(context: Context, about: Commit): Promise<Pointer> {
  const { pointer, source, installed, asked, signal } = about;
  const { vendor, plugin } = source.manifest;
  const paths = pluginPaths(context.paths, vendor, plugin);
  await nodeFileSystem.syncFolder(paths.evidence); // durable before anything points to it; the tree need not be
  if (pointer === null) await syncAbove(context, paths.folder);
  signal?.throwIfAborted(); // from here on it is installed
  const next: Pointer = {
    vendor,
    plugin,
    rootSha256: context.record.rootSha256,
    ...asked,
    ...installed,
    previous: previousOf(pointer, installed),
  };
  const trial = about.startFirst || context.healthCheck !== null;
  try {
    if (trial) await beginTrial(context.paths, paths, pointer);
    await writePointer(paths.current, next);
    context.step('pointer');
    await checkHealth(context, next, about);
  } catch (error) {
    if (trial)
      await goBack(paths); // needs no room, which a trial may have filled
    else if (pointer === null) await removePointer(paths);
    else await writePointer(paths.current, pointer);
    throw error;
  }
  if (trial) await endTrial(paths);
  return next;
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

async function checkHealth(
  context: Context,
  next: Pointer,
  { pointer, source: { manifest }, startFirst, signal }: Commit,
): Promise<void> {
  const folder = treeFolder(pluginPaths(context.paths, next.vendor, next.plugin), next);
  const name = `${next.vendor}/${next.plugin}@${next.version}`;
  const sick = (why: string, cause?: unknown): HostFailureError =>
    new HostFailureError('HEALTH_CHECK', `${name}: ${why}`, {
      cause,
      hint: pointer === null ? 'nothing was installed' : `${pointer.version} is in force again`,
    });
  const entries = [manifest.entry.main, ...manifest.entry.bin.values()];
  for (const entry of entries)
    if (entry !== null && lstatSync(join(folder, entry), { throwIfNoEntry: false })?.isFile() !== true)
      throw sick(`its entry ${entry} is missing`);
  if (!(await enginesFit(manifest.engines)))
    throw sick(`made for Node ${manifest.engines.get('node') ?? ''}`);
  try {
    await context.healthCheck?.({ folder, manifest });
    if (startFirst) await startOnce(context, folder, manifest, signal);
  } catch (error) {
    signal?.throwIfAborted(); // whoever ended it saw nothing of its health
    if (error instanceof VaultError) throw error;
    throw sick(error instanceof Error ? error.message : 'the health check failed', error);
  }
}

/** What has nothing to start is healthy. */
async function startOnce(
  context: Context,
  folder: string,
  manifest: PluginManifest,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { main, bin } = manifest.entry;
  if (manifest.runtime === 'none' || (main === null && bin.size === 0)) return;
  const permit = await permitFor(context, manifest);
  try {
    if (context.startCheck !== null) return await context.startCheck({ folder, manifest, permit, signal });
    const { startForAMoment } = await import('./watch-start.ts'); // not at import: it brings all of loading
    return await startForAMoment(context, { manifest, signal });
  } catch (cause) {
    signal?.throwIfAborted();
    throw new Error(
      `started once, it did not live: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        cause,
      },
    );
  }
}

/** Of every role that vouched for it. */
function versionsFor(session: Session, { manifestInfo }: Located): ReadonlyMap<string, number> {
  const roles: readonly string[] = ['root', 'snapshot', 'policy', 'catalog', ...manifestInfo.via];
  return new Map([...session.updater.knowledge().versions].filter(([role]) => roles.includes(role)));
}
