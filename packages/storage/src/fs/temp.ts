import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { checkedBody } from '../body.ts';
import { StorageError } from '../errors.ts';
import type { Body } from '../storage.ts';
import type { FileSystem, OpenFile } from './file-system.ts';
import type { Tree } from './tree.ts';

const sweepEveryMs = 10 * 60 * 1000;
const create = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

/** A complete file that has no public name yet. */
export interface TempFile {
  readonly path: string;
  readonly file: OpenFile;
  readonly etag: string;
}

/** Temporary files of a folder store, and the removal of those that dead writers left. */
export class TempFiles {
  readonly #fs: FileSystem;
  readonly #tree: Tree;
  readonly #maxAgeMs: number;
  #swept = -Infinity;

  constructor(fs: FileSystem, tree: Tree, maxAgeMs: number) {
    this.#fs = fs;
    this.#tree = tree;
    this.#maxAgeMs = maxAgeMs;
  }

  /**
   * Lends `use` the written file, synced unless that is `later` (`use` does it then, before it gives the file a name). Whatever
   * happens, the temporary name is gone afterwards, or swept later.
   */
  async with<T>(
    name: string,
    body: Body,
    signal: AbortSignal | undefined,
    use: (temp: TempFile) => Promise<T>,
    { later = false } = {},
  ): Promise<T> {
    const folder = await this.#tree.makePrivate('tmp');
    await this.#sweep(folder);
    const path = join(folder, randomUUID());
    const file = await this.#fs.open(path, create, 0o644);
    try {
      const etag = await writeAll(file, path, checkedBody(name, body, signal));
      if (!later) await file.sync();
      signal?.throwIfAborted();
      return await use({ path, file, etag });
    } finally {
      await file.close().catch(ignore); // synced before; nothing is lost
      await this.#fs.unlink(path).catch(ignore); // renamed away, or left to the sweep
    }
  }

  async #sweep(folder: string): Promise<void> {
    if (performance.now() - this.#swept < sweepEveryMs) return;
    this.#swept = performance.now();
    const oldest = BigInt(Date.now() - this.#maxAgeMs);
    for (const name of await this.#fs.readdir(folder)) {
      const path = join(folder, name);
      const stats = await this.#fs.lstat(path, { bigint: true }).catch(() => null);
      if (!stats?.isFile()) continue;
      // Either time: a swap that was killed may have moved its mtime into the future.
      if (stats.mtimeMs < oldest || stats.ctimeMs < oldest) await this.#fs.unlink(path).catch(ignore);
    }
  }
}

async function writeAll(file: OpenFile, path: string, body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  let position = 0;
  for await (const chunk of body) {
    hash.update(chunk);
    for (let offset = 0; offset < chunk.length;) {
      const { bytesWritten } = await file.write(chunk, offset, chunk.length - offset, position);
      if (bytesWritten === 0) throw new StorageError('STORAGE_FULL', `${path}: the disk takes no more bytes`);
      offset += bytesWritten;
      position += bytesWritten;
    }
  }
  return hash.digest('hex');
}

function ignore(): void {}
