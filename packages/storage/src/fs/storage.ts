import { createHash } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { contentTypeOf } from '../content-type.ts';
import { StorageError } from '../errors.ts';
import type { StorageKey } from '../key.ts';
import { lockFile, type FileLock } from '../lock-file.ts';
import { resolveRange } from '../range.ts';
import type { CallOptions, ObjectInfo, ObjectMeta, Storage, SwapResult } from '../storage.ts';
import { Etags, readFile, readWhole, smallMaxLength } from './etag.ts';
import { isSystemError, typedFileSystem, type FileSystem, type OpenFile } from './file-system.ts';
import { listTree } from './list.ts';
import { localFileSystem } from './local.ts';
import { TempFiles, type TempFile } from './temp.ts';
import { Tree } from './tree.ts';

export interface FsStorageOptions {
  /** The folder to publish; may itself be reached through a symbolic link, nothing below it may. */
  readonly root: string;
  /** Makes the folder at the first write. Without it a missing folder (an unmounted disk) is STORAGE_UNAVAILABLE. */
  readonly create?: boolean;
  /** A folder keeps no headers; they are derived from the key. Default: the content type of its ending. */
  readonly metaOf?: (key: string) => ObjectMeta;
  /** What a killed writer left is removed by the next writer after this long; longer than any upload may take. Default: 1 h. */
  readonly tempMaxAgeMs?: number;
  /** Default: the disk of this machine. Locks always use that. */
  readonly fs?: FileSystem;
}

const readOnly = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const noLinks: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EMLINK'];

/**
 * A local folder, served as it is by any web server. Objects are written to a temporary file, synced, and linked (only once)
 * or renamed (compare-and-swap, under a lock that dies with its holder) to their name; then the folder is synced.
 *
 * Times of modification strictly increase by whole seconds at each swap, since servers derive their validators from them.
 * A file made by hand is an object too. Folders left empty stay.
 */
export function fsStorage(options: FsStorageOptions): Storage {
  const fs = typedFileSystem(options.fs ?? localFileSystem);
  const tree = new Tree(fs, options.root, options.create ?? false);
  const temps = new TempFiles(fs, tree, options.tempMaxAgeMs ?? 60 * 60 * 1000);
  const etags = new Etags();
  const metaOf = options.metaOf ?? ((key) => ({ contentType: contentTypeOf(key) }));

  const infoOf = (key: StorageKey, stats: BigIntStats, etag: string): ObjectInfo => ({
    key,
    size: Number(stats.size),
    etag,
    modified: stats.mtime,
    ...metaOf(key),
  });

  /** Lends `use` the open file; `null`: there is none. */
  async function withFile<T>(
    key: StorageKey,
    use: (file: OpenFile, stats: BigIntStats) => Promise<T>,
  ): Promise<T | null> {
    const found = await tree.stat(key);
    if (found === null || found.isDirectory()) return null;
    if (!found.isFile()) throw notAFile(tree.pathOf(key));
    const file = await openIfThere(fs, tree.pathOf(key));
    if (file === null) return null;
    try {
      return await use(file, await file.stat({ bigint: true }));
    } finally {
      await file.close();
    }
  }

  const head = (key: StorageKey): Promise<ObjectInfo | null> =>
    withFile(key, async (file, stats) => infoOf(key, stats, await etags.of(file, stats, tree.pathOf(key))));

  async function* stream(
    key: StorageKey,
    seen: BigIntStats,
    start: number,
    end: number,
    signal: AbortSignal | undefined,
  ) {
    const path = tree.pathOf(key);
    signal?.throwIfAborted();
    const file = await openIfThere(fs, path);
    try {
      const now = await file?.stat({ bigint: true });
      const same =
        now?.ino === seen.ino &&
        now.dev === seen.dev &&
        now.size === seen.size &&
        now.mtimeNs === seen.mtimeNs;
      if (file === null || !same)
        throw new StorageError('STORAGE_UNAVAILABLE', `${path} was replaced while it was read`, {
          hint: 'try again',
        });
      for await (const chunk of readFile(file, path, start, end)) {
        signal?.throwIfAborted();
        yield chunk;
      }
    } finally {
      await file?.close();
    }
  }

  const syncFolderOf = (key: StorageKey): Promise<void> =>
    afterwards(tree.pathOf(key), () => tree.syncFolder(dirname(tree.pathOf(key))));

  async function lock(key: StorageKey, signal: AbortSignal | undefined): Promise<FileLock> {
    const shard = createHash('sha256').update(key).digest('hex').slice(0, 1);
    return lockFile(join(await tree.makePrivate('locks'), shard), { signal });
  }

  /** Resolves with whether this file is now the object; the folder is synced either way. */
  async function linkOnce(
    key: StorageKey,
    temp: TempFile,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const path = tree.pathOf(key);
    let created = true;
    try {
      await fs.link(temp.path, path);
    } catch (error) {
      if (isSystemError(error, 'EEXIST')) created = false;
      else if (isSystemError(error, ...noLinks)) created = await renameOnce(key, temp, signal);
      else throw error;
    }
    // Also the loser syncs: it will build on what the winner may not have made durable yet.
    await syncFolderOf(key);
    const found = created ? null : await tree.stat(key); // deleted meanwhile: somebody else was first all the same
    if (found !== null && !found.isFile()) throw notAFile(path);
    return created;
  }

  /** For disks without hard links (exFAT, some network shares). */
  async function renameOnce(
    key: StorageKey,
    temp: TempFile,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const held = await lock(key, signal);
    try {
      if ((await tree.stat(key)) !== null) return false;
      await fs.rename(temp.path, tree.pathOf(key));
      return true;
    } finally {
      held.release();
    }
  }

  /** Makes the folders above; resolves with whether the object is there already. */
  async function prepare(key: StorageKey): Promise<boolean> {
    await tree.makeParents(key);
    const found = await tree.entry(key);
    if (found !== null && !found.isFile()) throw notAFile(tree.pathOf(key));
    return found !== null;
  }

  const storage: Storage = {
    description: pathToFileURL(tree.root).href,

    async get(key, getOptions = {}) {
      const { signal } = getOptions;
      signal?.throwIfAborted();
      return withFile(key, async (file, stats) => {
        const path = tree.pathOf(key);
        const { start, end } = resolveRange({ key, size: Number(stats.size) }, getOptions);
        if (stats.size > smallMaxLength) {
          const info = infoOf(key, stats, await etags.of(file, stats, path));
          return { info, body: stream(key, stats, start, end, signal) };
        }
        const bytes = await readWhole(file, path, Number(stats.size));
        const etag = createHash('sha256').update(bytes).digest('hex');
        return { info: infoOf(key, stats, etag), body: once(bytes.subarray(start, end), signal) };
      });
    },

    async head(key, { signal } = {}) {
      signal?.throwIfAborted();
      return head(key);
    },

    async putIfAbsent(key, body, _meta = {}, { signal } = {}) {
      signal?.throwIfAborted();
      if (await prepare(key)) {
        await syncFolderOf(key); // see linkOnce
        return { created: false };
      }
      return temps.with(key, body, signal, async (temp) =>
        (await linkOnce(key, temp, signal)) ? { created: true, etag: temp.etag } : { created: false },
      );
    },

    async compareAndSwap(key, bytes, meta, expected, callOptions = {}) {
      if (expected === null) {
        const put = await storage.putIfAbsent(key, bytes, meta, callOptions);
        return put.created ? { swapped: true, etag: put.etag } : { swapped: false };
      }
      const { signal } = callOptions;
      signal?.throwIfAborted();
      if ((await head(key))?.etag !== expected) return { swapped: false }; // of many in a race most learn it here
      const replace = async (temp: TempFile): Promise<SwapResult> => {
        const path = tree.pathOf(key);
        const held = await lock(key, signal);
        try {
          const current = await head(key);
          if (current?.etag !== expected) return { swapped: false };
          signal?.throwIfAborted();
          await moveTimeForward(temp.file, current.modified);
          await temp.file.sync();
          await fs.rename(temp.path, path);
        } finally {
          held.release();
        }
        await syncFolderOf(key);
        return { swapped: true, etag: temp.etag };
      };
      return temps.with(key, bytes, signal, replace, { later: true }); // its time is still to be set
    },

    list: (prefix, callOptions: CallOptions = {}) => listTree(fs, tree, prefix, callOptions),

    async delete(key, { signal } = {}) {
      signal?.throwIfAborted();
      const path = tree.pathOf(key);
      const found = await tree.stat(key);
      if (found === null || found.isDirectory()) return;
      const held = await lock(key, signal);
      try {
        await fs.unlink(path).catch((error: unknown) => {
          if (!isSystemError(error, 'ENOENT')) throw error;
        });
      } finally {
        held.release();
      }
      await syncFolderOf(key);
    },
  };
  return storage;
}

async function openIfThere(fs: FileSystem, path: string): Promise<OpenFile | null> {
  try {
    return await fs.open(path, readOnly);
  } catch (error) {
    if (isSystemError(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

/** What fails once the name is in place cannot say that nothing was written, whatever the disk's own reason. */
async function afterwards(path: string, sync: () => Promise<void>): Promise<void> {
  try {
    await sync();
  } catch (error) {
    throw new StorageError(
      'STORAGE_UNAVAILABLE',
      `${path} was written, but may not survive a power failure`,
      {
        hint: 'read it again and compare',
        cause: error,
      },
    );
  }
}

async function moveTimeForward(file: OpenFile, previous: Date): Promise<void> {
  const next = (Math.floor(previous.getTime() / 1000) + 1) * 1000;
  if (Date.now() >= next) return;
  await file.utimes(new Date(), new Date(next));
}

function notAFile(path: string): StorageError {
  return new StorageError('STORAGE_CONFLICT', `${path} is not a plain file`, {
    hint: 'a folder or a special file lies where the object should be',
  });
}

async function* once(bytes: Uint8Array, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted();
  if (bytes.length > 0) yield bytes;
}
