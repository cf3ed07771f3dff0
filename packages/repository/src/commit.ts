import { StorageError, type Storage, type StorageKey } from '@ragnos/storage';
import type { Staged } from '@ragnos/tlog';
import {
  roleName,
  type Key,
  type MetaFile,
  type RoleName,
  type Snapshot,
  type Targets,
  type Timestamp,
  type TopLevelRole,
} from '@ragnos/tuf';
import { stageEntries, withLogHead, type AuditOptions } from './audit.ts';
import { checkDelegatees } from './check-delegatees.ts';
import { putAliases } from './compat-aliases.ts';
import { checkCompat, checkSnapshotSize, lapsedRoles } from './compat-commit.ts';
import type { Client } from './compat.ts';
import { withCommit } from './commits.ts';
import { sign, signFile, type SignedFile, type SigningDesk } from './desk.ts';
import { withIncoming, type Incoming } from './incoming.ts';
import { type Attempt, type Journal } from './journal.ts';
import { latest } from './latest.ts';
import { metadataKey, timestampKey } from './keys.ts';
import type { Lifetimes } from './layout.ts';
import { objectMeta } from './object-meta.ts';
import { inParallel, putBrought, putContents, putVersioned, type Written } from './put.ts';
import { bareEntries } from './snapshot-bins.ts';
import { announced, plan, topLevel, type Planned } from './signing-needs.ts';
import { emptyTargets, expiry, lifetimeOf, metaFile } from './signed.ts';
import { publishDeadline } from './retention/publisher.ts';
import type { CallOptions, Content } from './types.ts';
import type { RoleWork, Workspace } from './workspace.ts';

/** A member of roles and snapshot, unknown to clients: by which try to commit it was written. */
const attemptMember = 'x-ragnos-attempt';

export interface CommitContext extends CallOptions {
  readonly storage: Storage;
  readonly journal: Journal;
  readonly desk: SigningDesk;
  readonly lifetimes: Lifetimes;
  readonly compat: readonly Client[];
  /** Keys that sign a top-level role beside its own, if they are at hand. */
  readonly also: (role: TopLevelRole) => readonly Key[];
  /** Keys that a root will ask for which is put after this commit: whoever publishes on top of it signs with them too. */
  readonly incoming: readonly Incoming[];
  /** `null`: no audit log, unless the repository has one already. */
  readonly audit: AuditOptions | null;
  /** Signed anew although no role below changed. */
  readonly resign?: { readonly snapshot?: boolean; readonly timestamp?: boolean };
}

export type Outcome =
  | { readonly kind: 'unchanged' }
  | {
      readonly kind: 'committed' | 'lost' | 'unknown';
      readonly version: number;
      /** Targets that lay in the store as leftovers: looked at once more when it is committed. */
      readonly rewritten: ReadonlyMap<string, Content>;
      /** What this commit wrote into the audit log. */
      readonly staged: Staged | null;
      readonly roles: ReadonlyMap<string, number>;
      /** `null`: the snapshot stays the one of the head. */
      readonly snapshot: SignedFile<'snapshot'> | null;
      /** As in `PublishResult`. */
      readonly lapsed: readonly string[] | undefined;
    };

/** What stands on the roles of a commit. */
interface Above {
  /** `null`: the snapshot stays the one of the head. */
  readonly snapshot: SignedFile<'snapshot'> | null;
  readonly file: MetaFile;
  readonly staged: Staged | null;
}

/**
 * One try: target files, roles, snapshot and audit entry, each stored as soon as it is signed; and once all of them are, the
 * timestamp, whose compare-and-swap is the commit point. Nothing is written before every signer is known to be at hand. If this
 * throws, nothing was committed; `attempt` names what was written.
 */
export async function commit(
  workspace: Workspace,
  attempt: Attempt,
  context: CommitContext,
): Promise<Outcome> {
  const { storage, journal, desk, resign = {} } = context;
  const { head, now } = workspace;
  const works = await changedRoles(workspace);
  await checkDelegatees(workspace);
  await checkCompat(workspace, works, context.compat);
  const planned = await plan(works, workspace, context);
  const snapshotToo = planned.length > 0 || resign.snapshot === true;
  if (!snapshotToo && resign.timestamp !== true) return { kind: 'unchanged' };
  const snapshotSigners = snapshotToo ? await desk.need(topLevel('snapshot', workspace, context)) : [];
  const timestampSigners = await desk.need(topLevel('timestamp', workspace, context));

  // Keys that sign the same twice made the files of two publishers one: whoever lost would remove what the other counts on.
  const own = <T extends Targets | Snapshot>(signed: T): T => ({
    ...signed,
    unrecognized: new Map([...signed.unrecognized, [attemptMember, attempt.id]]),
  });
  const written = new Map<RoleName, MetaFile>();
  const snapshotExpires = snapshotToo
    ? expiry(now, context.lifetimes.snapshot)
    : head.snapshot.signed.expires;
  const signSnapshot = async (version: number): Promise<SignedFile<'snapshot'>> => {
    const { signed, bytes } = head.snapshot;
    const bare = await bareEntries(workspace, planned, written);
    const meta = new Map(signed.meta);
    for (const [role, file] of [...written, ...bare]) meta.set(role, file);
    const next = own<Snapshot>({ ...signed, meta, version, expires: snapshotExpires });
    const file = await signFile<'snapshot'>(next, snapshotSigners, 'snapshot', context);
    checkSnapshotSize(context.compat, file.bytes.length, bytes.length);
    return file;
  };
  const signers = [...planned.flatMap((role) => role.signers), ...snapshotSigners, ...timestampSigners];
  const keyIds = [...new Set(signers.map(({ keyId }) => String(keyId)))];
  const stage = async (roles: ReadonlyMap<RoleName, MetaFile>): Promise<Staged | null> => {
    const staged = await stageEntries(storage, context.audit, workspace, { keyIds, roles }, context.signal);
    for (const [key, digest] of staged?.files ?? []) attempt.files.set(key, digest);
    await journal.note(attempt); // large files may be on their way for long
    return staged;
  };
  const nothing: Above = { snapshot: null, file: head.timestamp.signed.snapshot, staged: null };
  /** The snapshot of all that is signed, and beside it the audit entry, which names its digest and needs no more. */
  const putAbove = async (): Promise<Above> => {
    if (!snapshotToo) return { ...nothing, staged: await stage(written) };
    const name = roleName('snapshot');
    let snapshot: SignedFile<'snapshot'> | null = null;
    let { file } = nothing;
    const entries = latest<Staged | null>(null, (staged) => removeAll(storage, staged?.files.keys()));
    const make = async (version: number): Promise<Uint8Array> => {
      snapshot = await signSnapshot(version);
      return snapshot.bytes;
    };
    const onSigned = ({ version, bytes, digest }: Written): void => {
      file = metaFile(version, bytes, digest);
      const roles = new Map([...written, [name, file]]);
      entries.begin(() => stage(roles));
    };
    const first = head.snapshot.signed.version + 1;
    const options = { ...context, onSigned };
    const staged = await entries.after(putVersioned(storage, name, first, make, attempt, journal, options));
    return { snapshot, file, staged };
  };
  /** Begun once every role is signed, while they are being stored; again, should one of them get another number. */
  const above = latest(nothing, async ({ snapshot: put, file, staged }) => {
    const keys = put === null ? [] : [metadataKey('snapshot', file.version)];
    await removeAll(storage, [...(staged?.files.keys() ?? []), ...keys]);
  });
  const signed = (name: RoleName, file: MetaFile): void => {
    written.set(name, file);
    if (written.size === planned.length) above.begin(putAbove);
  };
  const deadline = publishDeadline();
  const rewritten = new Map<string, Content>();
  const fresh = { now: storeTime(head), signal: context.signal };
  const writeRole = async ({ work, signers, splits }: Planned): Promise<void> => {
    if (work.brought !== null) {
      const { bytes, signed: brought } = work.brought;
      signed(work.name, metaFile(brought.version, bytes));
      const stored = await putBrought(storage, work.name, brought.version, bytes, fresh);
      if (stored === 'rewritten') rewritten.set(metadataKey(work.name, brought.version), bytes);
      return;
    }
    const base = await workspace.onHead(work);
    const expires = expiry(now, lifetimeOf(context.lifetimes, work.name, splits));
    const body = await bodyOf(work, workspace, base?.signed ?? null);
    const first = (head.snapshot.signed.meta.get(work.name)?.version ?? 0) + 1;
    const make = (version: number): Promise<Uint8Array> =>
      sign(own({ ...body, version, expires }), signers, work.name, context);
    const onSigned = (file: Written): void =>
      signed(work.name, metaFile(file.version, file.bytes, file.digest));
    await putVersioned(storage, work.name, first, make, attempt, journal, { ...context, onSigned });
  };
  const lapsed = await lapsedRoles(workspace, works, context.compat);
  const remember = async (put: Promise<ReadonlyMap<string, Content>>): Promise<void> => {
    for (const [key, content] of await put) rewritten.set(key, content);
  };
  // Nobody knows of these before the timestamp, so they need no order among themselves.
  const writes: readonly (() => Promise<void>)[] = [
    () => remember(putContents(storage, workspace.contents, fresh)),
    () => remember(putAliases(workspace, works, storage, context.compat, fresh)),
    ...planned.map((role) => () => writeRole(role)),
  ];
  if (planned.length === 0) above.begin(putAbove);
  const { snapshot, file, staged } = await above.after(inParallel(writes, (write) => write()));
  const roles = new Map<string, number>([...written].map(([name, { version }]) => [name, version]));
  if (snapshotToo) roles.set('snapshot', file.version);

  const others = announced(workspace).filter(({ role }) =>
    context.incoming.every((own) => own.role !== role),
  );
  const commits = withCommit(head.timestamp.signed.unrecognized, attempt.timestampVersion, attempt.id, now);
  const wanted = expiry(now, context.lifetimes.timestamp);
  const timestamp: Timestamp = {
    ...head.timestamp.signed,
    version: attempt.timestampVersion,
    expires: wanted < snapshotExpires ? wanted : snapshotExpires, // INTEROP.md: timestamp ≤ snapshot
    snapshot: file,
    unrecognized: withIncoming(staged === null ? commits : withLogHead(commits, staged.head), [
      ...others,
      ...context.incoming,
    ]),
  };
  const bytes = await sign(timestamp, timestampSigners, 'timestamp', context);
  roles.set('timestamp', timestamp.version);
  context.signal?.throwIfAborted();
  await journal.note(attempt);
  deadline.check();
  const kind = await swap(storage, bytes, head.etag);
  return { kind, version: timestamp.version, staged, rewritten, roles, snapshot, lapsed };
}

/** Not to be committed: nobody knows of it. */
async function removeAll(storage: Storage, keys: Iterable<StorageKey> = []): Promise<void> {
  for (const key of keys) await storage.delete(key);
}

/** Not abortable: whoever gives up here would not know whether it happened. */
async function swap(
  storage: Storage,
  bytes: Uint8Array,
  etag: string,
): Promise<'committed' | 'lost' | 'unknown'> {
  try {
    const { swapped } = await storage.compareAndSwap(timestampKey, bytes, objectMeta(timestampKey), etag);
    return swapped ? 'committed' : 'lost';
  } catch (error) {
    if (error instanceof StorageError && error.code !== 'STORAGE_UNAVAILABLE') throw error;
    return 'unknown';
  }
}

export async function changedRoles(workspace: Workspace): Promise<readonly RoleWork[]> {
  const works: RoleWork[] = [];
  for (const work of workspace.work.values()) if (await isChange(work, workspace)) works.push(work);
  return works;
}

/** Edits that cancel each other out are none. */
async function isChange(work: RoleWork, workspace: Workspace): Promise<boolean> {
  if (work.created || work.resign || work.retired !== null || work.delegations !== undefined) return true;
  if (work.brought !== null) return true;
  const before = (await workspace.onHead(work))?.signed.targets;
  return [...work.files].some(([path, file]) => (before?.get(path) ?? null) !== file);
}

/** The signed part of a role after the edits, but for its version and expiry. */
export async function bodyOf(
  work: RoleWork,
  workspace: Workspace,
  base: Targets | null,
): Promise<Omit<Targets, 'version' | 'expires'>> {
  if (work.retired !== null) return emptyTargets(null);
  return {
    ...(base ?? emptyTargets(null)),
    targets: await workspace.filesOf(work),
    delegations: await workspace.delegations(work),
  };
}

/** By the store's own times, which are real whatever time is signed: the later of the clock and of the last commit. */
function storeTime({ swapped }: Workspace['head']): Date {
  return new Date(Math.max(Date.now(), swapped.getTime()));
}
