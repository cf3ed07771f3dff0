import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { link, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

import { errorCode } from './errors.ts';
import type { FileInfo, FileSystem, WritableFile } from './file-system.ts';

// Undefined on Windows, where creating links needs a privilege.
const noFollow: number = constants.O_NOFOLLOW ?? 0;

function writable(handle: FileHandle): WritableFile {
  return {
    write: (bytes) => handle.writeFile(bytes), // unlike write(), until all of it is written
    sync: () => handle.sync(),
    close: () => handle.close(),
  };
}

function fail(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

async function read(path: string, maxLength: number): Promise<Uint8Array | null> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | noFollow);
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return null;
    throw error;
  }
  try {
    const { size } = await handle.stat();
    if (size > maxLength) throw fail('EFBIG', path);
    const buffer = new Uint8Array(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await handle.read(buffer, filled, size - filled, filled);
      if (bytesRead === 0) break; // it became shorter while we read
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await handle.close();
  }
}

async function info(path: string): Promise<FileInfo | null> {
  const stat = await lstat(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return null;
    throw error;
  });
  if (stat === null) return null;
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
    return await readdir(folder);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return; // NTFS journals names itself, and folders cannot be opened there
  const handle = await open(path, constants.O_RDONLY | (constants.O_DIRECTORY ?? 0));
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function makeFolder(path: string, mode: number): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode });
  if (first === undefined) return;
  const top = dirname(resolve(first)); // the folder that got the first new name
  for (let folder = dirname(resolve(path)); ; folder = dirname(folder)) {
    await syncFolder(folder);
    if (folder === top || folder === dirname(folder)) return;
  }
}

/** The disk of this machine. */
export const nodeFileSystem: FileSystem = {
  create: async (path, mode) =>
    writable(await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | noFollow, mode)),
  append: async (path, mode) =>
    writable(await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | noFollow, mode)),
  read,
  info,
  list,
  makeFolder,
  rename: (from, to) => rename(from, to),
  link: (from, to) => link(from, to),
  remove: (path) => rm(path, { force: true }),
  syncFolder,
};
