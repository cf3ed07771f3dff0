import { createHash } from 'node:crypto';
import { StorageError } from './errors.ts';
import type { StorageKey } from './key.ts';
import type { Body, CallOptions, ObjectInfo, ObjectMeta, Storage } from './storage.ts';

export interface ReadOptions extends CallOptions {
  readonly maxLength: number;
}

export interface ReadObject {
  readonly info: ObjectInfo;
  readonly bytes: Uint8Array;
}

/** A whole object at once; `null`: there is none. Throws STORAGE_TOO_LARGE past `maxLength`. */
export async function read(
  storage: Storage,
  key: StorageKey,
  options: ReadOptions,
): Promise<ReadObject | null> {
  const found = await storage.get(key, options);
  if (found === null) return null;
  const chunks: Uint8Array[] = [];
  for await (const chunk of found.body) chunks.push(chunk);
  return {
    info: found.info,
    bytes: chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks),
  };
}

/**
 * Publishes an immutable object: `created` if it was not there, `same` if it was there with these very bytes (an unknown
 * outcome is looked up once). Other bytes under this key throw STORAGE_CONFLICT and stay as they are.
 */
export async function putOnce(
  storage: Storage,
  key: StorageKey,
  body: Body,
  meta: ObjectMeta = {},
  options: CallOptions = {},
): Promise<'created' | 'same'> {
  let unknown = new StorageError(
    'STORAGE_UNAVAILABLE',
    `${key} was there and is gone, in ${storage.description}`,
  );
  try {
    if ((await storage.putIfAbsent(key, body, meta, options)).created) return 'created';
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'STORAGE_UNAVAILABLE') throw error;
    unknown = error;
  }
  const found = await storage.get(key, options);
  if (found === null) throw unknown;
  const same = found.info.size === body.length && (await digest(found.body)) === (await digestOf(body));
  if (same) return 'same';
  throw new StorageError('STORAGE_CONFLICT', `${key} exists with other content in ${storage.description}`, {
    hint: 'published files never change: publish under a new version',
  });
}

async function digestOf(body: Body): Promise<string> {
  if (body instanceof Uint8Array) return createHash('sha256').update(body).digest('hex');
  return body.sha256 ?? (await digest(body.open()));
}

async function digest(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of body) hash.update(chunk);
  return hash.digest('hex');
}
