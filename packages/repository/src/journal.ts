import { randomBytes } from 'node:crypto';
import { appendFileSync, closeSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DiskError, lockFile, nodeFileSystem, sweepTemporaries, type Lock } from '@ragnos/disk';
import { read, storageKey, type Storage } from '@ragnos/storage';
import { AuditLog, LogError, logFolder } from '@ragnos/tlog';
import { defaultLimits, isJsonArray, parseJson, VaultError, type JsonValue } from '@ragnos/tuf';
import { logHeadOf } from './audit.ts';
import { decide } from './commits.ts';
import type { Head } from './head.ts';
import { metadataKey, timestampKey } from './keys.ts';
import { rootRole, sha256 } from './signed.ts';

/** One try to commit: what it writes before its commit point, noted before it is written. */
export interface Attempt {
  /** Also in the timestamp that it writes, which is how it is told whether it happened. */
  readonly id: string;
  /** The version of that timestamp: exactly one commit ever has it. */
  readonly timestampVersion: number;
  /** Metadata files that nobody else wrote, by their digest. Targets are not noted: left behind, they serve a retry. */
  readonly files: Map<string, string>;
}

export interface Journal {
  note(attempt: Attempt): Promise<void>;
  /** Its fate is known, and what it left is removed or belongs to the repository. */
  forget(attempt: Attempt): Promise<void>;
  /** Removes what killed publishes left behind. `undecided`: the head has to move before all of it can be judged. */
  recover(head: Head): Promise<{ readonly undecided: boolean }>;
  close(): Promise<void>;
}

export function newAttempt(timestampVersion: number): Attempt {
  return { id: randomBytes(8).toString('hex'), timestampVersion, files: new Map() };
}

/** Deletes the metadata of an attempt that lost. Only files that still hold what it wrote, and that no head refers to. */
export async function removeFiles(
  storage: Storage,
  files: Attempt['files'],
  head: Head | null,
  spare: () => Promise<ReadonlySet<string>>,
): Promise<void> {
  const referenced = head === null ? new Set<string>() : references(head);
  for (const [raw, digest] of files) {
    if (referenced.has(raw) || (await isInLog(storage, head, raw))) continue;
    const key = storageKey(raw);
    const found = await read(storage, key, { maxLength: defaultLimits.targetsMaxLength });
    if (found === null || sha256(found.bytes) !== digest) continue;
    if (!(await spare()).has(raw)) await storage.delete(key); // asked last: what is there now is in somebody's journal by now
  }
}

/** Whoever went on with a log whose signed head was a thief's may have taken over what this attempt had put there. */
async function isInLog(storage: Storage, head: Head | null, key: string): Promise<boolean> {
  if (head === null || !key.startsWith(logFolder)) return false;
  try {
    const log = logHeadOf(head.timestamp.signed);
    return log !== null && (await new AuditLog(storage).needs(log))(key);
  } catch (error) {
    if (error instanceof LogError) return true; // nothing goes while nobody knows
    throw error;
  }
}

function references(head: Head): ReadonlySet<string> {
  const keys = new Set<string>([timestampKey, metadataKey(rootRole, head.root.signed.version)]);
  keys.add(`metadata/${head.timestamp.signed.snapshot.version}.snapshot.json`);
  for (const [role, { version }] of head.snapshot.signed.meta) keys.add(metadataKey(role, version));
  return keys;
}

/** In memory only: what a kill leaves stays, harmless, since occupied version numbers are never used. */
export function noJournal(): Journal {
  const open = new Map<string, Attempt>();
  return {
    note: (attempt) => Promise.resolve(void open.set(attempt.id, attempt)),
    forget: (attempt) => Promise.resolve(void open.delete(attempt.id)),
    recover: () => Promise.resolve({ undecided: false }),
    close: () => Promise.resolve(),
  };
}

/** `true`: decided, and cleaned up. */
async function settle(
  storage: Storage,
  attempt: Attempt,
  head: Head,
  spare: () => Promise<ReadonlySet<string>>,
): Promise<boolean> {
  const fate = decide(head.timestamp.signed, attempt);
  if (fate === 'lost') await removeFiles(storage, attempt.files, head, spare);
  return fate !== 'open';
}

/**
 * One file for each process in `<staging>/journal/`, beside a lock that the kernel frees with its process: a file whose lock
 * can be had belongs to a dead one. A line for each file that is about to be written; emptied once no attempt is open. What it
 * names too much does no harm, since a file is removed only if it holds what that line says. Not synced: after a power failure
 * the files it names are orphans that harm nobody.
 */
export function fileJournal(staging: string, storage: Storage): Journal {
  const folder = join(staging, 'journal');
  const own = `${process.pid}-${randomBytes(6).toString('hex')}`;
  const attempts = new Map<string, Attempt>();
  /** What is in the file, by attempt and key. */
  const noted = new Map<string, Map<string, string>>();
  let lock: Lock | null = null;
  let file: number | null = null;
  let writing: Promise<void> = Promise.resolve();

  async function open(): Promise<number> {
    if (lock === null) {
      await nodeFileSystem.makeFolder(folder, 0o700);
      lock = await lockFile(join(folder, `${own}.lock`));
    }
    file ??= openSync(join(folder, `${own}.jsonl`), 'a', 0o600);
    return file;
  }

  // At once: unsynced, it touches the kernel's memory alone, and the way through the thread pool takes longer.
  async function write({ id, timestampVersion, files }: Attempt): Promise<void> {
    const handle = await open();
    const known = noted.get(id) ?? new Map<string, string>();
    const fresh = [...files].filter(([key, digest]) => known.get(key) !== digest);
    if (fresh.length === 0) return;
    const lines = fresh.map(([key, digest]) => JSON.stringify([id, timestampVersion, key, digest]));
    appendFileSync(handle, `\n${lines.join('\n')}`); // the end of line first: it ends what a full disk may have torn
    for (const [key, digest] of fresh) known.set(key, digest);
    noted.set(id, known);
  }

  function empty(): void {
    if (file === null || attempts.size > 0) return;
    ftruncateSync(file);
    noted.clear();
  }

  const next = (run: () => Promise<void> | void): Promise<void> => {
    writing = writing.then(run, run);
    return writing;
  };

  return {
    note: (attempt) => {
      attempts.set(attempt.id, attempt);
      return next(() => write(attempt));
    },
    forget: (attempt) => {
      attempts.delete(attempt.id);
      return next(empty);
    },
    async recover(head) {
      await sweepTemporaries(staging, { now: new Date() });
      const others = (await nodeFileSystem.list(folder)).filter(
        (name) => name.endsWith('.lock') && name !== `${own}.lock`,
      );
      let undecided = false;
      for (const name of others)
        if (!(await recoverOther(folder, name.slice(0, -'.lock'.length), storage, head))) undecided = true;
      return { undecided };
    },
    async close() {
      await writing.catch(() => undefined);
      if (file !== null) closeSync(file);
      file = null;
      if (lock === null) return;
      if (attempts.size === 0)
        for (const ending of ['jsonl', 'lock']) rmSync(join(folder, `${own}.${ending}`), { force: true });
      lock.release();
      lock = null;
    },
  };
}

/** `false`: dead, and what it tried is not decided yet. */
async function recoverOther(folder: string, name: string, storage: Storage, head: Head): Promise<boolean> {
  const lockPath = join(folder, `${name}.lock`);
  let lock: Lock;
  try {
    lock = await lockFile(lockPath, { timeoutMs: 0 });
  } catch (error) {
    if (error instanceof DiskError) return true; // alive, or another recovers it now
    throw error;
  }
  try {
    const path = join(folder, `${name}.jsonl`);
    const attempts = await readAttempts(path);
    const spare = (): Promise<ReadonlySet<string>> => liveFiles(folder, name);
    let open = false;
    for (const attempt of attempts) if (!(await settle(storage, attempt, head, spare))) open = true;
    if (open) return false;
    for (const file of [path, lockPath]) await rm(file, { force: true }); // the lock last, and still held
    return true;
  } finally {
    lock.release();
  }
}

async function liveFiles(folder: string, except: string): Promise<ReadonlySet<string>> {
  const files = new Set<string>();
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.jsonl') || name === `${except}.jsonl`) continue;
    for (const attempt of await readAttempts(join(folder, name)))
      for (const key of attempt.files.keys()) files.add(key);
  }
  return files;
}

/** A journal that is absent names nothing that we may remove, and neither does a line that is torn. */
async function readAttempts(path: string): Promise<readonly Attempt[]> {
  const attempts = new Map<string, Attempt>();
  for (const line of (await textOf(path)).split('\n')) {
    const [id, timestampVersion, key, digest] = readLine(line, path);
    if (typeof id !== 'string' || typeof timestampVersion !== 'number') continue;
    if (typeof key !== 'string' || typeof digest !== 'string') continue;
    const attempt = attempts.get(id) ?? { id, timestampVersion, files: new Map<string, string>() };
    attempts.set(id, attempt);
    attempt.files.set(key, digest);
  }
  return [...attempts.values()];
}

function readLine(line: string, path: string): readonly JsonValue[] {
  try {
    const json = parseJson(Buffer.from(line), path);
    return isJsonArray(json) ? json : [];
  } catch (error) {
    if (error instanceof VaultError) return [];
    throw error;
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
