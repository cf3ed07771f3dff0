import { randomBytes } from 'node:crypto';
import { storageKey } from './key.ts';
import type { BucketFinding } from './bucket.ts';
import type { CallOptions, Storage } from './storage.ts';

const racers = 8;

/**
 * Tries on two objects of its own whether exactly one of several writers wins, for a new object and for a swap, and removes
 * them. `null`: so it is; otherwise what went wrong. Some stores that speak S3 take the conditions and ignore them.
 */
export async function probeConditionalWrites(storage: Storage, options: CallOptions): Promise<string | null> {
  const folder = `storage-check/${randomBytes(8).toString('hex')}`;
  const [raced, swapped] = [storageKey(`${folder}/raced`), storageKey(`${folder}/swapped`)];
  const bytes = (i: number): Uint8Array => Buffer.from(`ragv looks whether conditional writes hold: ${i}`);
  const all = Array.from({ length: racers }, (_, i) => i);
  try {
    const puts = await Promise.all(all.map((i) => storage.putIfAbsent(raced, bytes(i), {}, options)));
    const created = puts.filter((put) => put.created).length;
    if (created !== 1) return `of ${racers} writers of one new object ${created} were told that they made it`;
    if ((await storage.putIfAbsent(raced, bytes(-1), {}, options)).created)
      return 'an object was overwritten';
    await storage.delete(raced, options);
    if (!(await storage.putIfAbsent(raced, bytes(-1), {}, options)).created)
      return 'an object that was deleted could not be made again';

    const first = await storage.compareAndSwap(swapped, bytes(-1), {}, null, options);
    if (!first.swapped) return 'a new object could not be made';
    const swaps = await Promise.all(
      all.map((i) => storage.compareAndSwap(swapped, bytes(i), {}, first.etag, options)),
    );
    const done = swaps.filter((swap) => swap.swapped).length;
    if (done !== 1) return `of ${racers} swaps that expected the same object ${done} were done`;
    if ((await storage.compareAndSwap(swapped, bytes(-2), {}, first.etag, options)).swapped)
      return 'an object was swapped by somebody who did not know its content';
    return null;
  } finally {
    for (const key of [raced, swapped]) await storage.delete(key, options);
  }
}

/** What `probeConditionalWrites` says, as a finding about a bucket. */
export function conditionalWrites(problem: string | null): BucketFinding {
  return {
    check: 'conditional-writes',
    required: true,
    state: problem === null ? 'ok' : 'missing',
    message: problem ?? 'of several writers exactly one wins',
  };
}
