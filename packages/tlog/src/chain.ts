import type { CallOptions, Storage } from '@ragnos/storage';
import { emptyFrontier, grow, type Frontier } from './frontier.ts';
import { headOf, type LogHead } from './head.ts';
import { tileWidth } from './limits.ts';
import { readSegment, type Segment } from './segment.ts';

/**
 * The log at one head: up to `settled.size` its entries are in bundles under tiles, from there on in the chain of head objects.
 * `settled` is a multiple of 256, and trusted: it leads to the head.
 */
export interface Chain {
  readonly head: LogHead;
  readonly settled: Frontier;
  /** Entries from `settled.size` to `head.size`. */
  readonly lines: readonly string[];
  readonly leaves: readonly Uint8Array[];
  /** The heads whose objects make up the chain, the newest first. */
  readonly heads: readonly LogHead[];
}

export function wholeTiles(size: number): number {
  return size - (size % tileWidth);
}

/**
 * The tiles below a segment's first entry were there before the segment was written: `stage` sees to it. So the
 * chain ends where its newest segment says, without a question to the store.
 */
export function settledBelow({ base }: Segment): number {
  return wholeTiles(base.size);
}

/** Throws LOG_MISSING, LOG_ALTERED, LOG_REORDERED. `known`: the segment of the head, where it was read before. */
export async function readChain(
  storage: Storage,
  head: LogHead,
  call: CallOptions,
  known?: Segment,
): Promise<Chain> {
  if (head.size === 0) return { head, settled: emptyFrontier, lines: [], leaves: [], heads: [] };
  let segment = known ?? (await readSegment(storage, head, call));
  const settledSize = settledBelow(segment);
  const heads = [head];
  const segments = [segment];
  while (segment.base.size > settledSize) {
    const below = headOf(segment.base, head.restarts);
    segment = await readSegment(storage, below, call);
    heads.push(below);
    segments.unshift(segment);
  }
  const early = settledSize - segment.base.size; // a segment may begin before the tile does
  return {
    head,
    settled: grow(segment.base, segment.leaves.slice(0, early)),
    lines: segments.flatMap(({ lines }) => lines).slice(early),
    leaves: segments.flatMap(({ leaves }) => leaves).slice(early),
    heads,
  };
}
