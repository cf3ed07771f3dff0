import { createHash } from 'node:crypto';
import { checkedBody } from '../body.ts';
import type { Body } from '../storage.ts';
import type { Payload } from './dialect.ts';

/**
 * What is sent of a body. A store is told the digests before the first byte, so a stream is read twice: once to know them,
 * once to send it (a second read of a file is cheap beside the network). Throws STORAGE_MISMATCH, the signal's reason, and what the
 * body throws.
 */
export async function payloadOf(name: string, body: Body, signal: AbortSignal | undefined): Promise<Payload> {
  if (body instanceof Uint8Array) return payloadOfBytes(Uint8Array.from(body)); // the caller may go on writing to its own
  const [sha256, md5] = [createHash('sha256'), createHash('md5')];
  for await (const chunk of checkedBody(name, body, signal)) {
    sha256.update(chunk);
    md5.update(chunk);
  }
  const digest = sha256.digest('hex');
  return {
    length: body.length,
    sha256: digest,
    md5: md5.digest('base64'),
    // The digest that was signed is checked again: a file may change between the two reads.
    body: () => lastHeldBack(checkedBody(name, { ...body, sha256: digest }, signal)),
  };
}

export function payloadOfBytes(bytes: Uint8Array): Payload {
  return {
    length: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    md5: createHash('md5').update(bytes).digest('base64'),
    body: () => bytes,
  };
}

/** The same pieces, each a step later: when the source ends badly, the store has not got the whole and keeps nothing. */
async function* lastHeldBack(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array | null = null;
  for await (const piece of pieces) {
    if (piece.length === 0) continue;
    if (held !== null) yield held;
    held = piece;
  }
  if (held !== null) yield held;
}
