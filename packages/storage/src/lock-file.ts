import { lstat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatabaseSync } from 'node:sqlite';
import { StorageError } from './errors.ts';

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
 * Holds `path` alone, among all processes of this machine (and containers that share the folder), and among callers in this
 * process. The kernel frees it when its holder dies, because it is an exclusive SQLite transaction on the file: nothing is
 * ever written to it, it stays empty, and nobody may delete it while others may be waiting.
 *
 * The folder of `path` must exist. Waiting sleeps, it never blocks the event loop.
 * Throws STORAGE_LOCKED, STORAGE_DENIED, STORAGE_UNAVAILABLE, or the reason of the signal.
 */
export async function lockFile(path: string, options: LockOptions = {}): Promise<FileLock> {
  const { signal, timeoutMs = 30_000 } = options;
  signal?.throwIfAborted();
  const deadline = performance.now() + timeoutMs;
  const { DatabaseSync } = await import('node:sqlite'); // most commands never lock
  if ((await lstat(path).catch(() => null))?.isFile() === false)
    throw new StorageError('STORAGE_SYMLINK', `${path} is not a plain file`, {
      hint: 'remove it if it is not yours',
    });
  const database = attempt(path, () => new DatabaseSync(path, { timeout: 0 }));
  try {
    for (let pause = 1; !tryBegin(path, database); pause = Math.min(pause * 1.5, 25)) {
      if (performance.now() >= deadline)
        throw new StorageError(
          'STORAGE_LOCKED',
          `${path} was locked by another process for ${timeoutMs} ms`,
          {
            hint: 'wait for the other command to end, then try again',
          },
        );
      await sleep(pause * (0.5 + Math.random()), undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    release() {
      if (database.isOpen) database.close(); // rolls back, which frees the file
    },
  };
}

/** `false`: somebody holds it. */
function tryBegin(path: string, database: DatabaseSync): boolean {
  return attempt(path, () => {
    try {
      database.exec('BEGIN EXCLUSIVE');
      return true;
    } catch (error) {
      if (sqliteCode(error) === busy) return false;
      throw error;
    }
  });
}

function attempt<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    const denied = deniedCodes.has(sqliteCode(error) ?? 0);
    throw new StorageError(denied ? 'STORAGE_DENIED' : 'STORAGE_UNAVAILABLE', `cannot lock ${path}`, {
      cause: error,
    });
  }
}

const busy = 5;
const deniedCodes: ReadonlySet<number> = new Set([3, 8, 23]); // PERM, READONLY, AUTH

/** The primary result code of an SQLite error. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined;
  return error.errcode & 0xff;
}
