import { createHash } from 'node:crypto';
import { LengthOrHashMismatchError } from './errors.ts';
import type { Hashes, MetaFile } from './model.ts';
import type { HexDigest } from './names.ts';

/** The algorithms that we compute, and the hex digits of their digests. */
export const digestDigits: ReadonlyMap<string, number> = new Map([
  ['sha256', 64],
  ['sha384', 96],
  ['sha512', 128],
]);

/**
 * Those of `hashes` that we can compute. The specification leaves the algorithms open, so a repository may move on to one
 * that is not known here; then the file in question is refused, and nothing else of the role that lists it.
 * @throws LengthOrHashMismatchError where there is none: what cannot be checked is not taken
 */
export function checkableHashes(
  hashes: Hashes,
  what: string,
): readonly (readonly [algorithm: string, digest: HexDigest])[] {
  const found = [...hashes].filter(([algorithm]) => digestDigits.has(algorithm));
  if (found.length === 0)
    throw new LengthOrHashMismatchError(
      `${what}: announced with ${[...hashes.keys()].join(', ').slice(0, 80)} alone, which cannot be checked here`,
      { hint: 'a newer version may know it; nothing was taken unchecked' },
    );
  return found;
}

/** Length and every hash that we can compute, as far as `expected` states them. */
export function checkBytes(
  bytes: Uint8Array,
  expected: Pick<MetaFile, 'length' | 'hashes'>,
  what: string,
): void {
  if (expected.length !== null && bytes.length !== expected.length)
    throw new LengthOrHashMismatchError(`${what}: ${bytes.length} bytes, announced were ${expected.length}`);
  if (expected.hashes === null) return;
  for (const [algorithm, digest] of checkableHashes(expected.hashes, what))
    if (createHash(algorithm).update(bytes).digest('hex') !== digest)
      throw new LengthOrHashMismatchError(`${what}: its ${algorithm} is not the announced ${digest}`);
}
