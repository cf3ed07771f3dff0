import { createHash } from 'node:crypto';
import { StorageError } from './errors.ts';
import type { Body } from './storage.ts';

/** A body's bytes as they come, its length and digest checked by the end: throws STORAGE_MISMATCH, and the signal's reason. */
export async function* checkedBody(
  name: string,
  body: Body,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) {
    signal?.throwIfAborted();
    yield body;
    return;
  }
  const hash = body.sha256 === undefined ? null : createHash('sha256');
  let length = 0;
  for await (const chunk of body.open()) {
    signal?.throwIfAborted();
    length += chunk.length;
    if (length > body.length) break;
    hash?.update(chunk);
    yield chunk;
  }
  signal?.throwIfAborted();
  if (length !== body.length)
    throw new StorageError(
      'STORAGE_MISMATCH',
      `${name}: ${body.length} bytes were announced, ${length > body.length ? 'more' : length} came`,
    );
  if (hash !== null && hash.digest('hex') !== body.sha256)
    throw new StorageError('STORAGE_MISMATCH', `${name}: the body does not have the announced sha256`);
}

/** The same, collected; always a copy of its own. */
export async function wholeBody(
  name: string,
  body: Body,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of checkedBody(name, body, signal)) chunks.push(chunk);
  return Uint8Array.from(Buffer.concat(chunks));
}
