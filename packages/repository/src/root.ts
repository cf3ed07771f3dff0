import type { Signer } from '@ragnos/signing';
import { read } from '@ragnos/storage';
import { LogError } from '@ragnos/tlog';
import {
  defaultLimits,
  parseMetadata,
  UnsignedMetadataError,
  VaultError,
  type Key,
  type KeyId,
  type Root,
  type TopLevelRole,
} from '@ragnos/tuf';
import { logHeadOf, type AuditNote } from './audit.ts';
import { topLevelKeys } from './signing-needs.ts';
import { refuseIssues, rootIssues } from './compat-check.ts';
import { sign, SigningDesk } from './desk.ts';
import { PublishError } from './errors.ts';
import type { Head } from './head.ts';
import { isAnnounced, type Incoming } from './incoming.ts';
import { metadataKey } from './keys.ts';
import type { RoleLayout } from './layout.ts';
import { refuseHangingBins } from './snapshot-bins.ts';
import { objectMeta } from './object-meta.ts';
import { trusting } from './root-chain.ts';
import { expiry, keysById, roleKeys, roleLayout, rootRole, targetsRole } from './signed.ts';
import { transact, type Engine, type Plan } from './transact.ts';
import type { CallOptions, PublishResult } from './types.ts';
import type { Workspace } from './workspace.ts';

/** The next root: with other keys for some roles, or only a later expiry. */
export function nextRoot(root: Root, changes: ReadonlyMap<TopLevelRole, RoleLayout>, expires: Date): Root {
  const known = new Map<KeyId, Key>(root.keys);
  for (const layout of changes.values()) for (const [id, key] of keysById(layout.keys)) known.set(id, key);
  const roles = new Map(
    [...root.roles].map(([name, before]) => {
      const layout = changes.get(name);
      return [
        name,
        layout === undefined ? before : { ...before, ...roleKeys(layout), unrecognized: before.unrecognized },
      ];
    }),
  );
  const used = new Set([...roles.values()].flatMap((role) => role.keyIds));
  const keys = new Map([...known].filter(([id]) => used.has(id)));
  return { ...root, version: root.version + 1, expires, keys, roles };
}

export interface PutRootOptions extends CallOptions {
  readonly extra?: readonly Signer[];
}

/** What is wrong with the repository, not with the store or the caller: a new root may put it right. */
export function isFault(error: unknown): error is VaultError | LogError {
  return error instanceof VaultError || error instanceof LogError;
}

/** Whether what is done to the root has to be in the audit log. */
export function isAudited({ audit }: Engine, head: Head): boolean {
  return audit !== null || logHeadOf(head.timestamp.signed) !== null;
}

/** What the log says of a change of keys; `subject` is the role. */
export function keysNote(subject: string, before: readonly Key[], after: readonly Key[]): AuditNote {
  const [old, next] = [before.map(({ keyId }) => keyId), after.map(({ keyId }) => keyId)];
  return {
    kind: 'keys',
    subject,
    keysAdded: next.filter((id) => !old.includes(id)),
    keysRemoved: old.filter((id) => !next.includes(id)),
  };
}

/**
 * Root is a transaction of its own: clients probe for N+1, so its put commits. Put only if what is live verifies under the
 * old and the new one.
 * @throws PublishError SIGNATURES_MISSING, CONFLICT when somebody else put that version
 */
export async function putRoot(
  engine: Engine,
  head: Head,
  next: Root,
  { extra = [], signal }: PutRootOptions,
): Promise<void> {
  const { root } = head;
  refuseIssues(rootIssues(engine.compat, next, root.signed));
  const signers = await new SigningDesk(engine.source, extra).need({
    role: 'root',
    askAs: 'root',
    sets: [
      { role: topLevelKeys(root.signed, 'root'), keys: root.signed.keys },
      { role: topLevelKeys(next, 'root'), keys: next.keys },
    ],
  });
  const bytes = await sign(next, signers, 'root', { signal });
  await checkLive(head, bytes);
  await put(engine, next.version, bytes, { signal });
}

export function keysIn(root: Root, role: TopLevelRole): readonly Key[] {
  return roleLayout(topLevelKeys(root, role), root.keys).keys;
}

/** Somebody who knew nothing of the new keys may have published between the two. */
export function mend(engine: Engine, options: PutRootOptions): Promise<PublishResult> {
  const prepare = (workspace: Workspace): Promise<Plan> => {
    if (!workspace.head.underPreviousRoot) return Promise.resolve({ workspace });
    workspace.edit({ name: targetsRole, delegator: rootRole }, { resign: true });
    return Promise.resolve({ workspace, resign: { snapshot: true } });
  };
  return transact(engine, prepare, { ...options, orPreviousRoot: true });
}

/** A put whose answer was lost happened if the bytes are there. @throws PublishError CONFLICT */
export async function put(
  { storage }: Engine,
  version: number,
  bytes: Uint8Array,
  { signal }: CallOptions,
): Promise<void> {
  const key = metadataKey(rootRole, version);
  const { created } = await storage
    .putIfAbsent(key, bytes, objectMeta(key), { signal })
    .catch(async (error: unknown) => {
      const found = await read(storage, key, { maxLength: defaultLimits.rootMaxLength });
      if (found === null) throw error;
      return { created: Buffer.compare(found.bytes, bytes) === 0 };
    });
  if (!created) throw taken(version);
}

export function taken(version: number): PublishError {
  return new PublishError('CONFLICT', `somebody else published root version ${version}`, {
    hint: 'look at the new root, then try again',
  });
}

/**
 * Nobody publishes without the new keys from the announcement on, for a while; a rotation that took longer than that has to
 * announce them again. @throws PublishError CONFLICT
 */
export function checkAnnounced(engine: Engine, head: Head, incoming: readonly Incoming[]): void {
  const { timestamp, root } = head;
  if (incoming.every((one) => isAnnounced(one, timestamp.signed, root.signed.version, engine.now()))) return;
  throw new PublishError('CONFLICT', 'somebody else changes keys, or this change took too long', {
    hint: 'nothing was put; look at the newest root, then try again',
  });
}

/**
 * Whether clients go on reading what is live under the new root, and nothing of it loses what vouches for it.
 * @throws PublishError SIGNATURES_MISSING, BAD_LAYOUT, CONFLICT
 */
export async function checkLive(head: Head, next: Uint8Array): Promise<void> {
  if (Buffer.compare(head.root.bytes, next) === 0) return; // somebody else put it meanwhile
  const { version } = parseMetadata(next, 'root').signed;
  if (head.root.signed.version >= version) throw taken(version);
  const set = trusting(head.root.bytes);
  set.updateRoot(next);
  await refuseHangingBins(head, set.root);
  try {
    set.updateTimestamp(head.timestamp.bytes);
    set.updateSnapshot(head.snapshot.bytes);
    set.updateTargets((await head.role(targetsRole, rootRole)).bytes);
  } catch (error) {
    if (!(error instanceof UnsignedMetadataError)) throw error;
    throw new PublishError(
      'SIGNATURES_MISSING',
      `under the new root clients would refuse what is live: ${error.message}`,
      {
        cause: error,
        hint: 'nothing was published; the signers of the new keys have to sign first',
      },
    );
  }
}

export function rootExpiry(engine: Engine): Date {
  return expiry(engine.now(), engine.lifetimes.root);
}
