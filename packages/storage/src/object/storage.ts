import { contentTypeOf } from '../content-type.ts';
import { StorageError } from '../errors.ts';
import { HttpClient, type HttpClientOptions } from '../http/client.ts';
import { checkPrefix, keyLimits, storageKey, type StorageKey } from '../key.ts';
import type { Body, CallOptions, ListedObject, ObjectMeta, Storage } from '../storage.ts';
import { Caller, type Sign } from './caller.ts';
import { deleteObject } from './delete.ts';
import type { Dialect, Payload } from './dialect.ts';
import { inByteOrder } from './order.ts';
import { payloadOf, payloadOfBytes } from './payload.ts';
import { getObject, headObject, type Reading } from './read.ts';
import { defaultRetryPolicy, NotNow, repeated, type RetryPolicy } from './retry.ts';
import { writeObject } from './write.ts';
import { SeenWrites } from './writes.ts';

export interface ObjectStorageOptions extends HttpClientOptions {
  readonly retry?: Partial<RetryPolicy> | undefined;
}

/** Larger bodies are not uploaded before the store was asked whether the object is there already. */
const askFirstLength = 256 * 1024;
/** Stops a store whose listing never ends. */
const listMaxPages = 1_000_000;

/** What every object store has in common: the guarantees of `Storage` over one provider's protocol. */
export function objectStorage(dialect: Dialect, sign: Sign, options: ObjectStorageOptions): Storage {
  const client = new HttpClient(options);
  const policy = { ...defaultRetryPolicy, ...options.retry };
  const caller = new Caller(client, dialect, sign);
  const reading: Reading = { dialect, caller, policy, seen: new SeenWrites() };

  const check = (key: StorageKey): void => {
    storageKey(key);
    if (Buffer.byteLength(dialect.prefix + key) > dialect.keyMaxLength)
      throw new StorageError(
        'STORAGE_BAD_KEY',
        `${key}: with the prefix longer than ${dialect.keyMaxLength} bytes`,
      );
  };

  const write = async (
    key: StorageKey,
    payload: Payload,
    meta: ObjectMeta,
    expected: string | null,
    signal: AbortSignal | undefined,
  ): Promise<string | null> => {
    if (payload.length > dialect.bodyMaxLength)
      throw new StorageError(
        'STORAGE_TOO_LARGE',
        `${key}: ${payload.length} bytes, ${dialect.bodyMaxLength} at most`,
      );
    const full = { contentType: contentTypeOf(key), ...meta };
    return writeObject(reading, key, payload, full, expected, signal);
  };

  async function* pages(prefix: string, signal: AbortSignal | undefined): AsyncGenerator<ListedObject> {
    checkPrefix(prefix);
    let from: string | null = null;
    for (let page = 0; page < listMaxPages; page++) {
      const draft = dialect.list(dialect.prefix + prefix, from);
      const { objects, next } = await repeated(policy, `${dialect.description}: list`, signal, async () => {
        const outcome = await caller.call(draft, signal);
        if (outcome.kind !== 'done') throw new NotNow('an answer that fits no question');
        return dialect.page(outcome.answer);
      });
      for (const object of objects) {
        signal?.throwIfAborted();
        if (object !== null) yield object;
      }
      if (next === null) return;
      if (next === from) break;
      from = next;
    }
    throw new StorageError('STORAGE_UNAVAILABLE', `${dialect.description}: its listing does not end`);
  }

  return {
    description: dialect.description,

    async get(key, getOptions = {}) {
      check(key);
      return getObject(reading, key, getOptions);
    },

    async head(key, { signal } = {}) {
      check(key);
      signal?.throwIfAborted();
      return (await headObject(reading, key, signal))?.info ?? null;
    },

    async putIfAbsent(key: StorageKey, body: Body, meta: ObjectMeta = {}, { signal }: CallOptions = {}) {
      check(key);
      signal?.throwIfAborted();
      if (body.length > askFirstLength && (await headObject(reading, key, signal)) !== null)
        return { created: false };
      const etag = await write(key, await payloadOf(key, body, signal), meta, null, signal);
      return etag === null ? { created: false } : { created: true, etag };
    },

    async compareAndSwap(key, bytes, meta, expected, { signal } = {}) {
      check(key);
      signal?.throwIfAborted();
      const etag = await write(key, payloadOfBytes(Uint8Array.from(bytes)), meta, expected, signal);
      return etag === null ? { swapped: false } : { swapped: true, etag };
    },

    list(prefix, { signal } = {}) {
      const objects = pages(prefix, signal);
      return dialect.order === 'utf-16' ? inByteOrder(objects) : objects;
    },

    async delete(key, { signal } = {}) {
      check(key);
      signal?.throwIfAborted();
      await deleteObject(reading, key, signal);
    },
  };
}

/** An entry of a listing as ours, `null` when its name is no key of ours: somebody else's object, or a folder's marker. */
export function listed(
  prefix: string,
  name: string,
  size: string | undefined,
  modified: string | undefined,
): ListedObject | null {
  if (!name.startsWith(prefix)) return null;
  let key: StorageKey;
  try {
    key = storageKey(name.slice(prefix.length));
  } catch (error) {
    if (error instanceof StorageError) return null;
    throw error;
  }
  return { key, size: Number(size ?? NaN), modified: new Date(modified ?? NaN) };
}

export const standardKeyMaxLength = keyLimits.keyMaxLength;
