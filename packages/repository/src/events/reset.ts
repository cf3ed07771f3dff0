import { read } from '@ragnos/storage';
import {
  checkBytes,
  defaultLimits,
  parseMetadata,
  roleName,
  VaultError,
  verifyThreshold,
  type Root,
  type Snapshot,
  type Timestamp,
} from '@ragnos/tuf';
import { topLevelKeys } from '../commit.ts';
import { withCommit } from '../commits.ts';
import { logHeadOf, withLogHead } from '../audit.ts';
import { isLog, soundLog } from './reset-log.ts';
import { sign, SigningDesk } from '../desk.ts';
import { PublishError } from '../errors.ts';
import type { Head } from '../head.ts';
import { newAttempt } from '../journal.ts';
import { metadataKey, timestampKey } from '../keys.ts';
import { objectMeta } from '../object-meta.ts';
import { putVersioned } from '../put.ts';
import { isFault, keysIn, type PutRootOptions } from '../root.ts';
import { expiry, metaFile, specVersion, targetsRole } from '../signed.ts';
import type { Engine } from '../transact.ts';
import { Workspace } from '../workspace.ts';

/** No honest repository comes here: at ten publishes a second it would take three years. */
export const lastHonestVersion = 2 ** 30;
/** Above what any honest timestamp had, whose number is in no file name: it is re-signed twice a day without a snapshot. */
const aboveSnapshot = 2 ** 20;
const snapshotsTried = 200;

/** Why the head cannot be built upon, and its snapshot if that is sound. */
export interface Damage {
  readonly why: string;
  readonly snapshot: Snapshot | null;
}

/**
 * Looks whether somebody with the keys that `next` replaces made the head one that nobody can build upon: versions near
 * the end, a snapshot or a role that is not there. `null` where it is sound, or where `next` keeps those keys: then the
 * usual errors say what is wrong.
 */
export async function findDamage(
  engine: Engine,
  root: Root,
  next: Root,
  options: PutRootOptions,
): Promise<Damage | null> {
  // What goes could have signed alone.
  const replaces = (role: 'timestamp' | 'snapshot'): boolean => {
    const [old, kept] = [topLevelKeys(root, role), topLevelKeys(next, role).keyIds];
    return old.keyIds.filter((id) => !kept.includes(id)).length >= old.threshold;
  };
  if (!replaces('timestamp')) return null;
  try {
    const head = await engine.reader.read({ ...options, orPreviousRoot: true });
    const { timestamp, snapshot } = head;
    const high = [...snapshot.signed.meta].find(([, file]) => file.version > lastHonestVersion);
    if (high !== undefined) return { why: `${high[0]} stands at version ${high[1].version}`, snapshot: null };
    if (snapshot.signed.version > lastHonestVersion)
      return { why: `snapshot stands at version ${snapshot.signed.version}`, snapshot: snapshot.signed };
    if (replaces('snapshot')) await readAll(head, engine);
    const log = logHeadOf(timestamp.signed);
    if (log !== null && !(await isLog(engine, log, options)))
      return { why: `there is no audit log of ${log.size} entries`, snapshot: snapshot.signed };
    return timestamp.signed.version > lastHonestVersion
      ? { why: `timestamp stands at version ${timestamp.signed.version}`, snapshot: snapshot.signed }
      : null;
  } catch (error) {
    if (!isFault(error)) throw error;
    return { why: error.message, snapshot: null };
  }
}

async function readAll(head: Head, engine: Engine): Promise<void> {
  const workspace = new Workspace(head, engine.now());
  for await (const at of workspace.walk()) await head.role(at.name, at.delegator);
}

/**
 * Gives timestamp and snapshot low versions again, signed by the keys of both roots as far as they are at hand. The root is
 * put right after it: until then clients that saw the high versions refuse this, and then they forget what they saw
 * (5.3.11). Killed in between, the same call does it again.
 * @throws PublishError SIGNATURES_MISSING for the new keys, STORE_WENT_BACK where no sound snapshot is left
 */
export async function resetLive(
  engine: Engine,
  root: Root,
  next: Root,
  damage: Damage,
  options: PutRootOptions,
): Promise<void> {
  const { storage, journal, lifetimes } = engine;
  const now = engine.now();
  const desk = new SigningDesk(engine.source, options.extra);
  const signersOf = (role: 'timestamp' | 'snapshot') =>
    desk.need({
      role,
      askAs: role,
      sets: [{ role: topLevelKeys(next, role), keys: next.keys }],
      also: keysIn(root, role),
    });
  const [snapshotSigners, timestampSigners] = [await signersOf('snapshot'), await signersOf('timestamp')];
  const { base, version: first } = await soundSnapshot(engine, [root, next], damage.snapshot, options);
  const live = await read(storage, timestampKey, { maxLength: defaultLimits.timestampMaxLength, ...options });
  if (live === null) throw new PublishError('STORE_WENT_BACK', 'there is no timestamp.json to be replaced');
  const before = timestampIn(live.bytes);
  const sane = before !== null && before.version <= lastHonestVersion ? before.version : null;
  const attempt = newAttempt((sane ?? first + aboveSnapshot) + 1);
  const expires = expiry(now, lifetimes.snapshot);
  const make = (version: number): Promise<Uint8Array> =>
    sign({ ...base, version, expires }, snapshotSigners, 'snapshot', options);
  const snapshot = roleName('snapshot');
  const written = await putVersioned(storage, snapshot, first + 1, make, attempt, journal, options);
  const log = await soundLog(engine, before, options); // of what the old key signed nothing else is taken over
  const members = withCommit(new Map(), attempt.timestampVersion, attempt.id);
  const timestamp: Timestamp = {
    type: 'timestamp',
    specVersion,
    version: attempt.timestampVersion,
    expires: expiry(now, Math.min(lifetimes.timestamp, lifetimes.snapshot)),
    snapshot: metaFile(written.version, written.bytes),
    unrecognized: log === null ? members : withLogHead(members, log),
  };
  const bytes = await sign(timestamp, timestampSigners, 'timestamp', options);
  await journal.note(attempt);
  const { swapped } = await storage.compareAndSwap(
    timestampKey,
    bytes,
    objectMeta(timestampKey),
    live.info.etag,
  );
  if (!swapped)
    throw new PublishError('CONFLICT', 'somebody replaced timestamp.json at the same moment', {
      hint: 'shut out whoever can still write to the store, then run the same command again',
    });
  await journal.forget(attempt);
}

function timestampIn(bytes: Uint8Array): Timestamp | null {
  try {
    return parseMetadata(bytes, 'timestamp').signed;
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}

/**
 * The newest snapshot that one of the roots vouches for and whose files are all there, and the highest number that is taken.
 * This is the one place that lists the store to find a version: what names the newest one is what was forged.
 */
async function soundSnapshot(
  engine: Engine,
  roots: readonly Root[],
  known: Snapshot | null,
  options: PutRootOptions,
): Promise<{ readonly base: Snapshot; readonly version: number }> {
  const numbers: number[] = [];
  for await (const { key } of engine.storage.list('metadata/', options)) {
    const number = Number(/^metadata\/(\d+)\.snapshot\.json$/.exec(key)?.[1] ?? 0);
    if (number > 0 && number <= lastHonestVersion) numbers.push(number);
  }
  numbers.sort((a, b) => b - a);
  const version = numbers[0] ?? 0;
  if (known !== null) return { base: known, version };
  for (const number of numbers.slice(0, snapshotsTried)) {
    const base = await soundAt(engine, number, roots, options);
    if (base !== null) return { base, version };
  }
  throw new PublishError('STORE_WENT_BACK', `none of the newest ${snapshotsTried} snapshots is whole`, {
    hint: 'nothing was signed; restore the metadata from a backup',
  });
}

/** `null`: not signed as it should be, or a file that it names is not there. */
async function soundAt(
  { storage }: Engine,
  number: number,
  roots: readonly Root[],
  options: PutRootOptions,
): Promise<Snapshot | null> {
  const found = await read(storage, metadataKey('snapshot', number), {
    maxLength: defaultLimits.snapshotMaxLength,
    ...options,
  });
  if (found === null) return null;
  try {
    const metadata = parseMetadata(found.bytes, 'snapshot');
    const vouches = (root: Root): boolean => {
      verifyThreshold(metadata, topLevelKeys(root, 'snapshot'), root.keys, 'snapshot');
      return true;
    };
    if (!roots.some((root) => attempt(() => vouches(root)))) return null;
    for (const [name, file] of metadata.signed.meta) {
      const key = metadataKey(name, file.version);
      const there = await storage.head(key, options);
      if (there === null || (file.length !== null && there.size !== file.length)) return null;
    }
    const targets = metadata.signed.meta.get(targetsRole);
    if (targets === undefined) return null;
    const limit = { maxLength: defaultLimits.targetsMaxLength, ...options };
    const bytes = (await read(storage, metadataKey(targetsRole, targets.version), limit))?.bytes;
    if (bytes === undefined) return null;
    checkBytes(bytes, targets, 'targets');
    return metadata.signed;
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}

function attempt(act: () => boolean): boolean {
  try {
    return act();
  } catch (error) {
    if (error instanceof VaultError) return false;
    throw error;
  }
}
