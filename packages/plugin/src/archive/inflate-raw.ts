import { inflateRawSync } from 'node:zlib';

export interface Inflated {
  readonly buffer: Uint8Array;
  /** How many of the packed bytes it took: what follows them is no part of it. */
  readonly consumed: number;
}

/** Throws what zlib throws: `ERR_BUFFER_TOO_LARGE` for more than `maxOutputLength`, `Z_BUF_ERROR` for an end in the middle. */
export function inflateRaw(
  bytes: Uint8Array,
  bounds: { readonly maxOutputLength: number; readonly chunkSize: number },
): Inflated {
  const result: unknown = inflateRawSync(bytes, { ...bounds, info: true });
  if (!isInflated(result)) throw new Error('zlib answered without its state');
  return { buffer: result.buffer, consumed: result.engine.bytesWritten };
}

/** What `info: true` adds; Node's types do not know it. */
function isInflated(
  value: unknown,
): value is { readonly buffer: Uint8Array; readonly engine: { readonly bytesWritten: number } } {
  return typeof value === 'object' && value !== null && 'buffer' in value && 'engine' in value;
}
