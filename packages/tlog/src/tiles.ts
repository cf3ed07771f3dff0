import type { CallOptions } from '@ragnos/storage';
import { LogError } from './errors.ts';
import { emptyFrontier, grow, peakHeights, treeRoot, type Frontier } from './frontier.ts';
import { sameHash } from './hash.ts';
import { tileKey, widthAt, type LogPlace } from './keys.ts';
import { tileWidth } from './limits.ts';
import { readObject } from './read-object.ts';

const hashLength = 32;

export function encodeTile(hashes: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(hashes);
}

/**
 * Tiles of a tree whose right edge is known, from the store and checked from the top: a full tile against its hash in the
 * tile above, a partial one (every level but the lowest ends in one) against the edge. The last tile of each level is kept.
 */
export class Tiles {
  readonly place: LogPlace;
  readonly #frontier: Frontier;
  readonly #call: CallOptions;
  readonly #kept = new Map<number, { readonly index: number; readonly hashes: readonly Uint8Array[] }>();

  /** `frontier.size` is a multiple of 256. */
  constructor(place: LogPlace, frontier: Frontier, call: CallOptions) {
    this.place = place;
    this.#frontier = frontier;
    this.#call = call;
  }

  get size(): number {
    return this.#frontier.size;
  }

  /** Throws LOG_MISSING, LOG_ALTERED, with the tile as `key`. */
  async hashes(level: number, index: number): Promise<readonly Uint8Array[]> {
    const kept = this.#kept.get(level);
    if (kept?.index === index) return kept.hashes;
    const width = widthAt(this.size, level, index);
    if (width === 0) throw new LogError('LOG_BAD_RANGE', `no tile ${level}/${index} in ${this.size} entries`);
    const hashes = await readTile(this.place, level, index, width, this.#call);
    const good =
      width === tileWidth
        ? sameHash(treeRoot(hashes), await this.root(level, index))
        : this.#isEdge(level, hashes);
    const key = tileKey(this.place, level, index, width);
    if (!good) throw new LogError('LOG_ALTERED', `${key} is not the tile that the head covers`, { key });
    this.#kept.set(level, { index, hashes });
    return hashes;
  }

  /** What the root of a full tile must be, by the tile above it. */
  async root(level: number, index: number): Promise<Uint8Array | undefined> {
    const above = await this.hashes(level + 1, Math.floor(index / tileWidth));
    return above[index % tileWidth];
  }

  #isEdge(level: number, hashes: readonly Uint8Array[]): boolean {
    const heights = peakHeights(this.size);
    const own = this.#frontier.peaks.filter((_, i) => Math.floor((heights[i] ?? 0) / 8) === level);
    const { peaks } = grow(emptyFrontier, hashes);
    return peaks.every((peak, i) => sameHash(peak, own[i]));
  }
}

/** As it is stored, believed or not. Throws LOG_MISSING, LOG_ALTERED for another length. */
export async function readTile(
  place: LogPlace,
  level: number,
  index: number,
  width: number,
  call: CallOptions,
): Promise<readonly Uint8Array[]> {
  const { storage } = place;
  const key = tileKey(place, level, index, width);
  const bytes = await readObject(storage, key, tileWidth * hashLength, call);
  if (bytes === null) throw new LogError('LOG_MISSING', `${key} is not in ${storage.description}`, { key });
  if (bytes.length !== width * hashLength)
    throw new LogError('LOG_ALTERED', `${key} has ${bytes.length} bytes, not ${width * hashLength}`, { key });
  return Array.from({ length: width }, (_, i) => bytes.subarray(i * hashLength, (i + 1) * hashLength));
}
