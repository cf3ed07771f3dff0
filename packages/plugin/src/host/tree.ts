import { hash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';

import type { Finding } from './api.ts';

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
}

const readOnly = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const sliceMs = 8;
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
  let sliceEnd = performance.now() + sliceMs;
  let done = 0;
  const pending = [''];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    const expected = folders.get(folder);
    if (expected === undefined) continue;
    const present = entries(join(root, folder));
    if (present === null) {
      findings.push({ kind: 'unreadable', path: folder === '' ? '.' : folder });
      continue;
    }
    for (const entry of present) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      const file = expected.files.get(entry.name);
      const kind = oddity(entry, file !== undefined, expected.folders.has(entry.name));
      if (kind !== null) findings.push({ kind, path });
      else if (entry.isDirectory()) pending.push(path);
      if (file === undefined) continue;
      expected.files.delete(entry.name); // what is left at the end is missing
      if (kind !== null) continue;
      const wrong = inspect(join(root, path), file, buffer);
      if (wrong !== null) findings.push({ kind: wrong, path });
      if (performance.now() < sliceEnd) continue;
      options.onFile?.(done);
      await breathe();
      options.signal?.throwIfAborted();
      sliceEnd = performance.now() + sliceMs;
    }
    done += present.length;
  }
  options.signal?.throwIfAborted();
  for (const { files: missing } of folders.values())
    for (const { path } of missing.values())
      if (!findings.some((finding) => finding.path === path)) findings.push({ kind: 'missing', path });
  return findings;
}

interface Folder {
  readonly files: Map<string, ExpectedFile>;
  readonly folders: Set<string>;
}

function arrange(files: readonly ExpectedFile[]): Map<string, Folder> {
  const all = new Map<string, Folder>([['', { files: new Map(), folders: new Set() }]]);
  const folderAt = (path: string): Folder => {
    const known = all.get(path);
    if (known !== undefined) return known;
    const made: Folder = { files: new Map(), folders: new Set() };
    all.set(path, made);
    const slash = path.lastIndexOf('/');
    folderAt(slash < 0 ? '' : path.slice(0, slash)).folders.add(path.slice(slash + 1));
    return made;
  };
  for (const file of files) {
    const slash = file.path.lastIndexOf('/');
    folderAt(slash < 0 ? '' : file.path.slice(0, slash)).files.set(file.path.slice(slash + 1), file);
  }
  return all;
}

function entries(folder: string): readonly Dirent[] | null {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return null;
  }
}

/** What is wrong with an entry before it is opened. */
function oddity(entry: Dirent, isFile: boolean, isFolder: boolean): Finding['kind'] | null {
  if (!isFile && !isFolder) return entry.isSymbolicLink() ? 'link' : 'added';
  if (entry.isSymbolicLink()) return 'link';
  return (isFile ? entry.isFile() : entry.isDirectory()) ? null : 'kind';
}

function inspect(path: string, file: ExpectedFile, buffer: Buffer): Finding['kind'] | null {
  let handle: number;
  try {
    handle = openSync(path, readOnly);
  } catch {
    return 'unreadable';
  }
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) return 'kind';
    if (stat.size !== file.size || hashOf(handle, file.size, buffer) !== file.sha256) return 'changed';
    return process.platform === 'win32' || (stat.mode & 0o7722) === (installedMode(file.mode) & 0o7722)
      ? null
      : 'mode';
  } catch {
    return 'unreadable';
  } finally {
    closeSync(handle);
  }
}

/** Hex sha256 of an open file of `size` bytes; a longer file gives another digest, never the right one by chance. */
function hashOf(handle: number, size: number, buffer: Buffer): string {
  const room = size < buffer.length ? buffer : Buffer.allocUnsafeSlow(size + 1);
  let filled = 0;
  while (filled <= size) {
    const length = readSync(handle, room, filled, size + 1 - filled, null);
    if (length === 0) break;
    filled += length;
    if (filled === size) break;
  }
  return hash('sha256', room.subarray(0, filled), 'hex');
}
