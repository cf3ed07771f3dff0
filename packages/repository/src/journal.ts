import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DiskError, lockFile, nodeFileSystem, sweepTemporaries, type Lock } from '@ragnos/disk';
import { read, storageKey, type Storage } from '@ragnos/storage';
import { defaultLimits, isJsonObject, parseJson, Reader, VaultError } from '@ragnos/tuf';
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
    if (referenced.has(raw)) continue;
    const key = storageKey(raw);
    const found = await read(storage, key, { maxLength: defaultLimits.targetsMaxLength });
    if (found === null || sha256(found.bytes) !== digest) continue;
    if (!(await spare()).has(raw)) await storage.delete(key); // asked last: what is there now is in somebody's journal by now
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
 * can be had belongs to a dead one. Not synced: after a power failure the files it names are orphans that harm nobody.
 */
export function fileJournal(staging: string, storage: Storage): Journal {
  const folder = join(staging, 'journal');
  const own = `${process.pid}-${randomBytes(6).toString('hex')}`;
  const attempts = new Map<string, Attempt>();
  let lock: Lock | null = null;
  let writing: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    if (lock === null) {
      await nodeFileSystem.makeFolder(folder, 0o700);
      lock = await lockFile(join(folder, `${own}.lock`));
    }
    const path = join(folder, `${own}.json`);
    if (attempts.size === 0) return rmSync(path, { force: true });
    const list = [...attempts.values()].map((attempt) => ({
      ...attempt,
      files: Object.fromEntries(attempt.files),
    }));
    // At once: unsynced, they touch the kernel's memory alone, and the way through the thread pool takes longer.
    writeFileSync(`${path}.new`, JSON.stringify({ format, attempts: list }), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  const save = (): Promise<void> => {
    writing = writing.then(write, write);
    return writing;
  };

  return {
    note: (attempt) => {
      attempts.set(attempt.id, attempt);
      return save();
    },
    forget: (attempt) => {
      attempts.delete(attempt.id);
      return save();
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
      if (lock === null) return;
      if (attempts.size === 0) await rm(join(folder, `${own}.lock`), { force: true });
      lock.release();
      lock = null;
    },
  };
}

const format = 'ragnos-journal/1';

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
    const path = join(folder, `${name}.json`);
    const attempts = await readAttempts(path);
    const spare = (): Promise<ReadonlySet<string>> => liveFiles(folder, name);
    let open = false;
    for (const attempt of attempts) if (!(await settle(storage, attempt, head, spare))) open = true;
    if (open) return false;
    for (const file of [path, `${path}.new`, lockPath]) await rm(file, { force: true }); // the lock last, and still held
    return true;
  } finally {
    lock.release();
  }
}

async function liveFiles(folder: string, except: string): Promise<ReadonlySet<string>> {
  const files = new Set<string>();
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.json') || name === `${except}.json`) continue;
    for (const attempt of await readAttempts(join(folder, name)))
      for (const key of attempt.files.keys()) files.add(key);
  }
  return files;
}

/** A journal that is absent or torn names nothing that we may remove. */
async function readAttempts(path: string): Promise<readonly Attempt[]> {
  try {
    const reader = Reader.of(parseJson(await readFile(path), path), path);
    if (reader.string('format') !== format) return [];
    return reader.array('attempts').map((json) => {
      const item = Reader.of(json, path);
      const files = item.value('files');
      return {
        id: item.string('id'),
        timestampVersion: item.version('timestampVersion'),
        files: new Map(
          Object.entries(isJsonObject(files) ? files : {}).map(([key, digest]) => [
            key,
            typeof digest === 'string' ? digest : '',
          ]),
        ),
      };
    });
  } catch (error) {
    const absent = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (absent || error instanceof VaultError) return [];
    throw error;
  }
}
