import { randomUUID } from 'node:crypto';
import { closeSync, constants, openSync } from 'node:fs';
import { link, lstat, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SigningError } from '../errors.ts';

export interface ReadSecretOptions {
  readonly maxLength: number;
  /** Also reads from a pipe, as a shell's `<(…)` is one. */
  readonly pipes?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a file that only its owner may read: what is checked is the opened file itself, so a link to it will do (that is how
 * Kubernetes mounts secrets). On Windows modes say nothing and are not looked at.
 * Throws KEY_NOT_FOUND, KEY_UNPROTECTED, KEY_UNREADABLE.
 */
export async function readSecretFile(path: string, options: ReadSecretOptions): Promise<Uint8Array> {
  const { maxLength, pipes = false, signal } = options;
  signal?.throwIfAborted();
  const flags = constants.O_RDONLY | (pipes ? 0 : (constants.O_NONBLOCK ?? 0)); // a pipe at a key's path must not hang us
  const file = await disk(path, () => openSoon(path, flags, signal));
  try {
    const stats = await disk(path, () => file.stat());
    if (!stats.isFile() && !(pipes && stats.isFIFO())) throw unreadable(path, 'not a plain file');
    if (process.platform !== 'win32' && (stats.mode & 0o077) !== 0)
      throw new SigningError(
        'KEY_UNPROTECTED',
        `${path} can be read by others (mode ${(stats.mode & 0o777).toString(8).padStart(4, '0')})`,
        { hint: `chmod 600 ${path}` },
      );
    return await disk(path, () => readBounded(file, path, maxLength, signal));
  } finally {
    await file.close();
  }
}

/** To open a pipe is to wait in the kernel for who writes to it; on an abort we are that for a moment, which ends the wait. */
async function openSoon(path: string, flags: number, signal: AbortSignal | undefined): Promise<FileHandle> {
  // At once: who waits may hold every thread that could do it later. Without a reader it fails, and nobody waits.
  const wake = (): void => {
    try {
      closeSync(openSync(path, constants.O_WRONLY | (constants.O_NONBLOCK ?? 0)));
    } catch {
      return;
    }
  };
  signal?.addEventListener('abort', wake, { once: true });
  const file = await open(path, flags).finally(() => signal?.removeEventListener('abort', wake));
  if (signal?.aborted === true) await file.close();
  signal?.throwIfAborted();
  return file;
}

async function readBounded(
  file: FileHandle,
  path: string,
  maxLength: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const buffer = new Uint8Array(maxLength + 1);
  let length = 0;
  while (length <= maxLength) {
    signal?.throwIfAborted();
    const { bytesRead } = await file.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
  }
  throw unreadable(path, `larger than ${maxLength} bytes`);
}

/** A new file, mode 0600, whole and durable when this resolves. Throws KEY_EXISTS, KEY_NOT_FOUND for its folder, KEY_NOT_WRITTEN. */
export async function createSecretFile(path: string, bytes: Uint8Array): Promise<void> {
  await withTemp(path, bytes, (temp) => linkOnce(temp, path));
}

/** Replaces a file that is no link; the old one stays until the new one is whole and durable. */
export async function replaceSecretFile(path: string, bytes: Uint8Array): Promise<void> {
  if (!(await disk(path, () => lstat(path))).isFile())
    throw unreadable(
      path,
      'a link or no plain file',
      'name the file itself: what a link points to would keep the old password',
    );
  await withTemp(path, bytes, (temp) => rename(temp, path));
}

async function withTemp(
  path: string,
  bytes: Uint8Array,
  place: (temp: string) => Promise<void>,
): Promise<void> {
  const temp = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}.tmp`);
  const file = await disk(path, () => open(temp, 'wx', 0o600), 'KEY_NOT_WRITTEN');
  try {
    const write = async (): Promise<void> => {
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await place(temp);
      await syncFolder(dirname(path));
    };
    await disk(path, write, 'KEY_NOT_WRITTEN');
  } finally {
    await unlink(temp).catch(() => undefined); // renamed away
  }
}

/** `link` is what creates a name and its content at once; where a disk has no links, the name is reserved first. */
async function linkOnce(temp: string, path: string): Promise<void> {
  try {
    await link(temp, path);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(systemCode(error) ?? '')) throw error;
    await (await open(path, 'wx', 0o600)).close();
    await rename(temp, path);
  }
}

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function disk<T>(
  path: string,
  call: () => Promise<T>,
  failure: 'KEY_UNREADABLE' | 'KEY_NOT_WRITTEN' = 'KEY_UNREADABLE',
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const code = systemCode(error);
    if (error instanceof SigningError || code === undefined) throw error;
    if (code === 'EEXIST')
      throw new SigningError('KEY_EXISTS', `${path} exists already`, {
        cause: error,
        hint: 'keys are never overwritten',
      });
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new SigningError('KEY_NOT_FOUND', `${path}: no such file or folder`, { cause: error });
    const why = reasons.get(code) ?? code;
    throw new SigningError(failure, `${path}: ${failure === 'KEY_UNREADABLE' ? '' : 'not written: '}${why}`, {
      cause: error,
    });
  }
}

const reasons: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EPERM', 'operation not permitted'],
  ['ENOSPC', 'no space left on the disk'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EFBIG', 'the file would be larger than this process may write'],
  ['ENAMETOOLONG', 'the name is too long for the disk'],
  ['EROFS', 'the disk is read-only'],
  ['EISDIR', 'it is a folder'],
]);

function unreadable(path: string, problem: string, hint?: string): SigningError {
  return new SigningError('KEY_UNREADABLE', `${path}: ${problem}`, hint === undefined ? {} : { hint });
}

function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error || 'errno' in error)) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
