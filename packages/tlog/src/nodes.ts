import type { Chain } from './chain.ts';
import { rootOf, type Frontier } from './frontier.ts';
import { nodeHash } from './hash.ts';
import { tileWidth } from './limits.ts';
import type { LeafRange } from './proof.ts';
import type { Tiles } from './tiles.ts';

/** The root over a range as proofs name them: cut into complete subtrees, the largest first. */
export async function rangeHash(tiles: Tiles, chain: Chain, [start, end]: LeafRange): Promise<Uint8Array> {
  const peaks: Uint8Array[] = [];
  for (let at = start; at < end;) {
    let height = 0;
    while (at % 2 ** (height + 1) === 0 && at + 2 ** (height + 1) <= end) height++;
    peaks.push(await node(tiles, chain, height, at / 2 ** height));
    at += 2 ** height;
  }
  const frontier: Frontier = { size: end - start, peaks };
  return rootOf(frontier);
}

/** The root of the complete subtree of 2^height leaves: from a tile, or, beyond the tiles, from the chain. */
async function node(tiles: Tiles, chain: Chain, height: number, index: number): Promise<Uint8Array> {
  const inTiles = (index + 1) * 2 ** height <= tiles.size;
  if (inTiles && height % 8 === 0) {
    const hashes = await tiles.hashes(height / 8, Math.floor(index / tileWidth));
    const found = hashes[index % tileWidth];
    if (found !== undefined) return found;
  }
  const leaf = height === 0 ? chain.leaves[index - tiles.size] : undefined;
  if (leaf !== undefined) return leaf;
  if (height === 0) throw new Error(`no leaf ${index} in ${chain.head.size}`);
  const left = await node(tiles, chain, height - 1, index * 2);
  return nodeHash(left, await node(tiles, chain, height - 1, index * 2 + 1));
}
