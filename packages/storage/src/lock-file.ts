import { DiskError, lockFile as lockOnDisk } from '@ragnos/disk';
import { StorageError, type StorageErrorCode } from './errors.ts';

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for another holder; then STORAGE_LOCKED. Default: 30 s. */
  readonly timeoutMs?: number;
}

/** Held until `release` or the end of the process, however it ends. */
export interface FileLock {
  /** May be called twice. */
  release(): void;
}

/**
 * Holds `path` alone among all processes of this machine, as `@ragnos/disk` does, with the errors of a store.
 * The folder of `path` must exist. Throws STORAGE_LOCKED, STORAGE_SYMLINK, STORAGE_DENIED, STORAGE_UNAVAILABLE, or the
 * reason of the signal.
 */
export async function lockFile(path: string, options: LockOptions = {}): Promise<FileLock> {
  const { signal, timeoutMs = 30_000 } = options;
  try {
    return await lockOnDisk(path, { signal, timeoutMs });
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    const { cause, message, hint } = error;
    throw new StorageError(codeOf(error), message, { cause, ...(hint === undefined ? {} : { hint }) });
  }
}

function codeOf({ code, cause }: DiskError): StorageErrorCode {
  if (code === 'LOCK_TIMEOUT') return 'STORAGE_LOCKED';
  if (code === 'DISK_LINK') return 'STORAGE_SYMLINK';
  return deniedCodes.has(sqliteCode(cause) ?? 0) ? 'STORAGE_DENIED' : 'STORAGE_UNAVAILABLE';
}

const deniedCodes: ReadonlySet<number> = new Set([3, 8, 23]); // SQLite's PERM, READONLY, AUTH

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined;
  return error.errcode & 0xff; // without the extension
}
