import { DiskError } from '@ragnos/disk';
import { VaultError } from '@ragnos/tuf';
import { lstatSync } from 'node:fs';
import { join } from 'node:path';

import type { PluginManifest } from '../formats/manifest.ts';
import { enginesFit } from './choose.ts';
import type { Context } from './context.ts';
import { HostFailureError } from './errors.ts';
import { permitFor } from './grants-permit.ts';
import { pluginPaths } from './paths.ts';
import {
  beginTrial,
  endTrial,
  goBack,
  readPointer,
  removePointer,
  treeFolder,
  writePointer,
  type Pointer,
} from './pointer.ts';

export interface Move {
  /** In force now; `null` = nothing is. */
  readonly before: Pointer | null;
  readonly next: Pointer;
  /** Of `next`. */
  readonly manifest: PluginManifest;
  /** It is started for a moment before it stays. */
  readonly startFirst: boolean;
  readonly signal: AbortSignal | undefined;
  /** Writes `next` into the project's lock. */
  readonly lock: () => Promise<void>;
}

/** Whether a move is a trial, which needs a journal. */
export function isTrial(context: Context, startFirst: boolean): boolean {
  return startFirst || context.healthCheck !== null;
}

/**
 * Moves the pointer, asks whether what it points to is healthy, and has the project know it. If any of this fails, what was in
 * force is again; an error says so where not even that can be written. The lock is held, and in a trial the journal is there.
 */
export async function movePointer(context: Context, about: Move): Promise<void> {
  const { before, next, signal } = about;
  const paths = pluginPaths(context.paths, next.vendor, next.plugin);
  signal?.throwIfAborted(); // from here on it is installed
  const trial = isTrial(context, about.startFirst);
  try {
    if (trial) await beginTrial(context.paths, paths, before);
    await writePointer(paths.current, next);
    context.step('pointer');
    await checkHealth(context, about);
    await about.lock();
  } catch (error) {
    if (trial)
      await goBack(paths); // needs no room, which a trial may have filled
    else await putBack(context, about, error);
    throw told(error, about);
  }
  if (trial) await endTrial(paths);
}

/** The disk's error, and what it came to. */
function told(error: unknown, { before }: Move): unknown {
  if (!(error instanceof DiskError)) return error;
  const { code, message, hint } = error;
  const stays = before === null ? 'nothing was installed' : `${before.version} stays in force`;
  return new DiskError(code, `${message}; ${stays}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Returns if what was in force is. */
async function putBack(context: Context, { before, next }: Move, why: unknown): Promise<void> {
  const paths = pluginPaths(context.paths, next.vendor, next.plugin);
  try {
    if (before === null) await removePointer(paths);
    else await writePointer(paths.current, before);
  } catch (cause) {
    const now = await readPointer(context, next);
    if (now?.manifest !== next.manifest) return;
    const name = `${next.vendor}/${next.plugin}@${next.version}`;
    const first = why instanceof Error ? why.message : String(why);
    const hint = `once there is room, ragv install ${name} does the rest`;
    throw new DiskError('DISK_WRITE', `${name} is in force and cannot be taken back: ${first}`, {
      cause,
      hint,
    });
  }
}

async function checkHealth(
  context: Context,
  { before, next, manifest, startFirst, signal }: Move,
): Promise<void> {
  const folder = treeFolder(pluginPaths(context.paths, next.vendor, next.plugin), next);
  const name = `${next.vendor}/${next.plugin}@${next.version}`;
  const sick = (why: string, cause?: unknown): HostFailureError =>
    new HostFailureError('HEALTH_CHECK', `${name}: ${why}`, {
      cause,
      hint: before === null ? 'nothing was installed' : `${before.version} is in force again`,
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
