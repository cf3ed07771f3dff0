import { putOnce, StorageError, type CallOptions, type Storage, type StorageKey } from '@ragnos/storage';
import { encodeBundle } from './bundle.ts';
import { wholeTiles, type Chain } from './chain.ts';
import { LogError } from './errors.ts';
import { grow, treeRoot, type Frontier } from './frontier.ts';
import { leafHash } from './hash.ts';
import { bundleKey, placeOf, tileKey } from './keys.ts';
import { tileWidth } from './limits.ts';
import { logMeta } from './object-meta.ts';
import { encodeTile, Tiles } from './tiles.ts';

/**
 * Writes the bundles and tiles that a committed head completes: of level 0 the full ones, of the levels above also the last,
 * partial one, which the next completion starts from. Whoever does it writes the same bytes. Throws LOG_FORKED where others are there.
 */
export async function settleChain(storage: Storage, chain: Chain, call: CallOptions): Promise<void> {
  const put: Put = (key, bytes) => putSame(storage, key, bytes, call);
  const place = placeOf(storage, chain.head);
  let edge = chain.settled;
  for (let at = 0; edge.size < wholeTiles(chain.head.size); at += tileWidth)
    edge = await writeTile(new Tiles(place, edge, call), edge, chain.lines.slice(at, at + tileWidth), put);
}

export type Put = (key: StorageKey, bytes: Uint8Array) => Promise<void>;

/** One full tile of level 0, its entries, and what changes above. `tiles` are those below `edge`. Returns the edge after it. */
export async function writeTile(
  tiles: Tiles,
  edge: Frontier,
  lines: readonly string[],
  put: Put,
): Promise<Frontier> {
  const leaves = lines.map(leafHash);
  let index = edge.size / tileWidth;
  const { place } = tiles;
  await put(bundleKey(place, index), encodeBundle(lines));
  await put(tileKey(place, 0, index), encodeTile(leaves));
  let root = treeRoot(leaves);
  for (let level = 1; ; level++) {
    const at = index % tileWidth;
    index = Math.floor(index / tileWidth);
    const hashes = [...(at === 0 ? [] : await tiles.hashes(level, index)), root];
    await put(tileKey(place, level, index, hashes.length), encodeTile(hashes));
    if (hashes.length < tileWidth) return grow(edge, leaves);
    root = treeRoot(hashes);
  }
}

async function putSame(
  storage: Storage,
  key: StorageKey,
  bytes: Uint8Array,
  call: CallOptions,
): Promise<void> {
  try {
    await putOnce(storage, key, bytes, logMeta(key), call);
  } catch (cause) {
    if (!(cause instanceof StorageError) || cause.code !== 'STORAGE_CONFLICT') throw cause;
    throw new LogError('LOG_FORKED', `${key} belongs to another log than the head`, { key, cause });
  }
}
