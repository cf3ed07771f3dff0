import * as nodeFs from 'node:fs/promises';
import type { FileSystem, OpenFile } from '@ragnos/storage';

export type Operation = keyof FileSystem | keyof OpenFile;
/** Called before each operation; what it throws is what the operation fails with. */
export type Fault = (operation: Operation, path: string) => void;

const disk: FileSystem = nodeFs;

/** The real disk, with `before` and `after` able to fail every operation: not done at all, or done and not heard of. */
export function faultyFs(before: Fault, after: Fault = () => {}): FileSystem {
  const run = async <T>(operation: Operation, path: string, call: () => Promise<T>): Promise<T> => {
    before(operation, path);
    const result = await call();
    after(operation, path);
    return result;
  };
  const faultyFile = (file: OpenFile, path: string): OpenFile => ({
    read: (buffer, offset, length, position) =>
      run('read', path, () => file.read(buffer, offset, length, position)),
    write: (buffer, offset, length, position) =>
      run('write', path, () => file.write(buffer, offset, length, position)),
    stat: (options) => run('stat', path, () => file.stat(options)),
    utimes: (accessed, modified) => run('utimes', path, () => file.utimes(accessed, modified)),
    sync: () => run('sync', path, () => file.sync()),
    close: async () => {
      await file.close(); // also when "killed": the kernel would do it
      await run('close', path, async () => {});
    },
  });
  return {
    open: async (path, flags, mode) => {
      before('open', path);
      const file = await disk.open(path, flags, mode);
      try {
        after('open', path);
      } catch (error) {
        await file.close();
        throw error;
      }
      return faultyFile(file, path);
    },
    lstat: (path, options) => run('lstat', path, () => disk.lstat(path, options)),
    mkdir: (path) => run('mkdir', path, () => disk.mkdir(path)),
    readdir: (path) => run('readdir', path, () => disk.readdir(path)),
    link: (existing, path) => run('link', path, () => disk.link(existing, path)),
    rename: (from, to) => run('rename', to, () => disk.rename(from, to)),
    unlink: (path) => run('unlink', path, () => disk.unlink(path)),
  };
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by the test`), { code });
}

/** Like exFAT. */
export function withoutLinks(): FileSystem {
  return faultyFs((operation) => {
    if (operation === 'link') throw systemError('EPERM');
  });
}
