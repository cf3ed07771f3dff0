import type { BigIntStats } from 'node:fs';
import { StorageError, type StorageErrorCode } from '../errors.ts';

/** An open file or folder: the part of `FileHandle` that we use. */
export interface OpenFile {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ bytesRead: number }>;
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesWritten: number }>;
  stat(options: { bigint: true }): Promise<BigIntStats>;
  utimes(accessed: Date, modified: Date): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** The functions of `node:fs/promises` that the folder driver uses, so that tests can record, drop and fail them. */
export interface FileSystem {
  open(path: string, flags: number, mode?: number): Promise<OpenFile>;
  /** `null`, or ENOENT: nothing is there. An error takes its time, with the stack that it carries. */
  lstat(path: string, options: { bigint: true }): Promise<BigIntStats | null>;
  mkdir(path: string): Promise<unknown>;
  readdir(path: string): Promise<string[]>;
  link(existing: string, path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

/**
 * `fs` with every failure turned into a StorageError that keeps the system's error as its cause.
 * Failures of a caller's own stream keep their type, since only calls of `fs` pass here.
 */
export function typedFileSystem(fs: FileSystem): FileSystem {
  return {
    open: async (path, flags, mode) => typedFile(await typed(path, () => fs.open(path, flags, mode)), path),
    lstat: (path, options) => typed(path, () => fs.lstat(path, options)),
    mkdir: (path) => typed(path, () => fs.mkdir(path)),
    readdir: (path) => typed(path, () => fs.readdir(path)),
    link: (existing, path) => typed(path, () => fs.link(existing, path)),
    rename: (from, to) => typed(to, () => fs.rename(from, to)),
    unlink: (path) => typed(path, () => fs.unlink(path)),
  };
}

function typedFile(file: OpenFile, path: string): OpenFile {
  return {
    read: (buffer, offset, length, position) =>
      typed(path, () => file.read(buffer, offset, length, position)),
    write: (buffer, offset, length, position) =>
      typed(path, () => file.write(buffer, offset, length, position)),
    stat: (options) => typed(path, () => file.stat(options)),
    utimes: (accessed, modified) => typed(path, () => file.utimes(accessed, modified)),
    sync: () => typed(path, () => file.sync()),
    close: () => typed(path, () => file.close()),
  };
}

async function typed<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const reason = systemCode(error) ?? '';
    const code = codes.get(reason) ?? 'STORAGE_UNAVAILABLE';
    throw new StorageError(code, `${path}: ${reasons.get(reason) ?? (reason || 'failed')}`, {
      cause: error,
      ...(code === 'STORAGE_FULL' ? { hint: 'nothing was published; free some space, then try again' } : {}),
    });
  }
}

/** Whether the system said one of `codes`, directly or as the cause of our own error. */
export function isSystemError(error: unknown, ...expected: readonly string[]): boolean {
  const code = systemCode(error instanceof StorageError ? error.cause : error);
  return code !== undefined && expected.includes(code);
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

const codes: ReadonlyMap<string, StorageErrorCode> = new Map([
  ['ENOSPC', 'STORAGE_FULL'],
  ['EDQUOT', 'STORAGE_FULL'],
  ['EFBIG', 'STORAGE_FULL'],
  ['EACCES', 'STORAGE_DENIED'],
  ['EPERM', 'STORAGE_DENIED'],
  ['EROFS', 'STORAGE_DENIED'],
  ['ELOOP', 'STORAGE_SYMLINK'],
  ['ENOTDIR', 'STORAGE_CONFLICT'],
  ['EISDIR', 'STORAGE_CONFLICT'],
  ['ENAMETOOLONG', 'STORAGE_BAD_KEY'],
]);

const reasons: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'no space left on the disk'],
  ['EDQUOT', 'over the disk quota'],
  ['EACCES', 'permission denied'],
  ['EPERM', 'operation not permitted'],
  ['EROFS', 'the disk is read-only'],
  ['ENOENT', 'no such file or folder'],
  ['ENAMETOOLONG', 'the path is too long for this disk'],
]);
