import { emptyRoot, nodeHash } from './hash.ts';

/**
 * A Merkle tree seen from its right edge: the roots of the complete subtrees it consists of, the largest first, one for each
 * bit of `size`. All that is needed to append, and to know the root. The leaves may themselves be roots of subtrees of one size.
 */
export interface Frontier {
  readonly size: number;
  readonly peaks: readonly Uint8Array[];
}

export const emptyFrontier: Frontier = { size: 0, peaks: [] };

export function grow({ size, peaks }: Frontier, leaves: readonly Uint8Array[]): Frontier {
  const next = [...peaks];
  let count = size;
  for (const leaf of leaves) {
    let node = leaf;
    for (let rest = count; rest % 2 === 1; rest = (rest - 1) / 2) node = nodeHash(next.pop() ?? node, node);
    next.push(node);
    count++;
  }
  return { size: count, peaks: next };
}

/** RFC 6962, 2.1: the largest subtrees are on the left. */
export function rootOf({ peaks }: Frontier): Uint8Array {
  return (
    peaks.reduceRight<Uint8Array | null>(
      (right, left) => (right === null ? left : nodeHash(left, right)),
      null,
    ) ?? emptyRoot
  );
}

export function treeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  return rootOf(grow(emptyFrontier, leaves));
}

/** The heights of the peaks, in their order: the bits of `size`. */
export function peakHeights(size: number): readonly number[] {
  const heights: number[] = [];
  for (let height = 0, rest = size; rest > 0; height++, rest = Math.floor(rest / 2))
    if (rest % 2 === 1) heights.unshift(height);
  return heights;
}
