import { AuditLog, logFolder } from '@ragnos/tlog';
import { logHeadOf } from '../audit.ts';
import { DiskError, nodeFileSystem } from '@ragnos/disk';
import { read, storageKey, type ListedObject, type Storage } from '@ragnos/storage';
import { defaultLimits, parseMetadata, roleName, type Snapshot } from '@ragnos/tuf';
import { PublishError } from '../errors.ts';
import { HeadReader, type Head } from '../head.ts';
import { metadataKey, timestampKey } from '../keys.ts';
import { seenMemory, type SeenMemory } from '../seen.ts';
import type { CallOptions } from '../types.ts';
import type { Hold } from './holds.ts';
import { keptFiles } from './keep.ts';
import { baseAt, loadNotes, saveNotes, withNote, type HeadNote } from './notes.ts';
import { removeListed } from './remove.ts';
import { storedFile } from './store-keys.ts';
import { defaultGrace, defaultKeepFor } from './times.ts';

/** A file may carry the time at which it was begun, a moment before it was the head. */
const swapSlack = 60_000;

export interface CollectOptions extends CallOptions {
  readonly storage: Storage;
  /** The operator's private folder: what was seen last, and when the head was where. */
  readonly staging?: string | undefined;
  /** Default: the clock. Never makes anything older than the store itself says. */
  readonly now?: () => Date;
  readonly keepFor?: number;
  readonly grace?: number;
  readonly holds?: readonly Hold[];
  /** Metadata of signing events and submissions: what they list is kept. Asked after the listing. */
  readonly staged?: () => Promise<readonly Uint8Array[]>;
  /** Deletes. Default: says what would be deleted. */
  readonly apply?: boolean;
  /** Told what is about to be deleted, if anything is; if it throws, nothing is. For the entry in the audit log (decision 13). */
  readonly before?: (garbage: readonly ListedObject[]) => Promise<void>;
}

export interface Amount {
  readonly files: number;
  readonly bytes: number;
}

export interface Collected {
  readonly applied: boolean;
  readonly all: Amount;
  /** Nobody needs it, and it is older than the grace: deleted, or to be. The oldest first. */
  readonly garbage: readonly ListedObject[];
  /** Nobody needs it as far as is known, and it may be part of a publish that is under way. */
  readonly young: Amount;
  /** Nobody needs it, and it is under a legal hold. */
  readonly held: Amount;
  /** What was listed and changed before it could be deleted: somebody publishes it again. */
  readonly spared: number;
  /** The oldest snapshot that a client may still hold; `null`: nobody can tell yet, so nothing is garbage. */
  readonly oldest: number | null;
  /** Where the head is now is kept for the next run; not in a vault that cannot be written. */
  readonly remembered: boolean;
  /** From when on something can be told, where `oldest` is null. */
  readonly knownFrom: Date | null;
}

/**
 * Deletes what nobody needs any more. It lists first and reads the head after: what is published later than the listing is
 * not in it, and what the head names is kept. By the times of the store alone. Of the audit log only what later objects have
 * swallowed goes; files that are none of a repository's are not touched.
 * @throws PublishError STORE_WENT_BACK, NO_REPOSITORY, StorageError: then nothing (more) was deleted
 */
export async function collect(options: CollectOptions): Promise<Collected> {
  const { storage, staging, signal, grace = defaultGrace, keepFor = defaultKeepFor } = options;
  const applied = options.apply === true;
  if (staging !== undefined) await unlessReadOnly(applied, () => nodeFileSystem.makeFolder(staging, 0o700));
  const objects = await listed(storage, signal);
  const staged = (await options.staged?.()) ?? [];
  const seen = seenMemory(staging);
  const memory: SeenMemory = {
    ...seen,
    save: async (...now) => void (await unlessReadOnly(applied, () => seen.save(...now))),
  };
  const head = await new HeadReader(storage, memory, undefined).read({ signal });
  const clock = (options.now ?? ((): Date => new Date()))();
  const swapped = (await storage.head(timestampKey, { signal }))?.modified ?? clock;
  const storeNow = storeTime(objects, swapped, clock);
  const reach = keepFor + Math.min(keepFor, swapSlack);
  const note: HeadNote = {
    snapshot: head.snapshot.signed.version,
    since: committedBy(objects, head, swapped, Math.max(grace, defaultGrace)),
  };
  const notes = withNote(await loadNotes(staging), note);
  const remembered = await unlessReadOnly(applied, () => saveNotes(staging, notes));
  const base = await baseOf(storage, head, notes, new Date(storeNow.getTime() - reach), options);
  const all = amount(objects.values());
  const nothing = { files: 0, bytes: 0 };
  if (base === null)
    return {
      applied: false,
      all,
      garbage: [],
      young: nothing,
      held: nothing,
      spared: 0,
      oldest: null,
      remembered,
      knownFrom: new Date(Math.min(...notes.map(({ since }) => since.getTime())) + reach),
    };
  const { needed, held } = await keptFiles({
    storage,
    objects,
    head,
    base,
    holds: options.holds ?? [],
    staged,
    signal,
  });
  const logHead = logHeadOf(head.timestamp.signed);
  const logNeeds = logHead === null ? null : await new AuditLog(storage).needs(logHead, { signal });
  const unneeded = [...objects.values()].filter(({ key }) =>
    key.startsWith(logFolder)
      ? logNeeds !== null && !key.startsWith(`${logFolder}pending/`) && !logNeeds(key)
      : !needed.has(key) && storedFile(key) !== null,
  );
  const free = unneeded.filter(({ key }) => !held.has(key));
  const isOld = ({ modified }: ListedObject): boolean => storeNow.getTime() - modified.getTime() > grace;
  const garbage = free.filter(isOld).toSorted((a, b) => a.modified.getTime() - b.modified.getTime());
  if (applied && garbage.length > 0) await options.before?.(garbage);
  const spared = applied ? await removeListed(storage, garbage, signal) : 0;
  return {
    applied,
    all,
    garbage,
    young: amount(free.filter((object) => !isOld(object))),
    held: amount(unneeded.filter(({ key }) => held.has(key))),
    spared,
    oldest: base.version,
    remembered,
    knownFrom: null,
  };
}

const readOnly: ReadonlySet<unknown> = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOENT']); // the last: below a folder that could not be made

/** Who only says what would be deleted may do so for a vault that he cannot write to; nothing is remembered then. */
async function unlessReadOnly(applied: boolean, work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    const cause = error instanceof DiskError ? error.cause : error;
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (applied || !readOnly.has(code)) throw error;
    return false;
  }
}

/** Remembers where the head is; for whoever looks at it regularly, so that `collect` knows more when it comes. */
export async function noteHead(storage: Storage, staging: string, options: CallOptions = {}): Promise<void> {
  await nodeFileSystem.makeFolder(staging, 0o700);
  const head = await new HeadReader(storage, seenMemory(staging), undefined).read(options);
  const swapped = await storage.head(timestampKey, options);
  if (swapped === null) return;
  const note = { snapshot: head.snapshot.signed.version, since: swapped.modified };
  await saveNotes(staging, withNote(await loadNotes(staging), note));
}

async function listed(
  storage: Storage,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, ListedObject>> {
  const objects = new Map<string, ListedObject>();
  for (const prefix of ['metadata/', 'targets/', logFolder])
    for await (const object of storage.list(prefix, { signal })) objects.set(object.key, object);
  return objects;
}

/** At most the store's own time, since no store has files of its future: the newest file's, unless that is ahead of us. */
function storeTime(objects: ReadonlyMap<string, ListedObject>, swapped: Date, clock: Date): Date {
  let newest = swapped.getTime();
  for (const { modified } of objects.values()) newest = Math.max(newest, modified.getTime());
  return new Date(Math.min(newest, clock.getTime()));
}

/**
 * By when the head's snapshot was the head: when the timestamp above it was written, and no later than half the grace
 * after the snapshot was, since slower publishes give up.
 */
function committedBy(
  objects: ReadonlyMap<string, ListedObject>,
  head: Head,
  swapped: Date,
  grace: number,
): Date {
  const written = objects.get(metadataKey(roleName('snapshot'), head.snapshot.signed.version))?.modified;
  const latest = written === undefined ? swapped.getTime() : written.getTime() + grace / 2;
  return new Date(Math.min(swapped.getTime(), latest));
}

async function baseOf(
  storage: Storage,
  head: Head,
  notes: readonly HeadNote[],
  cutoff: Date,
  { signal }: CallOptions,
): Promise<Snapshot | null> {
  const found = baseAt(notes, cutoff);
  if (found === null) return null;
  const { snapshot: version } = found;
  if (version === head.snapshot.signed.version) return head.snapshot.signed;
  if (version > head.snapshot.signed.version)
    throw new PublishError(
      'STORE_WENT_BACK',
      `nothing was deleted: snapshot is at version ${head.snapshot.signed.version}, and was at ${version}`,
      { hint: 'look at it with: ragv doctor' },
    );
  const key = metadataKey(roleName('snapshot'), version);
  const bytes = await read(storage, storageKey(key), {
    maxLength: 8 * defaultLimits.snapshotMaxLength,
    signal,
  });
  return bytes === null ? null : parseMetadata(bytes.bytes, 'snapshot', undefined, key).signed;
}

function amount(objects: Iterable<ListedObject>): Amount {
  let files = 0;
  let bytes = 0;
  for (const { size } of objects) {
    files++;
    bytes += size;
  }
  return { files, bytes };
}
