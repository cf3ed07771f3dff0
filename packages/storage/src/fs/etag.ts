import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { StorageError } from '../errors.ts';
import type { OpenFile } from './file-system.ts';

/** Up to here an object is read at once: its etag, size and body are then of one moment. */
export const smallMaxLength = 1024 * 1024;

const chunkLength = 256 * 1024;
const cacheMaxEntries = 4096;
const racyMs = 2000;

/**
 * The etag of a file is the SHA-256 of its content: times are too coarse (two publishes within a tick of the clock look
 * alike, and nginx answered a false 304 for that reason). Large files are hashed once and remembered by inode, size and
 * times, unless they were touched so recently that another change could fall into the same tick.
 */
export class Etags {
  readonly #known = new Map<string, string>();

  async of(file: OpenFile, stats: BigIntStats, path: string): Promise<string> {
    const identity = `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}`;
    const known = this.#known.get(identity);
    if (known !== undefined) return known;
    const hash = createHash('sha256');
    for await (const chunk of readFile(file, path, 0, Number(stats.size))) hash.update(chunk);
    const etag = hash.digest('hex');
    if (Math.abs(Date.now() - Number(stats.ctimeMs)) > racyMs) this.#remember(identity, etag);
    return etag;
  }

  #remember(identity: string, etag: string): void {
    if (this.#known.size >= cacheMaxEntries) this.#known.clear();
    this.#known.set(identity, etag);
  }
}

/** The bytes from `start` up to `end`; a file that ends earlier is being changed by somebody else: STORAGE_UNAVAILABLE. */
export async function* readFile(
  file: OpenFile,
  path: string,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array> {
  for (let position = start; position < end;) {
    const chunk = new Uint8Array(Math.min(chunkLength, end - position));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) throw becameShorter(path);
    position += bytesRead;
    yield chunk.subarray(0, bytesRead);
  }
}

function becameShorter(path: string): StorageError {
  return new StorageError('STORAGE_UNAVAILABLE', `${path} became shorter while it was read`, {
    hint: 'try again',
  });
}

export async function readWhole(file: OpenFile, path: string, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  for (let position = 0; position < size;) {
    const { bytesRead } = await file.read(bytes, position, size - position, position);
    if (bytesRead === 0) throw becameShorter(path);
    position += bytesRead;
  }
  return bytes;
}
