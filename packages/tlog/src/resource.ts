import type { CallOptions } from '@ragnos/storage';
import { encodeBundle } from './bundle.ts';
import type { Chain } from './chain.ts';
import { parseTilePath, widthAt } from './keys.ts';
import { tileWidth } from './limits.ts';
import { rangeHash } from './nodes.ts';
import { readLines } from './read.ts';
import { encodeTile, type Tiles } from './tiles.ts';

/** A file of C2SP tlog-tiles at one head, those too that are not stored; `null` where there is none. */
export async function resource(
  chain: Chain,
  tiles: Tiles,
  path: string,
  call: CallOptions,
): Promise<Uint8Array | null> {
  const wanted = parseTilePath(path);
  if (wanted === null) return null;
  const { level, index, width } = wanted;
  if (width > widthAt(chain.head.size, level ?? 0, index)) return null;
  const first = index * tileWidth;
  if (level === null) {
    const lines: string[] = [];
    for await (const { line } of readLines(chain, tiles, { from: first, to: first + width }, call))
      lines.push(line);
    return encodeBundle(lines);
  }
  const span = tileWidth ** level;
  const hashes: Uint8Array[] = [];
  for (let at = first; at < first + width; at++)
    hashes.push(await rangeHash(tiles, chain, [at * span, (at + 1) * span]));
  return encodeTile(hashes);
}
