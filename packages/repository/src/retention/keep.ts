import { read, storageKey, type ListedObject, type Storage } from '@ragnos/storage';
import {
  checkBytes,
  defaultLimits,
  hashedTargetPath,
  metadataFileName,
  parseMetadata,
  roleName,
  VaultError,
  type RoleName,
  type Snapshot,
  type Targets,
} from '@ragnos/tuf';
import { PublishError } from '../errors.ts';
import type { Head } from '../head.ts';
import { metadataKey } from '../keys.ts';
import { inParallel } from '../put.ts';
import type { CallOptions } from '../types.ts';
import { isHeldPath, type Hold } from './holds.ts';
import { storedFile } from './store-keys.ts';

export interface KeepOptions extends CallOptions {
  readonly storage: Storage;
  readonly objects: ReadonlyMap<string, ListedObject>;
  readonly head: Head;
  /** The oldest snapshot that a client may still hold. */
  readonly base: Snapshot;
  readonly holds: readonly Hold[];
  /** Targets metadata that waits to be published. */
  readonly staged: readonly Uint8Array[];
}

export interface Kept {
  /** What some client, or a signing event, still needs. */
  readonly needed: ReadonlySet<string>;
  /** What only a legal hold keeps. */
  readonly held: ReadonlySet<string>;
}

/**
 * Every file that a client which holds `base`, the head, or anything between them may ask for. Versions of a role only grow
 * from one commit to the next, so that is every version from the one to the other, and what these list.
 * @throws PublishError STORE_WENT_BACK when something that the head names is not there: first mend, then tidy up
 */
export async function keptFiles(options: KeepOptions): Promise<Kept> {
  const { objects, head, base } = options;
  const needed = new Set<string>();
  const read: { readonly key: string; readonly role: RoleName | null }[] = [];
  const from = new Map<string, { readonly first: number; readonly last: number }>();
  for (const [role, { version }] of head.snapshot.signed.meta) {
    const first = base.meta.get(role)?.version ?? 1;
    if (first > version) throw wentBack(`${role} was at version ${first}, and is at ${version}`);
    from.set(encoded(role), { first, last: version });
    // Also where it is newer than the listing; what is not there at all is found out when it is read.
    read.push({ key: metadataKey(role, version), role });
  }
  for (const key of objects.keys()) {
    const file = storedFile(key);
    if (file?.kind === 'timestamp' || file?.kind === 'root') needed.add(key);
    if (file?.kind !== 'role') continue;
    const { role, version } = file;
    if (role === 'snapshot') {
      if (version >= base.version && version <= head.snapshot.signed.version) needed.add(key);
      continue;
    }
    const range = from.get(role);
    if (range === undefined || version < range.first || version > range.last) continue;
    needed.add(key);
    if (version < range.last) read.push({ key, role: null });
  }
  await inParallel(read, async ({ key, role }) => {
    const expected = role === null ? undefined : head.snapshot.signed.meta.get(role);
    const bytes = await bytesOf(options, key);
    if (expected !== undefined) checkBytes(bytes, expected, key);
    addTargets(needed, targetsIn(bytes, key));
  });
  for (const bytes of options.staged) {
    const staged = targetsOrNull(bytes);
    if (staged !== null) addTargets(needed, staged);
  }
  return { needed, held: await heldFiles(options) };
}

async function heldFiles(options: KeepOptions): Promise<ReadonlySet<string>> {
  const { objects, holds } = options;
  const held = new Set<string>();
  if (holds.length === 0) return held;
  const roles = new Set(holds.filter(({ kind }) => kind === 'role').map(({ name }) => encoded(name)));
  for (const key of objects.keys()) {
    const file = storedFile(key);
    if (file?.kind === 'target' && file.paths.some((path) => isHeldPath(holds, path))) held.add(key);
    if (file?.kind !== 'role' || !roles.has(file.role)) continue;
    held.add(key);
    if (file.role === 'snapshot') continue;
    const listed = targetsOrNull(await bytesOf(options, key)); // what cannot be read lists nothing, and stays itself
    if (listed !== null) addTargets(held, listed);
  }
  return held;
}

async function bytesOf({ storage, signal }: KeepOptions, key: string): Promise<Uint8Array> {
  const found = await read(storage, storageKey(key), {
    maxLength: 8 * defaultLimits.targetsMaxLength,
    signal,
  });
  if (found === null) throw wentBack(`${key} is listed, and is not there`);
  return found.bytes;
}

function targetsIn(bytes: Uint8Array, key: string): Targets {
  return parseMetadata(bytes, 'targets', undefined, key).signed;
}

function targetsOrNull(bytes: Uint8Array): Targets | null {
  try {
    return targetsIn(bytes, 'a staged file');
  } catch (error) {
    if (error instanceof VaultError) return null;
    throw error;
  }
}

/** Under every hash that is listed, and where tough looks. */
function addTargets(keys: Set<string>, { targets }: Targets): void {
  for (const [path, { hashes }] of targets)
    for (const digest of hashes.values()) {
      keys.add(`targets/${hashedTargetPath(path, digest)}`);
      if (path.includes('/')) keys.add(`targets/${digest}.${path}`);
    }
}

/** A role as its file names have it. */
function encoded(role: string): string {
  return metadataFileName(roleName(role)).slice(0, -'.json'.length);
}

function wentBack(what: string): PublishError {
  return new PublishError('STORE_WENT_BACK', `nothing was deleted: ${what}`, {
    hint: 'look at it with: ragv doctor',
  });
}
