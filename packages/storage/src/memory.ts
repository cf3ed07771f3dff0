import { createHash } from 'node:crypto';
import { wholeBody } from './body.ts';
import { contentTypeOf } from './content-type.ts';
import { checkPrefix, compareKeys, type StorageKey } from './key.ts';
import { resolveRange } from './range.ts';
import type { ObjectInfo, ObjectMeta, Storage } from './storage.ts';

interface Entry {
  readonly info: ObjectInfo;
  readonly bytes: Uint8Array;
}

/** Like a network store, so that nobody gets used to bodies in one piece. */
const pieceLength = 64 * 1024;

/** A store that lives as long as the process; for tests and for work that is thrown away. */
export function memoryStorage(): Storage {
  const entries = new Map<StorageKey, Entry>();

  const store = (key: StorageKey, bytes: Uint8Array, meta: ObjectMeta): string => {
    const etag = createHash('sha256').update(bytes).digest('hex');
    const contentType = meta.contentType ?? contentTypeOf(key);
    entries.set(key, {
      bytes,
      info: { key, size: bytes.length, etag, modified: new Date(), ...meta, contentType },
    });
    return etag;
  };

  return {
    description: 'memory:',

    async get(key, options = {}) {
      options.signal?.throwIfAborted();
      const entry = entries.get(key);
      if (entry === undefined) return null;
      const { start, end } = resolveRange(entry.info, options);
      return { info: entry.info, body: pieces(entry.bytes.subarray(start, end), options.signal) };
    },

    async head(key, options = {}) {
      options.signal?.throwIfAborted();
      return entries.get(key)?.info ?? null;
    },

    async putIfAbsent(key, body, meta = {}, options = {}) {
      options.signal?.throwIfAborted();
      const bytes = await wholeBody(key, body, options.signal);
      if (entries.has(key)) return { created: false };
      return { created: true, etag: store(key, bytes, meta) };
    },

    async compareAndSwap(key, bytes, meta, expected, options = {}) {
      options.signal?.throwIfAborted();
      if ((entries.get(key)?.info.etag ?? null) !== expected) return { swapped: false };
      return { swapped: true, etag: store(key, bytes.slice(), meta) };
    },

    async *list(prefix, options = {}) {
      checkPrefix(prefix);
      for (const key of [...entries.keys()].filter((name) => name.startsWith(prefix)).toSorted(compareKeys)) {
        options.signal?.throwIfAborted();
        const info = entries.get(key)?.info;
        if (info !== undefined) yield { key, size: info.size, modified: info.modified };
      }
    },

    async delete(key, options = {}) {
      options.signal?.throwIfAborted();
      entries.delete(key);
    },
  };
}

async function* pieces(bytes: Uint8Array, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceLength) {
    signal?.throwIfAborted();
    yield bytes.slice(at, at + pieceLength);
  }
}
