import { DiskError, lockFile, type Lock } from '@ragnos/disk';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { Context } from './context.ts';
import { ensureFolder, versionFolder } from './paths.ts';
import type { Pointer } from './pointer.ts';

type Plugin = Pick<Pointer, 'vendor' | 'plugin'>;

/**
 * Says that a process runs from this version's tree: as long as it is held, nothing removes the tree. The kernel frees it
 * with its holder. What was there before it is held may be gone by then: look again.
 */
export async function holdTree(
  context: Context,
  pointer: Pointer,
  signal: AbortSignal | undefined,
): Promise<Lock> {
  const folder = ensureFolder(context.paths.folder, 'live', pointer.vendor, pointer.plugin);
  return await lockFile(join(folder, versionFolder(pointer.version, pointer.treeHash)), {
    shared: true,
    timeoutMs: 10_000, // whoever has it alone only removes a folder
    signal,
  });
}

/** Runs `remove` unless a process runs from the tree called `name`; says whether it did. The repository's lock is held. */
export async function removeUnlessLive(
  context: Context,
  { vendor, plugin }: Plugin,
  name: string,
  remove: () => void,
): Promise<boolean> {
  const path = join(context.paths.folder, 'live', vendor, plugin, name);
  if (!existsSync(path)) {
    remove();
    return true;
  }
  let lock: Lock;
  try {
    lock = await lockFile(path, { timeoutMs: 0 });
  } catch (error) {
    if (error instanceof DiskError && error.code === 'LOCK_TIMEOUT') return false;
    throw error;
  }
  try {
    remove(); // the lock's file stays: whoever waits for it would hold one that nobody sees
    return true;
  } finally {
    lock.release();
  }
}
