import { storageKey, type Storage, type StorageKey } from '@ragnos/storage';
import { newHead, type LogHead } from './head.ts';
import { tileWidth } from './limits.ts';

/** The folder of the log in the store, beside `metadata/` and `targets/`. */
export const logFolder = 'log/';
/** Refusals wait here whichever log takes them in. */
export const pendingFolder = 'log/pending/';

/** Where one log lies. */
export interface LogPlace {
  readonly storage: Storage;
  readonly restarts: number;
}

export function placeOf(storage: Storage, { restarts = 0 }: LogHead): LogPlace {
  return { storage, restarts };
}

/** A log that was begun anew has its own: what is left of a lost one stays where it is, and is in nobody's way. */
export function folderOf({ restarts }: Pick<LogPlace, 'restarts'>): string {
  return restarts === 0 ? logFolder : `${logFolder}restart-${restarts}/`;
}

/** Named by the head that it leads to, so that two publishers on one head never write the same object. */
export function headKey({ size, root, restarts = 0 }: LogHead): StorageKey {
  return storageKey(`${headFolder({ restarts })}${size}-${root}.jsonl`);
}

export function headFolder(place: Pick<LogPlace, 'restarts'>): string {
  return `${folderOf(place)}head/`;
}

/** The head in a key that `headKey` made. `null`: it is none of that log. */
export function parseHeadKey(key: string, restarts: number): LogHead | null {
  const folder = headFolder({ restarts });
  if (!key.startsWith(folder)) return null;
  const [, size, root] = /^(\d{1,15})-([0-9a-f]{64})\.jsonl$/.exec(key.slice(folder.length)) ?? [];
  return size === undefined || root === undefined ? null : newHead(Number(size), root, restarts);
}

/** C2SP tlog-tiles; `width` below 256 is a partial tile. */
export function tileKey(
  place: Pick<LogPlace, 'restarts'>,
  level: number,
  index: number,
  width: number = tileWidth,
): StorageKey {
  const partial = width === tileWidth ? '' : `.p/${width}`;
  return storageKey(`${folderOf(place)}tile/${level}/${tilePath(index)}${partial}`);
}

/** The entries under one tile of level 0. */
export function bundleKey(place: Pick<LogPlace, 'restarts'>, index: number): StorageKey {
  return storageKey(`${folderOf(place)}tile/entries/${tilePath(index)}`);
}

export function pendingKey(id: string): StorageKey {
  return storageKey(`${pendingFolder}${id}.json`);
}

/** A partial tile that is narrower than the tile is in a log of `size` entries. `path`: below the folder of the log. */
export function isOutgrownTile(path: string, size: number): boolean {
  const tile = parseTilePath(path);
  if (tile === null || tile.level === null) return false;
  return tile.width < widthAt(size, tile.level, tile.index);
}

/** A path of C2SP tlog-tiles; `level` is `null` for entries. `null`: it is none. */
export function parseTilePath(
  text: string,
): { readonly level: number | null; readonly index: number; readonly width: number } | null {
  const match = /^tile\/(entries|[0-9]|[1-5]\d)\/((?:x\d{3}\/){0,4}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(
    text,
  );
  if (match === null) return null;
  const [, level = '', path = '', partial] = match;
  const index = Number(path.replaceAll(/[x/]/g, ''));
  const width = partial === undefined ? tileWidth : Number(partial);
  if (tilePath(index) !== path || (partial !== undefined && width >= tileWidth)) return null;
  return { level: level === 'entries' ? null : Number(level), index, width };
}

/** Which hashes a tile has in a tree of `size` leaves, 0 where there is none. */
export function widthAt(size: number, level: number, index: number): number {
  const nodes = Math.floor(size / tileWidth ** level);
  return Math.max(0, Math.min(tileWidth, nodes - index * tileWidth));
}

/** 1234067 is `x001/x234/067`. */
function tilePath(index: number): string {
  const groups = [String(index % 1000).padStart(3, '0')];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`);
  return groups.join('/');
}
