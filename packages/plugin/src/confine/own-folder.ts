import { DiskError, lockFile, type Lock } from '@ragnos/disk';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder of this process's own, and nobody else's. */
export interface OwnFolder {
  /** A real path. */
  readonly path: string;
  /** Idempotent, and never throws: what a plugin left so that it cannot be removed is no failure of its host. It is swept later. */
  remove(): void;
}

const lockName = 'lock';
const ownName = 'own';
const attempts = 5;
/** One without a lock that is no older may be about to get it. */
const youngMs = 60_000;
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
    const lock = await holdNew(around).catch((error: unknown) => {
      rmSync(around, { recursive: true, force: true });
      throw error;
    });
    if (lock === null && attempt < attempts) continue;
    if (lock === null) throw new DiskError('LOCK', `${around} was removed as soon as it was made`);
    const folder = path.join(around, ownName);
    mkdirSync(folder, { mode: 0o700 });
    return {
      path: folder,
      remove: () => {
        removeAll(around, lock);
      },
    };
  }
}

/** The lock's file goes last: by it a folder is found whose removal fails or is ended. */
function removeAll(around: string, lock: Lock): void {
  try {
    removeOpening(path.join(around, ownName));
    lock.release(); // Windows removes no open file
    rmSync(around, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    lock.release(); // swept later
  }
}

function removeOpening(folder: string): void {
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    remove();
  } catch {
    openFolders(folder);
    remove();
  }
}

/** So that what is in them can be removed, whatever its owner made of their modes. Follows no link. */
function openFolders(top: string): void {
  const left = [top];
  for (let folder = left.pop(); folder !== undefined; folder = left.pop()) {
    if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) continue;
    chmodSync(folder, 0o700);
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) left.push(path.join(folder, entry.name));
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
  const us = process.geteuid?.(); // Windows has none, and 0 for every owner
  const { uid, mtimeMs } = lstatSync(around);
  if (us !== undefined && uid !== us) return;
  const lock = lstatSync(file, { throwIfNoEntry: false });
  // Whoever made it was killed before its lock was there, or whoever removed it after that was gone: nothing is in it.
  if (lock === undefined && Date.now() - mtimeMs > youngMs) rmdirSync(around);
  if (lock?.isFile() === true) removeAll(around, await lockFile(file, { timeoutMs: 0 }));
}
