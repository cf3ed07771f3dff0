import { DiskError, lockFile, type Lock } from '@ragnos/disk';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder of this process's own, and nobody else's. */
export interface OwnFolder {
  /** A real path. */
  readonly path: string;
  /** Idempotent. */
  remove(): void;
}

const lockName = 'lock';
const attempts = 5;
const swept = new Set<string>();

/**
 * Makes one below the system's temporary folder, or `base`. Beside it lies a lock that the kernel frees when we end, however that
 * is: by it others know a folder that is in use. A process id would not do, since another container counts its own.
 */
export async function makeOwnFolder(prefix: string, base: string = tmpdir()): Promise<OwnFolder> {
  const start = path.join(base, prefix);
  if (!swept.has(start)) await sweep(base, prefix);
  swept.add(start);
  for (let attempt = 1; ; attempt++) {
    const around = realpathSync(mkdtempSync(`${start}${process.pid}-`));
    const lock = await holdNew(around);
    if (lock === null && attempt < attempts) continue;
    if (lock === null) throw new DiskError('LOCK', `${around} was removed as soon as it was made`);
    const folder = path.join(around, 'own');
    mkdirSync(folder, { mode: 0o700 });
    return {
      path: folder,
      remove: () => {
        lock.release(); // Windows removes no open file
        rmSync(around, { recursive: true, force: true, maxRetries: 3 });
      },
    };
  }
}

/** `null` = whoever sweeps was there before the lock. */
async function holdNew(around: string): Promise<Lock | null> {
  const file = path.join(around, lockName);
  let lock: Lock;
  try {
    lock = await lockFile(file);
  } catch (error) {
    if (existsSync(around)) throw error;
    return null;
  }
  if (existsSync(file)) return lock;
  lock.release();
  return null;
}

/** Those of processes that were killed: what can be locked. */
async function sweep(base: string, prefix: string): Promise<void> {
  for (const name of readdirSync(base)) {
    if (!name.startsWith(prefix)) continue;
    try {
      await removeUnlessHeld(path.join(base, name));
    } catch {
      continue; // held, or somebody else's
    }
  }
}

async function removeUnlessHeld(around: string): Promise<void> {
  const file = path.join(around, lockName);
  if (lstatSync(around).uid !== process.geteuid?.() || !lstatSync(file).isFile()) return;
  const lock = await lockFile(file, { timeoutMs: 0 });
  try {
    rmSync(around, { recursive: true, force: true });
  } finally {
    lock.release();
  }
}
