import { read, type Storage } from '@ragnos/storage';
import {
  checkBytes,
  defaultLimits,
  parseMetadata,
  VaultError,
  type Delegations,
  type MetaFile,
  type Metadata,
  type RoleKeys,
  type RoleName,
  type Root,
  type Snapshot,
  type Targets,
} from '@ragnos/tuf';
import { topLevelKeys } from '../signing-needs.ts';
import { PublishError } from '../errors.ts';
import type { Head } from '../head.ts';
import { metadataKey } from '../keys.ts';
import { delegatedNames, isSignedBy, metaFile, targetsRole } from '../signed.ts';
import type { CallOptions } from '../types.ts';

/** No honest repository comes here: at ten publishes a second it would take three years. */
export const lastHonestVersion = 2 ** 30;
/** A thief may have left many that are none. */
const snapshotsTried = 5000;

export interface WornRole {
  readonly role: string;
  readonly version: number;
}

/** What a snapshot lists under a version to which nobody honest ever comes; the highest first. */
export function wornRoles({ meta }: Snapshot): readonly WornRole[] {
  return [...meta]
    .filter(([, { version }]) => version > lastHonestVersion)
    .map(([role, { version }]) => ({ role, version }))
    .toSorted((a, b) => b.version - a.version);
}

/** The same of a whole head. */
export function wornIn({ timestamp, snapshot }: Pick<Head, 'timestamp' | 'snapshot'>): readonly WornRole[] {
  const online = [
    { role: 'timestamp', version: timestamp.signed.version },
    { role: 'snapshot', version: snapshot.signed.version },
  ];
  return [...online.filter(({ version }) => version > lastHonestVersion), ...wornRoles(snapshot.signed)];
}

export interface SoundSnapshot {
  readonly base: Snapshot;
  /** The highest number of a snapshot that is taken. */
  readonly version: number;
}

/**
 * The newest snapshot that one of the roots vouches for, that lists no worn role and whose files are all there and verify, with
 * what was published after it; and the highest number that is taken. This is the one place that lists the store to find a version: what names the newest one is
 * what was forged.
 * @throws PublishError STORE_WENT_BACK where there is none
 */
export async function soundSnapshot(
  storage: Storage,
  roots: readonly Root[],
  known: Snapshot | null,
  options: CallOptions,
): Promise<SoundSnapshot> {
  const numbers: number[] = [];
  for await (const { key } of storage.list('metadata/', options)) {
    const number = Number(/^metadata\/(\d+)\.snapshot\.json$/.exec(key)?.[1] ?? 0);
    if (number > 0 && number <= lastHonestVersion) numbers.push(number);
  }
  numbers.sort((a, b) => b - a);
  const version = numbers[0] ?? 0;
  if (known !== null) return { base: known, version };
  const newer: Snapshot[] = [];
  for (const number of numbers.slice(0, snapshotsTried)) {
    const signed = await signedAt(storage, number, roots, options);
    if (signed === null) continue;
    if (await isSound(storage, signed, roots, options))
      return { base: await withNewer(storage, signed, newer, roots, options), version };
    newer.push(signed);
  }
  throw new PublishError('STORE_WENT_BACK', `none of the newest ${snapshotsTried} snapshots is whole`, {
    hint: 'nothing was signed; restore the metadata from a backup',
  });
}

/** `null`: it is not there, or none of the roots vouches for it. */
async function signedAt(
  storage: Storage,
  number: number,
  roots: readonly Root[],
  options: CallOptions,
): Promise<Snapshot | null> {
  const maxLength = defaultLimits.snapshotMaxLength;
  const found = await read(storage, metadataKey('snapshot', number), { maxLength, ...options });
  if (found === null) return null;
  try {
    const metadata = parseMetadata(found.bytes, 'snapshot');
    const vouches = (root: Root): boolean => isSignedBy(metadata, topLevelKeys(root, 'snapshot'), root.keys);
    return roots.some(vouches) ? metadata.signed : null;
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}

/** Not worn, and every file that it names is there; those that count verify. */
async function isSound(
  storage: Storage,
  snapshot: Snapshot,
  roots: readonly Root[],
  options: CallOptions,
): Promise<boolean> {
  if (wornRoles(snapshot).length > 0) return false;
  try {
    for (const [name, file] of snapshot.meta) {
      const there = await storage.head(metadataKey(name, file.version), options);
      if (there === null || (file.length !== null && there.size !== file.length)) return false;
    }
    return await isWhole(storage, snapshot, roots, options);
  } catch (error) {
    if (error instanceof VaultError) return false;
    throw error;
  }
}

/**
 * The sound snapshot with what others published honestly after the thief, beside the role that he wore out: every role under the
 * highest version that is none of his doing, if all of them are whole together. Each is vouched for by its own keys.
 */
async function withNewer(
  storage: Storage,
  base: Snapshot,
  newer: readonly Snapshot[],
  roots: readonly Root[],
  options: CallOptions,
): Promise<Snapshot> {
  const meta = new Map(base.meta);
  for (const [name, { version }] of newer.flatMap((snapshot) => [...snapshot.meta])) {
    if (version > lastHonestVersion || version <= (meta.get(name)?.version ?? 0)) continue;
    const key = metadataKey(name, version);
    const found = await read(storage, key, { maxLength: defaultLimits.targetsMaxLength, ...options });
    if (found !== null) meta.set(name, metaFile(version, found.bytes));
  }
  const merged = { ...base, meta };
  return (await isSound(storage, merged, roots, options)) ? merged : base;
}

/** Every role that is delegated to, from targets down. @throws VaultError for one that is not as its snapshot lists it */
async function isWhole(
  storage: Storage,
  snapshot: Snapshot,
  roots: readonly Root[],
  options: CallOptions,
): Promise<boolean> {
  const top = await roleIn(storage, snapshot, targetsRole, options);
  const isTop = ({ role, keys }: { role: RoleKeys; keys: Root['keys'] }): boolean =>
    top !== null && isSignedBy(top, role, keys);
  if (!roots.some((root) => isTop({ role: topLevelKeys(root, 'targets'), keys: root.keys }))) return false;
  const queue: (Delegations | null)[] = [top?.signed.delegations ?? null];
  for (let next = queue.shift(); next !== undefined; next = queue.shift())
    for (const name of delegatedNames(next)) {
      const role = next?.succinctRoles ?? next?.roles?.find((one) => one.name === name);
      const metadata = await roleIn(storage, snapshot, name, options);
      if (next === null || role === undefined || metadata === null) return false;
      if (!isSignedBy(metadata, role, next.keys)) return false;
      if (metadata.signed.delegations !== null) queue.push(metadata.signed.delegations);
    }
  return true;
}

async function roleIn(
  storage: Storage,
  { meta }: Snapshot,
  name: RoleName,
  options: CallOptions,
): Promise<Metadata<'targets'> | null> {
  const file = meta.get(name);
  if (file === undefined) return null;
  const maxLength = defaultLimits.targetsMaxLength;
  const found = await read(storage, metadataKey(name, file.version), { maxLength, ...options });
  if (found === null) return null;
  checkBytes(found.bytes, file, name);
  const metadata = parseMetadata(found.bytes, 'targets', defaultLimits, name);
  return metadata.signed.version === file.version ? metadata : null;
}

export interface SoundTargets {
  readonly signed: Targets;
  readonly file: MetaFile;
  /** Under `root`. */
  readonly verifies: boolean;
}

/** The targets of a sound snapshot. @throws PublishError STORE_WENT_BACK */
export async function soundTargets(
  storage: Storage,
  snapshot: Snapshot,
  root: Root,
  options: CallOptions,
): Promise<SoundTargets> {
  const file = snapshot.meta.get(targetsRole);
  const metadata = await roleIn(storage, snapshot, targetsRole, options);
  if (file === undefined || metadata === null)
    throw new PublishError('STORE_WENT_BACK', `the targets of snapshot ${snapshot.version} are not there`);
  const verifies = isSignedBy(metadata, topLevelKeys(root, 'targets'), root.keys);
  return { signed: metadata.signed, file, verifies };
}
