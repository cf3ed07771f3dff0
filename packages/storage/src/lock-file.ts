import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
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
  const deadline = performance.now() + timeoutMs;
  for (let pause = 1; ; pause = Math.min(pause * 1.5, 25)) {
    signal?.throwIfAborted();
    const lock = tryLock(path);
    if (lock !== null) return lock;
    if (performance.now() >= deadline)
      throw new StorageError('STORAGE_LOCKED', `${path} was locked by another process for ${timeoutMs} ms`, {
        hint: 'wait for the other command to end, then try again',
      });
    await sleep(pause * (0.5 + Math.random()), undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
}

/** `null`: somebody holds it. */
function tryLock(path: string): FileLock | null {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    const code = sqliteCode(error);
    if (code === busy) return null;
    const denied = code !== undefined && deniedCodes.has(code);
    throw new StorageError(denied ? 'STORAGE_DENIED' : 'STORAGE_UNAVAILABLE', `cannot lock ${path}`, { cause: error });
  }
  let held: DatabaseSync | null = database;
  return {
    release() {
      held?.close(); // rolls back, which frees the file
      held = null;
    },
  };
}

const busy = 5;
const deniedCodes: ReadonlySet<number> = new Set([3, 8, 23]); // PERM, READONLY, AUTH

/** The primary result code of an SQLite error. */
function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}
