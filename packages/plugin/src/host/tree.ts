import { hash } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';

import { Slices } from '../slices.ts';
import type { Finding } from './reports.ts';

/** A file as the signed manifest describes it. */
export interface ExpectedFile {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly mode: number;
}

export interface TreeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onFile?: ((done: number) => void) | undefined;
  /** Given every file that is as it should be, in memory that is used again. What it throws is thrown. */
  readonly keep?: ((file: ExpectedFile, bytes: Uint8Array) => void) | undefined;
}

const readOnly = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
/** Where opening cannot refuse a link (Windows), it is looked for before. */
const followsLinks = constants.O_NOFOLLOW === undefined;
const chunk = 1 << 20;

/** What an installed file's mode is: never writable (a tree is immutable), executable as signed. */
export function installedMode(mode: number): number {
  return (mode & 0o100) === 0 ? 0o444 : 0o555;
}

/**
 * Compares a folder with the signed list, every byte hashed; what is neither listed nor the folder of something listed
 * is `added`. Works synchronously, which is several times faster for small files, in slices that let others in.
 */
export async function compareTree(
  root: string,
  files: readonly ExpectedFile[],
  options: TreeOptions = {},
): Promise<readonly Finding[]> {
  if (lstatSync(root, { throwIfNoEntry: false })?.isDirectory() === false)
    return [{ kind: 'link', path: '.' }];
  const findings: Finding[] = [];
  const folders = arrange(files);
  const buffer = Buffer.allocUnsafeSlow(chunk);
  const slices = new Slices(options.signal);
  let done = 0;
  const pending = [''];
  for (let prefix = pending.pop(); prefix !== undefined; prefix = pending.pop()) {
    const expected = folders.get(prefix);
    const present = entries(`${root}/${prefix}`);
    if (expected === undefined) continue;
    if (present === null) {
      findings.push({ kind: 'unreadable', path: prefix === '' ? '.' : prefix });
      continue;
    }
    for (const name of present) {
      const file = expected.files.get(name);
      if (file === undefined) {
        const kind = oddity(`${root}/${prefix}${name}`, expected.folders.has(name));
        if (kind === null) pending.push(`${prefix}${name}/`);
        else findings.push({ kind, path: prefix + name });
        continue;
      }
      expected.files.delete(name); // what is left at the end is missing
      const found = inspect(`${root}/${file.path}`, file, buffer);
      if (typeof found === 'string') findings.push({ kind: found, path: file.path });
      else options.keep?.(file, found);
      if ((++done & 15) !== 0 || !slices.over) continue;
      options.onFile?.(done);
      await slices.rest();
    }
  }
  options.signal?.throwIfAborted();
  for (const { files: missing } of folders.values())
    for (const { path } of missing.values()) findings.push({ kind: 'missing', path });
  return findings;
}

interface Folder {
  readonly files: Map<string, ExpectedFile>;
  readonly folders: Set<string>;
}

/** By folder, with a slash at the end; the root is the empty one. */
function arrange(files: readonly ExpectedFile[]): Map<string, Folder> {
  const all = new Map<string, Folder>([['', { files: new Map(), folders: new Set() }]]);
  const folderAt = (prefix: string): Folder => {
    const known = all.get(prefix);
    if (known !== undefined) return known;
    const made: Folder = { files: new Map(), folders: new Set() };
    all.set(prefix, made);
    const slash = prefix.lastIndexOf('/', prefix.length - 2) + 1;
    folderAt(prefix.slice(0, slash)).folders.add(prefix.slice(slash, -1));
    return made;
  };
  for (const file of files) {
    const slash = file.path.lastIndexOf('/') + 1;
    folderAt(file.path.slice(0, slash)).files.set(file.path.slice(slash), file);
  }
  return all;
}

/** Names alone: what each is, opening it tells, without a second object for every file. */
function entries(folder: string): readonly string[] | null {
  try {
    return readdirSync(folder);
  } catch {
    return null;
  }
}

/** What is wrong with an entry that is no file of the plugin; `null` = it is a folder of it. */
function oddity(path: string, isFolder: boolean): Finding['kind'] | null {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isSymbolicLink() === true) return 'link';
  if (!isFolder) return 'added';
  return stat?.isDirectory() === true ? null : 'kind';
}

/** What stands in a file's place and cannot be opened as one, which no link can. */
function closed(path: string): Finding['kind'] {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || stat.isFile()) return 'unreadable';
  return stat.isSymbolicLink() ? 'link' : 'kind';
}

/** The bytes of a file that is as it should be, or what is wrong with it. */
function inspect(path: string, file: ExpectedFile, buffer: Buffer): Buffer | Finding['kind'] {
  let handle: number;
  try {
    if (followsLinks && lstatSync(path).isSymbolicLink()) return 'link';
    handle = openSync(path, readOnly);
  } catch {
    return closed(path);
  }
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) return 'kind';
    if (stat.size !== file.size) return 'changed';
    const bytes = readWhole(handle, file.size, buffer);
    if (hash('sha256', bytes, 'hex') !== file.sha256) return 'changed';
    return process.platform === 'win32' || (stat.mode & 0o7722) === (installedMode(file.mode) & 0o7722)
      ? bytes
      : 'mode';
  } catch {
    return 'unreadable';
  } finally {
    closeSync(handle);
  }
}

/** An open file of `size` bytes; of a longer one a byte more, so that its digest is another. */
function readWhole(handle: number, size: number, buffer: Buffer): Buffer {
  const room = size < buffer.length ? buffer : Buffer.allocUnsafeSlow(size + 1);
  let filled = 0;
  while (filled <= size) {
    const length = readSync(handle, room, filled, size + 1 - filled, null);
    if (length === 0) break;
    filled += length;
    if (filled === size) break;
  }
  return room.subarray(0, filled);
}
