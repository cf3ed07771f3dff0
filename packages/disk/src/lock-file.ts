import type { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

import { DiskError, errorCode } from './errors.ts';
import { nodeFileSystem } from './node-file-system.ts';

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long to wait for the holder before `LOCK_TIMEOUT`. Default one minute; 0 tries once. */
  readonly timeoutMs?: number;
  /** Held together with others that share it; none of them beside one that does not. Default `false`. */
  readonly shared?: boolean;
}

export interface Lock {
  /** Idempotent. */
  release(): void;
  [Symbol.dispose](): void;
}

const sqliteBusy = 5;
const sqliteFull = 13;
const firstPauseMs = 2;
const longestPauseMs = 40;

/** Monotonic; `performance` would load perf_hooks, 5 ms. */
function uptimeMs(): number {
  return process.uptime() * 1000;
}

function sqliteCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
    ? error.errcode & 0xff // without the extension
    : undefined;
}

function held(database: DatabaseSync): Lock {
  let open = true;
  const release = (): void => {
    if (!open) return;
    open = false;
    database.close(); // rolls the empty transaction back, and the kernel's lock goes with it
  };
  return { release, [Symbol.dispose]: release };
}

async function refuseOddFile(path: string): Promise<void> {
  const found = await nodeFileSystem.info(path).catch((error: unknown) => {
    throw new DiskError('LOCK', `cannot lock ${path}: ${errorCode(error) ?? 'unknown reason'}`, {
      cause: error,
    });
  });
  if (found !== null && found.kind !== 'file')
    throw new DiskError('DISK_LINK', `${path} is not a plain file`, { hint: 'remove it if it is not yours' });
}

/**
 * Waits for, then holds, the lock that `path` stands for: between processes, between threads and within one.
 * It is an exclusive SQLite transaction on an empty file, which the kernel frees when its holder dies, however it
 * dies: there is no stale lock and nobody guesses at process ids. Waiting never blocks the event loop; there is no order among those who wait.
 *
 * The file is created if it is absent and stays for ever: removing it while somebody waits gives two holders.
 * Nothing else may open it in a process that holds it (POSIX: closing any descriptor of a file drops the locks on
 * it). Its folder must exist on a local file system; NFS is only as good as its lock daemon.
 * Throws DiskError, or the reason of the signal.
 */
export async function lockFile(path: string, options: LockOptions = {}): Promise<Lock> {
  const { DatabaseSync } = await import('node:sqlite'); // not at import: most commands never lock
  const { signal, timeoutMs = 60_000, shared = false } = options;
  const deadline = uptimeMs() + timeoutMs;
  await refuseOddFile(path);
  for (let pause = firstPauseMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    signal?.throwIfAborted();
    let database: DatabaseSync | undefined;
    try {
      database = new DatabaseSync(path, { timeout: 0 });
      // A transaction that has only read holds SQLite's shared lock until it ends.
      database.exec(shared ? 'BEGIN; SELECT 1 FROM sqlite_schema' : 'BEGIN EXCLUSIVE');
      return held(database);
    } catch (error) {
      database?.close();
      if (sqliteCode(error) !== sqliteBusy)
        throw new DiskError(
          'LOCK',
          `cannot lock ${path}: ${error instanceof Error ? error.message : 'unknown reason'}`,
          {
            cause: error,
            hint:
              sqliteCode(error) === sqliteFull
                ? 'the disk is full'
                : 'the folder must exist and be writable, on a local file system; a lock file is empty',
          },
        );
    }
    if (uptimeMs() >= deadline)
      throw new DiskError('LOCK_TIMEOUT', `another process holds ${path}`, {
        hint: 'wait for it, then try again',
      });
    await sleep(pause * (0.5 + Math.random()), undefined, signal === undefined ? {} : { signal }).catch(() =>
      signal?.throwIfAborted(),
    );
  }
}
