import type { TargetFile } from '../model.ts';
import { hexDigest, targetPath, type TargetPath } from '../names.ts';
import { LazyMap } from './lazy-map.ts';

/**
 * What nearly every file of a role is in canonical JSON: an ordinary path (see `targetPath`), one sha256, a length. It means but
 * one thing, so whoever finds it need not parse it.
 */
const plainEntry =
  /"\w[\w.-]{0,60}(?:\/\w[\w.-]{0,60}){0,14}":\{"hashes":\{"sha256":"[0-9a-f]{64}"\},"length":(?:0|[1-9]\d{0,14})\}/y;
const beforeDigest = '":{"hashes":{"sha256":"'.length;
const beforeLength = '"},"length":'.length;
const digestLength = 64;
const membersOfEntry = 4;
const opening = '"targets":{';
const comma = 0x2c;
/** Of a metadata file: signed, targets, a file, its hashes. Whoever allows less has the parser count. */
export const depthOfFiles = 5;

/**
 * The files of a role as the text that they stand in, for those of which all are plain: a bin has a thousand, of which a look-up
 * or an edit needs one. In a fourth of the time, and the memory, that their objects would take.
 */
export class PlainFiles extends LazyMap<TargetPath, TargetFile> {
  readonly size: number;
  /** The members of `targets`, in order, as canonical JSON has them. */
  readonly text: string;
  #starts: readonly number[] | null;

  constructor(text: string, size: number, starts: readonly number[] | null = null) {
    super();
    this.text = text;
    this.size = size;
    this.#starts = starts;
  }

  /** With `changes` made; null = taken out. Null where one of them is not plain. */
  edited(changes: ReadonlyMap<TargetPath, TargetFile | null>, write: Write): PlainFiles | null {
    const parts: string[] = [];
    let { size } = this;
    let next = 0;
    for (const [path, file] of [...changes].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      const entry = file === null ? '' : `"${path}":${write(file)}`;
      if (file !== null && !isPlain(entry)) return null;
      const at = this.#indexOf(path);
      const replaced = this.#pathAt(at) === path ? 1 : 0;
      parts.push(this.#slice(next, at), entry);
      next = at + replaced;
      size += (file === null ? 0 : 1) - replaced;
    }
    parts.push(this.#slice(next, this.size));
    return new PlainFiles(parts.filter((part) => part !== '').join(','), size);
  }

  has(path: string): path is TargetPath {
    return path !== '' && this.#pathAt(this.#indexOf(path)) === path;
  }

  get(path: TargetPath): TargetFile | undefined {
    return this.has(path) ? this.#fileAt(this.#indexOf(path)) : undefined;
  }

  *keys(): MapIterator<TargetPath> {
    for (const [path] of this) yield path;
  }

  *entries(): MapIterator<[TargetPath, TargetFile]> {
    for (let at = 0; at < this.size; at++) yield [targetPath(this.#pathAt(at)), this.#fileAt(at)];
  }

  /** As if one more followed the last. What begins where in an edited text is known once somebody asks. */
  #startOf(at: number): number {
    this.#starts ??= scan(this.text, 0).starts;
    return this.#starts[at] ?? this.text.length + 1;
  }

  /** Of the first that is not before `path`. */
  #indexOf(path: string): number {
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#pathAt(middle) < path) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Past the end: ''. */
  #pathAt(at: number): string {
    return pathAt(this.text, this.#startOf(at));
  }

  #fileAt(at: number): TargetFile {
    const digest = this.#startOf(at) + 1 + this.#pathAt(at).length + beforeDigest;
    const end = digest + digestLength;
    const sha256 = hexDigest(this.text.slice(digest, end));
    const length = Number.parseInt(this.text.slice(end + beforeLength, end + beforeLength + 15), 10);
    return { length, hashes: new Map([['sha256', sha256]]), custom: undefined, unrecognized: new Map() };
  }

  /** Those from `from` up to `to`. */
  #slice(from: number, to: number): string {
    return from < to ? this.text.slice(this.#startOf(from), this.#startOf(to) - 1) : '';
  }
}

type Write = (file: TargetFile) => string;

/**
 * The text of a metadata file without the files of a role, and these; null where they are not plain, or where more than one
 * member may be meant. If `rest` is compact (`parseCompact`) and its `signed.targets` an object, they were cut out of that.
 */
export function cutFiles(
  text: string,
): { readonly rest: string; readonly files: PlainFiles; readonly members: number } | null {
  const at = text.indexOf(opening);
  if (at < 0 || text.includes(opening, at + 1)) return null;
  const start = at + opening.length;
  const { starts, end } = scan(text, start);
  if (text.charAt(end) !== '}') return null;
  const files = new PlainFiles(text.slice(start, end), starts.length, starts);
  return { rest: text.slice(0, start) + text.slice(end), files, members: starts.length * membersOfEntry };
}

/** Plain entries from `from` on, each behind the one before it: how far from there each begins, and where they end. */
function scan(text: string, from: number): { readonly starts: readonly number[]; readonly end: number } {
  const starts: number[] = [];
  let last = '';
  let at = from;
  do {
    plainEntry.lastIndex = at;
    if (!plainEntry.test(text)) break;
    const path = pathAt(text, at);
    if (path <= last) break;
    last = path;
    starts.push(at - from);
    at = plainEntry.lastIndex + 1;
  } while (text.charCodeAt(at - 1) === comma);
  return { starts, end: at - 1 };
}

/** All of it: a path may have quotes in it, and look like an entry of its own. */
function isPlain(entry: string): boolean {
  plainEntry.lastIndex = 0;
  return plainEntry.test(entry) && plainEntry.lastIndex === entry.length;
}

function pathAt(text: string, start: number): string {
  return text.slice(start + 1, text.indexOf('"', start + 1));
}
