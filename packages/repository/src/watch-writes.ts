import type { Storage } from '@ragnos/storage';

export interface WriteStep {
  readonly kind: 'put' | 'swap' | 'delete';
  readonly key: string;
  /** Writes seen before this one. */
  readonly index: number;
}

/**
 * The same store, telling `onWrite` of each write after it happened and before its caller learns of it. A test that
 * throws, exits or kills itself there stops a publish between two writes.
 */
export function watchWrites(storage: Storage, onWrite: (step: WriteStep) => void | Promise<void>): Storage {
  let index = 0;
  const tell = async (kind: WriteStep['kind'], key: string): Promise<void> =>
    onWrite({ kind, key, index: index++ });
  return {
    description: storage.description,
    get: (key, options) => storage.get(key, options),
    head: (key, options) => storage.head(key, options),
    list: (prefix, options) => storage.list(prefix, options),
    async putIfAbsent(key, body, meta, options) {
      const result = await storage.putIfAbsent(key, body, meta, options);
      await tell('put', key);
      return result;
    },
    async compareAndSwap(key, bytes, meta, expected, options) {
      const result = await storage.compareAndSwap(key, bytes, meta, expected, options);
      await tell('swap', key);
      return result;
    },
    async delete(key, options) {
      await storage.delete(key, options);
      await tell('delete', key);
    },
  };
}
