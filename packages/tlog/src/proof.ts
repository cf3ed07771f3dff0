import { LogError } from './errors.ts';
import { fromHex, hex, isSha256, nodeHash } from './hash.ts';
import { emptyHead, sameHead, type LogHead } from './head.ts';

/** Leaves from `start` to before `end`. */
export type LeafRange = readonly [start: number, end: number];

/** RFC 6962, 2.1.1: whose roots make up the audit path of leaf `index`, the lowest first. */
export function inclusionRanges(index: number, size: number): readonly LeafRange[] {
  const path: LeafRange[] = [];
  for (let start = 0, end = size; end - start > 1;) {
    const middle = start + split(end - start);
    if (index < middle) {
      path.unshift([middle, end]);
      end = middle;
    } else {
      path.unshift([start, middle]);
      start = middle;
    }
  }
  return path;
}

/** RFC 6962, 2.1.2: whose roots prove that the first `old` leaves of `size` are the old tree. */
export function consistencyRanges(old: number, size: number): readonly LeafRange[] {
  const path: LeafRange[] = [];
  if (old === 0 || old === size) return path;
  let start = 0;
  let end = size;
  while (old !== end) {
    const middle = start + split(end - start);
    if (old <= middle) {
      path.unshift([middle, end]);
      end = middle;
    } else {
      path.unshift([start, middle]);
      start = middle;
    }
  }
  if (start > 0) path.unshift([start, end]); // else it is the old root, which the verifier has
  return path;
}

/** The largest power of two below `count`. */
function split(count: number): number {
  let power = 1;
  while (power * 2 < count) power *= 2;
  return power;
}

/** RFC 9162, 2.1.3.2. Throws LOG_BAD_PROOF unless `proof` shows that entry `index` of the log at `head` hashes to `leaf`. */
export function verifyInclusion(head: LogHead, index: number, leaf: string, proof: readonly string[]): void {
  const hashes = decode(proof);
  let at = index;
  let last = head.size - 1;
  let node = fromHex(leaf);
  const inside = Number.isSafeInteger(index) && index >= 0 && index <= last && isSha256(leaf);
  if (!inside) throw bad(`entry ${index} of ${head.size}`);
  for (const hash of hashes) {
    if (last === 0) throw bad('it is too long');
    if (at % 2 === 1 || at === last) {
      node = nodeHash(hash, node);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, half(last)];
    } else node = nodeHash(node, hash);
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0 || hex(node) !== head.root) throw bad('it leads to another root');
}

/** RFC 9162, 2.1.4.2. Throws LOG_BAD_PROOF unless `proof` shows that the log at `head` begins with the one at `old`. */
export function verifyConsistency(old: LogHead, head: LogHead, proof: readonly string[]): void {
  const hashes = decode(proof);
  if (old.size > head.size) throw bad('the log shrank');
  if (old.size === 0 || old.size === head.size) {
    if (hashes.length > 0) throw bad('it is too long');
    if (!sameHead(old, old.size === 0 ? emptyHead : head)) throw bad('same size, other root');
    return;
  }
  let at = old.size - 1;
  let last = head.size - 1;
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  const [first, ...rest] = at === 0 ? [fromHex(old.root), ...hashes] : hashes;
  if (first === undefined) throw bad('it is empty');
  let oldNode = first;
  let node = first;
  for (const hash of rest) {
    if (last === 0) throw bad('it is too long');
    if (at % 2 === 1 || at === last) {
      oldNode = nodeHash(hash, oldNode);
      node = nodeHash(hash, node);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, half(last)];
    } else node = nodeHash(node, hash);
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0 || hex(oldNode) !== old.root || hex(node) !== head.root)
    throw bad('it leads to other roots');
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function decode(proof: readonly string[]): readonly Uint8Array[] {
  if (proof.length > 64 || !proof.every(isSha256)) throw bad('not hashes');
  return proof.map(fromHex);
}

function bad(what: string): LogError {
  return new LogError('LOG_BAD_PROOF', `the proof does not hold: ${what}`);
}
