import { randomBytes } from 'node:crypto';
import { nodeFileSystem } from '@ragnos/disk';
import { read, type Storage } from '@ragnos/storage';
import {
  defaultLimits,
  parseMetadata,
  roleName,
  rootFingerprint,
  topLevelRoles,
  withRepositoryId,
  type Delegations,
  type MetaFile,
  type Root,
  type RoleName,
  type Snapshot,
  type Timestamp,
  type TopLevelRole,
} from '@ragnos/tuf';
import { checkLayout } from './check-layout.ts';
import { checkSnapshotSize } from './compat-commit.ts';
import type { Client } from './compat.ts';
import { topLevelKeys } from './signing-needs.ts';
import { withCommit } from './commits.ts';
import { sign, SigningDesk } from './desk.ts';
import { PublishError } from './errors.ts';
import { HeadReader } from './head.ts';
import { newAttempt } from './journal.ts';
import { metadataKey, timestampKey } from './keys.ts';
import { defaultLifetimes, type RepositoryLayout, type RoleLayout } from './layout.ts';
import { objectMeta } from './object-meta.ts';
import { inParallel } from './put.ts';
import { seenMemory } from './seen.ts';
import {
  bareMetaFile,
  binDelegations,
  delegatedNames,
  emptyTargets,
  expiry,
  keysById,
  lifetimeOf,
  metaFile,
  roleKeys,
  rootRole,
  specVersion,
  targetsRole,
  topDelegations,
} from './signed.ts';
import type { CallOptions, SignerSource } from './types.ts';

export interface InitOptions extends CallOptions {
  readonly layout: RepositoryLayout;
  readonly signers: SignerSource;
  readonly now?: Date;
  /** As in `RepositoryOptions`: remembers the new repository there. */
  readonly staging?: string;
  /** As in `RepositoryOptions`. */
  readonly compat?: readonly Client[];
}

export interface InitResult {
  /** `1.root.json`, which hosts start from. */
  readonly root: Uint8Array;
  /** Its sha256. */
  readonly fingerprint: string;
}

/**
 * Makes a repository: root 1, delegated roles with all their bins, targets, snapshot, and timestamp last. Killed before the
 * timestamp, the same call with the same keys completes it.
 * @throws PublishError BAD_LAYOUT, NOT_COMPATIBLE, SIGNATURES_MISSING, REPOSITORY_EXISTS (nothing was written)
 */
export async function initRepository(storage: Storage, options: InitOptions): Promise<InitResult> {
  const { layout, signal, compat = [] } = options;
  const lifetimes = layout.lifetimes ?? defaultLifetimes;
  const now = options.now ?? new Date();
  const desk = new SigningDesk(options.signers);
  checkLayout(layout, compat);
  const signers = new Map<string, Awaited<ReturnType<SigningDesk['need']>>>();
  const owners: readonly (readonly [string, RoleLayout])[] = [
    ...topLevelRoles.map((name) => [name, layout[name]] as const),
    ...(layout.delegations ?? []).map((delegation) => [delegation.name, delegation] as const),
  ];
  for (const [role, keys] of owners)
    signers.set(
      role,
      await desk.need({ role, askAs: role, sets: [{ role: roleKeys(keys), keys: keysById(keys.keys) }] }),
    );
  const signAs = (owner: string, signed: Parameters<typeof sign>[0], what: string): Promise<Uint8Array> =>
    sign(signed, signers.get(owner) ?? [], what, { signal });

  const root = await leftover(storage, layout, options);
  const rootBytes = root ?? (await signAs('root', firstRoot(layout, expiry(now, lifetimes.root)), 'root'));
  const put = async (role: RoleName | TopLevelRole, bytes: Uint8Array): Promise<void> => {
    const key = metadataKey(role, 1);
    const { created } = await storage.putIfAbsent(key, bytes, objectMeta(key), { signal });
    if (!created) throw exists(storage, key);
  };
  if (root === null) await put('root', rootBytes);

  const meta = new Map<RoleName, MetaFile>();
  const write = async ({ name, owner, delegations, splits }: NewRole): Promise<void> => {
    const expires = expiry(now, lifetimeOf(lifetimes, name, splits));
    const bytes = await signAs(owner, { ...emptyTargets(delegations), version: 1, expires }, name);
    await put(name, bytes);
    meta.set(name, owner === 'snapshot' ? bareMetaFile(1) : metaFile(1, bytes));
  };
  await inParallel(newRoles(layout, compat), write);
  await write({ name: targetsRole, owner: 'targets', delegations: topDelegations(layout), splits: null });

  const common = { specVersion, version: 1, unrecognized: new Map() };
  const sorted = new Map([...meta].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const snapshot: Snapshot = {
    type: 'snapshot',
    ...common,
    expires: expiry(now, lifetimes.snapshot),
    meta: sorted,
  };
  const snapshotBytes = await signAs('snapshot', snapshot, 'snapshot');
  checkSnapshotSize(compat, snapshotBytes.length, 0);
  await put('snapshot', snapshotBytes);
  const least = Math.min(lifetimes.timestamp, lifetimes.snapshot);
  const timestamp: Timestamp = {
    type: 'timestamp',
    ...common,
    expires: expiry(now, least),
    snapshot: metaFile(1, snapshotBytes),
    unrecognized: withCommit(new Map(), 1, newAttempt(1).id, now),
  };
  const bytes = await signAs('timestamp', timestamp, 'timestamp');
  const { swapped } = await storage.compareAndSwap(timestampKey, bytes, objectMeta(timestampKey), null, {
    signal,
  });
  if (!swapped) throw exists(storage, timestampKey);
  const fingerprint = rootFingerprint(rootBytes);
  if (options.staging !== undefined) await nodeFileSystem.makeFolder(options.staging, 0o700);
  await new HeadReader(storage, seenMemory(options.staging), fingerprint).read({ signal }); // as a client would, and remembered
  return { root: rootBytes, fingerprint };
}

interface NewRole {
  readonly name: RoleName;
  /** Whose keys sign it. */
  readonly owner: string;
  readonly delegations: Delegations | null;
  readonly splits: string | null;
}

function newRoles(layout: RepositoryLayout, compat: readonly Client[]): readonly NewRole[] {
  return (layout.delegations ?? []).flatMap((delegation) => {
    const delegations = binDelegations(delegation, compat, layout.snapshot);
    const owner = delegation.name;
    const bins = delegatedNames(delegations).map((name) => ({
      name,
      owner: delegation.bins?.signedBy === 'snapshot' ? 'snapshot' : owner,
      delegations: null,
      splits: owner,
    }));
    return [{ name: roleName(owner), owner, delegations, splits: null }, ...bins];
  });
}

function firstRoot(layout: RepositoryLayout, expires: Date): Root {
  return {
    type: 'root',
    specVersion,
    version: 1,
    expires,
    unrecognized: withRepositoryId(new Map(), randomBytes(32).toString('hex')),
    consistentSnapshot: true,
    keys: keysById(topLevelRoles.flatMap((role) => layout[role].keys)),
    roles: new Map(topLevelRoles.map((role) => [role, roleKeys(layout[role])])),
  };
}

/**
 * A root that a killed init left, to be kept because somebody may have seen it; `null`: the store holds no metadata. What
 * else that init left is removed. Anything that may have been a repository is refused.
 */
async function leftover(
  storage: Storage,
  layout: RepositoryLayout,
  { signal, staging }: InitOptions,
): Promise<Uint8Array | null> {
  if ((await seenMemory(staging).load()) !== null)
    throw exists(storage, 'a memory of it in the staging folder');
  const found = [];
  for await (const { key } of storage.list('metadata/', { signal })) {
    if (!/^metadata\/1\.[^/]+\.json$/.test(key)) throw exists(storage, key);
    found.push(key);
  }
  if (found.length === 0) return null;
  const rootKey = metadataKey(rootRole, 1);
  const bytes = (await read(storage, rootKey, { maxLength: defaultLimits.rootMaxLength, signal }))?.bytes;
  const root = bytes === undefined ? null : parseMetadata(bytes, 'root').signed;
  const sameKeys = (role: TopLevelRole): boolean =>
    root !== null &&
    JSON.stringify(sorted(topLevelKeys(root, role))) === JSON.stringify(sorted(roleKeys(layout[role])));
  if (bytes === undefined || !topLevelRoles.every(sameKeys)) throw exists(storage, found[0] ?? rootKey);
  for (const key of found) if (key !== rootKey) await storage.delete(key, { signal });
  return bytes;
}

function sorted({
  keyIds,
  threshold,
}: {
  readonly keyIds: readonly string[];
  readonly threshold: number;
}): readonly unknown[] {
  return [keyIds.toSorted(), threshold];
}

function exists(storage: Storage, what: string): PublishError {
  return new PublishError(
    'REPOSITORY_EXISTS',
    `${storage.description} holds a repository, or a part of one: ${what}`,
    {
      hint: 'nothing of it was changed; choose another place, or remove it if you are sure',
    },
  );
}
