import type { PathLike } from 'node:fs';
import { constants } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { errorCode } from './errors.ts';
import type { FileInfo, FileSystem, WritableFile } from './file-system.ts';

// What only touches the page cache is done at once, which is several times cheaper for small files than a trip through
// the thread pool; fsync and long reads and writes wait there. An import would evaluate every lazy member: 4 ms.
const fs = process.getBuiltinModule('node:fs');
const { promisify } = process.getBuiltinModule('node:util');
const fsync = promisify(fs.fsync);
const readLater = promisify(fs.read);
const writeLater = promisify(fs.write);
const atOnce = 1 << 20;

// Undefined on Windows, where creating links needs a privilege.
const noFollow: number = constants.O_NOFOLLOW ?? 0;
/** Else a named pipe in a file's place holds the whole process in `open`, where no signal reaches it. */
const noWait: number = constants.O_NONBLOCK ?? 0;

async function write(handle: number, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;)
    if (bytes.length <= atOnce) written += fs.writeSync(handle, bytes, written);
    else written += (await writeLater(handle, bytes, written)).bytesWritten;
}

function writable(path: PathLike, flags: number, mode: number): WritableFile {
  const handle = fs.openSync(path, flags | noFollow, mode);
  let open = true;
  return {
    write: (bytes) => write(handle, bytes),
    sync: () => fsync(handle),
    close: async () => {
      if (open) fs.closeSync(handle); // twice would close whatever has got the number since
      open = false;
    },
  };
}

function fail(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

async function read(path: string, maxLength: number): Promise<Uint8Array | null> {
  let handle: number;
  try {
    handle = fs.openSync(path, constants.O_RDONLY | noFollow | noWait);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return null;
    throw error;
  }
  try {
    const stat = fs.fstatSync(handle);
    if (stat.isDirectory()) throw fail('EISDIR', path);
    if (!stat.isFile()) throw fail('EINVAL', path);
    const { size } = stat;
    if (size > maxLength) throw fail('EFBIG', path);
    const buffer = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const bytesRead =
        size <= atOnce
          ? fs.readSync(handle, buffer, filled, size - filled, filled)
          : (await readLater(handle, buffer, filled, size - filled, filled)).bytesRead;
      if (bytesRead === 0) break; // it became shorter while we read
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    fs.closeSync(handle);
  }
}

async function info(path: string): Promise<FileInfo | null> {
  let stat;
  try {
    stat = fs.lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (errorCode(error) !== 'ENOTDIR') throw error;
  }
  if (stat === undefined) return null;
  const kind = stat.isFile()
    ? 'file'
    : stat.isDirectory()
      ? 'folder'
      : stat.isSymbolicLink()
        ? 'link'
        : 'other';
  return { kind, size: stat.size, mode: stat.mode & 0o7777, modified: stat.mtime };
}

async function list(folder: string): Promise<readonly string[]> {
  try {
    return fs.readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // NTFS journals names itself, and folders cannot be opened there
  const handle = fs.openSync(path, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0));
  try {
    await fsync(handle);
  } finally {
    fs.closeSync(handle);
  }
}

/**
 * Creates the folder and its parents, and returns the topmost one that it made, `null` if all were there. Node's own
 * recursive mkdir never returns where a parent cannot be made and the error is ENOENT all the same, as below /proc.
 */
export function makeFolders(path: string, mode: number): string | null {
  try {
    return makeOne(path, mode) ? path : null;
  } catch (error) {
    const parent = dirname(resolve(path));
    if (errorCode(error) !== 'ENOENT' || parent === resolve(path)) throw error;
    const first = makeFolders(parent, mode);
    return makeOne(path, mode) ? (first ?? path) : first;
  }
}

/** `false` = it was there already, or another process was as fast. */
function makeOne(path: string, mode: number): boolean {
  try {
    fs.mkdirSync(path, { mode });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && fs.statSync(path).isDirectory()) return false;
    throw error;
  }
}

async function makeFolder(path: string, mode: number): Promise<void> {
  const first = makeFolders(path, mode);
  if (first === null) return;
  const top = dirname(resolve(first)); // the folder that got the first new name
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    await syncFolder(folder);
    if (folder === top || folder === dirname(folder)) return;
  }
}

/** The disk of this machine. */
export const nodeFileSystem: FileSystem = {
  create: async (path, mode) =>
    writable(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode),
  append: async (path, mode) =>
    writable(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND, mode),
  read,
  info,
  list,
  makeFolder,
  rename: async (from, to) => fs.renameSync(from, to),
  link: async (from, to) => fs.linkSync(from, to),
  remove: async (path) => fs.rmSync(path, { force: true }),
  syncFolder,
};
