import type { BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { checkPrefix, compareKeys, storageKey, type StorageKey } from '../key.ts';
import type { CallOptions, ListedObject } from '../storage.ts';
import { isSystemError, type FileSystem } from './file-system.ts';
import { privateName, type Tree } from './tree.ts';

const statsAtOnce = 64;

/** Walks the folders in the order of keys. Links, special files and names that are no keys are not objects, and skipped. */
export async function* listTree(
  fs: FileSystem,
  tree: Tree,
  prefix: string,
  options: CallOptions,
): AsyncGenerator<ListedObject> {
  checkPrefix(prefix);
  const base = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const start = await tree.stat(base.slice(0, -1));
  if (base !== '' && !start?.isDirectory()) return;
  yield* walk(fs, tree, base, prefix, options);
}

interface Entry {
  /** With a slash at its end when it is a folder: that is how it sorts among its siblings. */
  readonly name: string;
  readonly stats: BigIntStats;
}

async function* walk(
  fs: FileSystem,
  tree: Tree,
  base: string,
  prefix: string,
  options: CallOptions,
): AsyncGenerator<ListedObject> {
  options.signal?.throwIfAborted();
  for (const { name, stats } of await entries(fs, join(tree.root, base), base, prefix, options)) {
    options.signal?.throwIfAborted();
    const full = base + name;
    if (stats.isDirectory()) yield* walk(fs, tree, full, prefix, options);
    else yield { key: storageKey(full), size: Number(stats.size), modified: stats.mtime };
  }
}

async function entries(
  fs: FileSystem,
  folder: string,
  base: string,
  prefix: string,
  { signal }: CallOptions,
): Promise<readonly Entry[]> {
  const names = (await orWhenGone(fs.readdir(folder), [])).filter((name) => {
    const full = base + name;
    return (full.startsWith(prefix) || prefix.startsWith(`${full}/`)) && full !== privateName && isKey(full);
  });
  const found: Entry[] = [];
  for (let i = 0; i < names.length; i += statsAtOnce) {
    signal?.throwIfAborted();
    const batch = names.slice(i, i + statsAtOnce).map(async (name) => {
      const stats = await orWhenGone(fs.lstat(join(folder, name), { bigint: true }), null);
      if (stats?.isDirectory()) found.push({ name: `${name}/`, stats });
      if (stats?.isFile()) found.push({ name, stats });
    });
    await Promise.all(batch);
  }
  return found.toSorted((a, b) => compareKeys(a.name, b.name));
}

/** Objects may be deleted while we list. */
async function orWhenGone<T>(call: Promise<T>, gone: T): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return gone;
    throw error;
  }
}

function isKey(name: string): name is StorageKey {
  try {
    storageKey(name);
    return true;
  } catch {
    return false;
  }
}
