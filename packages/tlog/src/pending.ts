import { putOnce, storageKey, type CallOptions, type Storage, type StorageKey } from '@ragnos/storage';
import { utf8 } from './bundle.ts';
import type { LogEntry, NewEntry } from './entry.ts';
import { idPattern, newId, newLine, readLine } from './entry-json.ts';
import { LogError } from './errors.ts';
import { sha256 } from './hash.ts';
import { inParallel } from './in-parallel.ts';
import { pendingFolder, pendingKey } from './keys.ts';
import { logLimits, objectMaxLength } from './limits.ts';
import { readObject } from './read-object.ts';

/** What waits for the next commit. `entry` is `null` for a file that is no refusal: `problem` says so in the log then. */
export interface Pending {
  readonly key: StorageKey;
  /** Of its entry; `null` where the file has no proper name. */
  readonly id: string | null;
  readonly line: string;
  readonly entry: LogEntry | null;
  readonly problem: string;
}

/** Stands for all that were not kept; sorts behind every id, so that it is taken in last. */
const overflowKey = storageKey(`${pendingFolder}overflow.json`);
const meta = { contentType: 'application/json', cacheControl: 'no-store' };

/** `false`: too many are waiting; that there were more is noted once, and taken in by the next commit. */
export async function putPending(storage: Storage, entry: NewEntry, call: CallOptions): Promise<boolean> {
  const id = newId(entry.time);
  const line = newLine(entry, id);
  const waiting = await listPending(storage, logLimits.pendingMaxCount, call);
  if (waiting.length < logLimits.pendingMaxCount) {
    await putOnce(storage, pendingKey(id), Buffer.from(line), meta, call);
    return true;
  }
  const { time, kind, actor, host, tool } = entry;
  const message = `${waiting.length} refusals were waiting already: this one and perhaps more are not recorded`;
  const lost = newLine({ time, kind, actor, host, tool, code: 'LOG_PENDING_FULL', message });
  await storage.putIfAbsent(overflowKey, Buffer.from(lost), meta, call);
  return false;
}

/** The keys of what waits, the oldest first, the note of an overflow last. */
async function listPending(
  storage: Storage,
  limit: number,
  call: CallOptions,
): Promise<readonly StorageKey[]> {
  const keys: StorageKey[] = [];
  for await (const { key } of storage.list(pendingFolder, call)) {
    keys.push(key);
    if (keys.length >= limit) break;
  }
  return keys;
}

/** `null`: a name that no entry has. */
function idOf(key: StorageKey): string | null {
  const name = key.slice(pendingFolder.length, -'.json'.length);
  return idPattern.test(name) ? name : null;
}

/** `null`: gone since it was listed. */
async function readPending(storage: Storage, key: StorageKey, call: CallOptions): Promise<Pending | null> {
  const id = idOf(key);
  let digest = 'unknown';
  try {
    const bytes = await readObject(storage, key, objectMaxLength, call);
    if (bytes === null) return null;
    digest = sha256(bytes);
    const line = utf8(bytes, key);
    const entry = readLine(line);
    const own = entry.id === id || key === overflowKey;
    if (own && entry.kind === 'refusal') return { key, id: entry.id, line, entry, problem: '' };
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
  }
  return { key, id, line: '', entry: null, problem: `${key} was no refusal; its sha256: ${digest}` };
}

export interface PendingAt {
  readonly fresh: readonly Pending[];
  /** In the log already; their files outlived a crash. */
  readonly stale: readonly StorageKey[];
}

/**
 * What waits, at a head whose last lines are given; at most `limit` of it. Whoever committed that head may have died before
 * removing what it took in, so that is told apart by its id, all of it. Nobody commits on top before removing it: so each refusal
 * is taken in once, provided that the head was read before this is called.
 */
export async function pendingAt(
  storage: Storage,
  lines: readonly string[],
  limit: number,
  call: CallOptions,
): Promise<PendingAt> {
  const keys = await listPending(storage, logLimits.pendingListed, call);
  if (keys.length === 0) return { fresh: [], stale: [] };
  const logged = new Set(lines.map((line) => readLine(line).id));
  const isLogged = (id: string | null): boolean => id !== null && logged.has(id);
  const waiting = keys.filter((key) => !isLogged(idOf(key)));
  const wanted = waiting.filter((key, at) => at < limit || key === overflowKey); // its id is inside
  const found = await inParallel(wanted, (key) => readPending(storage, key, call));
  const there = found.filter((one) => one !== null);
  const named = keys.filter((key) => isLogged(idOf(key)));
  return {
    fresh: there.filter(({ id }) => !isLogged(id)).slice(0, limit),
    stale: [...named, ...there.filter(({ id }) => isLogged(id)).map(({ key }) => key)],
  };
}

/** The line that the log gets; `by` speaks where there is none that could be read: nothing is dropped in silence. */
export function pendingLine({ id, line, entry, problem }: Pending, by: NewEntry): string {
  if (entry !== null) return line;
  const { time, actor, host, tool } = by;
  const instead: NewEntry = {
    time,
    kind: 'refusal',
    actor,
    host,
    tool,
    code: 'LOG_PENDING_UNREADABLE',
    message: problem,
  };
  return newLine(instead, id ?? undefined);
}

export async function removePending(
  storage: Storage,
  keys: readonly StorageKey[],
  call: CallOptions,
): Promise<void> {
  await inParallel(keys, (key) => storage.delete(key, call));
}
