import { hostname, userInfo } from 'node:os';
import type { Storage } from '@ragnos/storage';
import {
  AuditLog,
  emptyHead,
  headFromJson,
  headToJson,
  listedRoles,
  listedTargets,
  restartedHead,
  type Actor,
  type EntryKind,
  type FileVersion,
  type LogHead,
  type NewEntry,
  type RoleChange,
  type Staged,
} from '@ragnos/tlog';
import type { MetaFile, RoleName, Timestamp, VaultError } from '@ragnos/tuf';
import { pendingRestart } from './log-restart.ts';
import { metaFile, rootRole, targetsRole } from './signed.ts';
import type { Workspace } from './workspace.ts';

/** A member of the signed timestamp, unknown to clients of other makes: size and head of the audit log (decision 13). */
const member = 'x-ragnos-log';

export interface AuditOptions {
  readonly actor: Actor;
  /** The name of the machine. */
  readonly host: string;
  /** Such as `ragv 0.1.0`. */
  readonly tool: string;
}

/** What a change says of itself; entries carry what was signed anyway. */
export interface AuditNote {
  readonly kind: EntryKind;
  /** A digest, a vendor's name, a role. */
  readonly subject?: string;
  readonly keysAdded?: readonly string[];
  readonly keysRemoved?: readonly string[];
  /** sha256 of a ceremony's transcript. */
  readonly transcript?: string;
}

/** Whoever opened the repository, where nobody said more. */
export function defaultAudit(): AuditOptions {
  return { actor: { type: 'user', name: userName() }, host: hostname(), tool: '@ragnos/repository' };
}

/** `null`: the repository has no log yet. @throws LogError LOG_BAD_HEAD */
export function logHeadOf(timestamp: Timestamp): LogHead | null {
  const value = timestamp.unrecognized.get(member);
  return value === undefined ? null : headFromJson(value);
}

export function withLogHead(base: Timestamp['unrecognized'], head: LogHead): Timestamp['unrecognized'] {
  return new Map([...base, [member, headToJson(head)]]);
}

/** What one commit signs, for its entries. */
export interface Signed {
  readonly keyIds: readonly string[];
  readonly roles: ReadonlyMap<RoleName, MetaFile>;
}

/**
 * Writes the entries of a commit before it, on top of the log of the head. `null`: this repository keeps no log. Once it has one,
 * nobody publishes without it.
 */
export async function stageEntries(
  storage: Storage,
  audit: AuditOptions | null,
  workspace: Workspace,
  signed: Signed,
  signal: AbortSignal | undefined,
): Promise<Staged | null> {
  const { head, notes, now } = workspace;
  const signedHead = logHeadOf(head.timestamp.signed);
  const lost = pendingRestart(head.root.signed, signedHead);
  const before = lost === null ? signedHead : restartedHead(lost);
  if (audit === null && before === null) return null;
  const common = { time: now, ...(audit ?? defaultAudit()) };
  const [first, ...more] = notes.length === 0 ? [{ kind: defaultKind(workspace, signed) }] : notes;
  const whole: NewEntry = {
    ...common,
    ...(first ?? { kind: 'publish' }),
    ...(before === null ? { keysAdded: await keysInForce(workspace, first?.keysAdded) } : {}),
    keyIds: signed.keyIds,
    roles: listedRoles(await roleChanges(workspace, signed.roles)),
    targets: listedTargets(targetChanges(workspace)),
  };
  const others = more.map((note): NewEntry => ({ ...common, ...note }));
  const log = new AuditLog(storage);
  if (lost === null) return log.stage(before ?? emptyHead, [whole, ...others], { signal });
  const restart: NewEntry = {
    ...common,
    kind: 'restart',
    lost,
    message: lost.reason,
    subject: `approved by root ${head.root.signed.version}`,
    keysAdded: await keysInForce(workspace),
  };
  return log.stage(before ?? emptyHead, [restart, whole, ...others], { signal });
}

const maxKeys = 64; // some 4 kB: an entry has 8

/** With the first entry a log takes over who may sign already: else each of them would look like a stranger once. */
async function keysInForce(workspace: Workspace, own: readonly string[] = []): Promise<readonly string[]> {
  const delegations = await workspace.delegations({ name: targetsRole, delegator: rootRole });
  const ids = [...own, ...workspace.head.root.signed.keys.keys(), ...(delegations?.keys.keys() ?? [])];
  return [...new Set(ids)].slice(0, maxKeys);
}

function defaultKind({ work }: Workspace, { roles }: Signed): EntryKind {
  const works = [...work.values()];
  if (works.some(({ created, retired }) => created || retired !== null)) return 'delegation';
  if (works.some(({ files, brought }) => files.size > 0 || brought !== null)) return 'publish';
  return roles.size === 0 || works.every(({ resign }) => resign) ? 'refresh' : 'delegation';
}

async function roleChanges(workspace: Workspace, roles: Signed['roles']): Promise<readonly RoleChange[]> {
  const { timestamp, snapshot } = workspace.head;
  const version = (file: MetaFile | undefined): FileVersion | null => {
    const sha256 = file?.hashes?.get('sha256');
    return file === undefined || sha256 === undefined ? null : { version: file.version, sha256 };
  };
  return Promise.all(
    [...roles].map(async ([name, file]) => {
      const before = name === 'snapshot' ? timestamp.signed.snapshot : snapshot.signed.meta.get(name);
      const known = before?.hashes === null ? await bareBefore(workspace, name) : before;
      return { name, before: version(known), after: version(file) };
    }),
  );
}

/** What the snapshot lists without a hash has one nevertheless. */
async function bareBefore(workspace: Workspace, name: RoleName): Promise<MetaFile | undefined> {
  const work = workspace.work.get(name);
  const loaded = work === undefined ? null : await workspace.onHeadOrNull(work);
  return loaded === null ? undefined : metaFile(loaded.signed.version, loaded.bytes);
}

function targetChanges({ work }: Workspace): readonly { path: string; sha256: string | null }[] {
  return [...work.values()].flatMap(({ files, added }) => [
    ...[...files].map(([path, file]) => ({ path, sha256: file?.hashes.get('sha256') ?? null })),
    ...added,
  ]);
}

/** Tiles and refusals, once the commit is done. A failure costs nothing: the next commit does it. */
export async function settleEntries(storage: Storage, staged: Staged): Promise<void> {
  await new AuditLog(storage).settle(staged);
}

/** Keeps a refusal for the next commit. Resolves whatever the store says: nothing hangs on it but the log. */
export async function recordRefusal(
  storage: Storage,
  audit: AuditOptions,
  error: VaultError & { readonly code: string },
  now: Date,
): Promise<void> {
  const { code, message } = error;
  await new AuditLog(storage)
    .refuse({ ...audit, time: now, code, message: message.slice(0, 1000) })
    .catch(() => undefined);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown'; // a user id without a name, as in many containers
  }
}
