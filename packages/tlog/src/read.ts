import type { CallOptions } from '@ragnos/storage';
import { decodeBundle } from './bundle.ts';
import type { Chain } from './chain.ts';
import { difference } from './difference.ts';
import { LogError, unlessWrong } from './errors.ts';
import { treeRoot } from './frontier.ts';
import { leafHash, sameHash } from './hash.ts';
import { bundleKey, tileKey, type LogPlace } from './keys.ts';
import { objectMaxLength, tileWidth } from './limits.ts';
import { readObject } from './read-object.ts';
import { readTile, type Tiles } from './tiles.ts';

export interface Range {
  /** The first entry; 0 unless given. */
  readonly from?: number | undefined;
  /** Before which to stop; the size of the log unless given. */
  readonly to?: number | undefined;
  readonly reverse?: boolean | undefined;
}

export interface LogLine {
  readonly index: number;
  readonly line: string;
}

/** Lines of the log, each one checked against the head before it is handed out. */
export async function* readLines(
  chain: Chain,
  tiles: Tiles,
  { from = 0, to = chain.head.size, reverse = false }: Range,
  call: CallOptions,
): AsyncGenerator<LogLine> {
  const { size } = chain.head;
  const good = [from, to].every((value) => Number.isSafeInteger(value) && value >= 0 && value <= size);
  if (!good) throw new LogError('LOG_BAD_RANGE', `entries ${from} to ${to} of a log of ${size}`);
  const settled = tiles.size;
  const blocks: (readonly [start: number, end: number])[] = [];
  for (let start = from - (from % tileWidth); start < Math.min(to, settled); start += tileWidth)
    blocks.push([start, start + tileWidth]);
  if (to > settled) blocks.push([settled, size]);
  for (const [start, end] of reverse ? blocks.toReversed() : blocks) {
    const lines = end > settled ? chain.lines : await readBundle(tiles, start / tileWidth, call);
    const wanted = lines
      .map((line, i) => ({ index: start + i, line }))
      .filter(({ index }) => index >= from && index < to);
    yield* reverse ? wanted.toReversed() : wanted;
  }
}

/** The entries of one full tile, as the head covers them. Throws LOG_MISSING, LOG_ALTERED, LOG_REORDERED, with the first entry. */
async function readBundle(tiles: Tiles, index: number, call: CallOptions): Promise<readonly string[]> {
  const { place } = tiles;
  const lines = await storedBundle(place, index, call);
  await checkBundle(place, index, lines, await tiles.root(0, index), call);
  return lines;
}

/** The entries of one full tile as they are stored, believed or not. Throws LOG_MISSING, LOG_ALTERED. */
export async function storedBundle(
  place: LogPlace,
  bundle: number,
  call: CallOptions,
): Promise<readonly string[]> {
  const { storage } = place;
  const key = bundleKey(place, bundle);
  const index = bundle * tileWidth;
  try {
    const bytes = await readObject(storage, key, objectMaxLength, call);
    if (bytes !== null) return decodeBundle(bytes, key);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    throw new LogError(error.code, error.message, { key, index, cause: error });
  }
  throw new LogError('LOG_MISSING', `${key} is not in ${storage.description}`, { key, index });
}

/** `root`: what the tile above says. Throws LOG_MISSING, LOG_ALTERED, LOG_REORDERED, with the first entry that is wrong. */
export async function checkBundle(
  place: LogPlace,
  bundle: number,
  lines: readonly string[],
  root: Uint8Array | undefined,
  call: CallOptions,
): Promise<void> {
  const leaves = lines.map(leafHash);
  if (sameHash(treeRoot(leaves), root)) return;
  const key = bundleKey(place, bundle);
  const first = bundle * tileWidth;
  const expected = await believedLeaves(place, bundle, root, call);
  const wrong = expected === null ? null : difference(expected, leaves);
  if (wrong === null) {
    const which = `which one, ${tileKey(place, 0, bundle)} no longer says`;
    throw new LogError('LOG_ALTERED', `an entry from ${first} on was altered, in ${key}; ${which}`, {
      key,
      index: first,
    });
  }
  const index = first + wrong.at;
  throw new LogError(wrong.code, `entry ${index} ${wrong.what}, in ${key}`, { key, index });
}

/** The leaf hashes of a tile that is as it must be; `null` if it is not. */
async function believedLeaves(
  place: LogPlace,
  index: number,
  root: Uint8Array | undefined,
  call: CallOptions,
): Promise<readonly Uint8Array[] | null> {
  const hashes = await unlessWrong(() => readTile(place, 0, index, tileWidth, call));
  return hashes !== null && sameHash(treeRoot(hashes), root) ? hashes : null;
}
