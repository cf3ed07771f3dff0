import * as fs from 'node:fs';
import { promisify } from 'node:util';
import type { FileSystem, OpenFile } from './file-system.ts';

const fsync = promisify(fs.fsync);
const read = promisify(fs.read);
const readdir = promisify(fs.readdir);
const write = promisify(fs.write);

/** Up to here bytes are copied to the kernel's memory in less time than a thread takes to wake up. */
const atOnce = 256 * 1024;

/** One read of so many goes through the pool whatever its length: timers and signals have their turn in a long walk. */
const atOnceInARow = 32;
let reads = 0;

/**
 * The disk of this machine. What asks or changes names is called at once: that takes some 5 µs, and 60 to 100 by way of the
 * thread pool, and a publish makes 150 such calls; so are short reads and writes. What may wait for the disk, syncing
 * above all, goes through the pool; so does reading a folder.
 */
export const localFileSystem: FileSystem = {
  open: async (path, flags, mode) => openFile(fs.openSync(path, flags, mode)),
  lstat: async (path, options) => fs.lstatSync(path, { ...options, throwIfNoEntry: false }) ?? null,
  mkdir: async (path) => fs.mkdirSync(path),
  readdir: (path) => readdir(path),
  link: async (existing, path) => fs.linkSync(existing, path),
  rename: async (from, to) => fs.renameSync(from, to),
  unlink: async (path) => fs.unlinkSync(path),
};

function openFile(handle: number): OpenFile {
  let open = true;
  return {
    read: async (buffer, offset, length, position) =>
      length <= atOnce && ++reads % atOnceInARow > 0
        ? { bytesRead: fs.readSync(handle, buffer, offset, length, position) }
        : read(handle, buffer, offset, length, position),
    write: async (buffer, offset, length, position) =>
      length <= atOnce
        ? { bytesWritten: fs.writeSync(handle, buffer, offset, length, position) }
        : write(handle, buffer, offset, length, position),
    stat: async (options) => fs.fstatSync(handle, options),
    utimes: async (accessed, modified) => fs.futimesSync(handle, accessed, modified),
    sync: () => fsync(handle),
    close: async () => {
      if (open) fs.closeSync(handle); // twice would close whatever has got the number since
      open = false;
    },
  };
}
