import { read } from '@ragnos/storage';
import {
  defaultLimits,
  parseMetadata,
  roleName,
  VaultError,
  type Root,
  type Snapshot,
  type Timestamp,
} from '@ragnos/tuf';
import { topLevelKeys } from '../signing-needs.ts';
import { withCommit } from '../commits.ts';
import { logHeadOf, withLogHead } from '../audit.ts';
import { isLog, soundLog } from './reset-log.ts';
import { lastHonestVersion, soundSnapshot, soundTargets, wornRoles } from './reset-snapshot.ts';
import { withHashes } from './reset-bins.ts';
import { sign, SigningDesk } from '../desk.ts';
import { PublishError } from '../errors.ts';
import type { Head } from '../head.ts';
import { newAttempt, type Attempt } from '../journal.ts';
import { timestampKey } from '../keys.ts';
import { objectMeta } from '../object-meta.ts';
import { putVersioned } from '../put.ts';
import { isFault, keysIn, type PutRootOptions } from '../root.ts';
import { expiry, metaFile, specVersion, targetsRole } from '../signed.ts';
import type { Engine } from '../transact.ts';
import { Workspace } from '../workspace.ts';

/** Above what any honest timestamp had, whose number is in no file name: it is re-signed twice a day without a snapshot. */
const aboveSnapshot = 2 ** 20;

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
    const [high] = wornRoles(snapshot.signed);
    if (high !== undefined) return { why: `${high.role} stands at version ${high.version}`, snapshot: null };
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
  const { base, version: first } = await soundSnapshot(
    engine.storage,
    [root, next],
    damage.snapshot,
    options,
  );
  const live = await read(storage, timestampKey, { maxLength: defaultLimits.timestampMaxLength, ...options });
  if (live === null) throw new PublishError('STORE_WENT_BACK', 'there is no timestamp.json to be replaced');
  const before = timestampIn(live.bytes);
  const sane = before !== null && before.version <= lastHonestVersion ? before.version : null;
  const attempt = newAttempt((sane ?? first + aboveSnapshot) + 1);
  const bound = await withHashes(storage, base, { root, next }, options);
  const meta = await targetsForBoth(engine, { base: bound, desk, root, next, attempt }, options);
  const expires = expiry(now, lifetimes.snapshot);
  const make = (version: number): Promise<Uint8Array> =>
    sign({ ...base, meta, version, expires }, snapshotSigners, 'snapshot', options);
  const snapshot = roleName('snapshot');
  const written = await putVersioned(storage, snapshot, first + 1, make, attempt, journal, options);
  const log = await soundLog(engine, before, next, options); // of what the old key signed nothing else is taken over
  const members = withCommit(new Map(), attempt.timestampVersion, attempt.id, now);
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

interface ForBoth {
  readonly base: Snapshot;
  readonly desk: SigningDesk;
  readonly root: Root;
  readonly next: Root;
  readonly attempt: Attempt;
}

/** What the snapshot lists, with targets that verify under both roots: whoever has the next one would read nothing else. */
async function targetsForBoth(
  engine: Engine,
  { base, desk, root, next, attempt }: ForBoth,
  options: PutRootOptions,
): Promise<Snapshot['meta']> {
  const { storage, journal, lifetimes } = engine;
  const { signed, file, verifies } = await soundTargets(storage, base, next, options);
  if (verifies) return base.meta;
  const signers = await desk.need({
    role: targetsRole,
    askAs: targetsRole,
    sets: [{ role: topLevelKeys(next, 'targets'), keys: next.keys }],
    also: keysIn(root, 'targets'),
  });
  const expires = expiry(engine.now(), lifetimes.targets);
  const make = (version: number): Promise<Uint8Array> =>
    sign({ ...signed, version, expires }, signers, targetsRole, options);
  const first = file.version + 1;
  const { version, bytes } = await putVersioned(storage, targetsRole, first, make, attempt, journal, options);
  return new Map([...base.meta, [targetsRole, metaFile(version, bytes)]]);
}

function timestampIn(bytes: Uint8Array): Timestamp | null {
  try {
    return parseMetadata(bytes, 'timestamp').signed;
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}
