import { lockFile } from '@ragnos/disk';
import type { JsonOutput } from '@ragnos/tuf';
import { join } from 'node:path';

import type { Reader } from '@ragnos/tuf';

import { sameIds, type KnownOwner } from '../formats/owners.ts';
import type { IndexEntry } from '../formats/plugin-index.ts';
import type { VendorName } from '../names.ts';
import type { Context } from './context.ts';
import { HostUntrustedError } from './errors.ts';
import { noFloors, type Floors } from './floors.ts';
import { homeFolder } from './paths.ts';
import type { Pointer } from './pointer.ts';
import { digest } from './pointer.ts';
import { readState, writeState } from './state-file.ts';

interface LockedPlugin extends KnownOwner {
  readonly version: string;
  readonly manifest: string;
  readonly artifact: string;
  readonly treeHash: string;
}

interface LockedRepository {
  readonly url: string;
  readonly rootSha256: string;
  /** A repository that is older than this is a rollback. */
  readonly floors: Floors;
  readonly plugins: ReadonlyMap<string, LockedPlugin>;
}

type ProjectLock = ReadonlyMap<string, LockedRepository>;

const format = 'ragnos-lock/1';

function read(json: Reader): ProjectLock {
  if (json.string('format') !== format) json.fail('format', format);
  return members(json.object('repositories'), (repository) => {
    const floors = repository.object('floors');
    return {
      url: repository.string('url'),
      rootSha256: digest(repository, 'rootSha256'),
      floors: {
        versions: new Map(floors.names().map((role) => [role, floors.version(role)])),
        repositoryId: repository.has('repositoryId') ? digest(repository, 'repositoryId') : null,
        snapshotKeys: repository.has('snapshotKeys') ? repository.strings('snapshotKeys') : null,
      },
      plugins: members(repository.object('plugins'), (plugin) => ({
        version: plugin.string('version'),
        manifest: digest(plugin, 'manifest'),
        artifact: digest(plugin, 'artifact'),
        treeHash: digest(plugin, 'treeHash'),
        keyIds: plugin.strings('keyIds'),
        threshold: plugin.has('threshold') ? plugin.integer('threshold', 0) : null,
      })),
    };
  });
}

function members<T>(json: Reader, one: (member: Reader) => T): ReadonlyMap<string, T> {
  return new Map(json.names().map((name) => [name, one(json.object(name))]));
}

function sorted<T>(map: ReadonlyMap<string, T>, write: (value: T) => JsonOutput): JsonOutput {
  return new Map(
    [...map].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, write(value)]),
  );
}

function toOutput(lock: ProjectLock): JsonOutput {
  return {
    format,
    repositories: sorted(lock, ({ floors, plugins, ...rest }) => ({
      ...rest,
      floors: sorted(floors.versions, (version) => version),
      ...(floors.repositoryId === null ? {} : { repositoryId: floors.repositoryId }),
      ...(floors.snapshotKeys === null ? {} : { snapshotKeys: floors.snapshotKeys }),
      plugins: sorted(plugins, ({ threshold, ...plugin }) => ({
        ...plugin,
        ...(threshold === null ? {} : { threshold }),
      })),
    })),
  };
}

async function readLock(context: Context): Promise<LockedRepository | null> {
  if (context.project === null) return null;
  const lock = await readState(join(context.project, 'ragv.lock'), read);
  return lock?.get(context.record.alias) ?? null;
}

/** Decision 10: what the project has seen of a repository is the least that it may be. */
export async function lockedFloors(context: Context): Promise<Floors> {
  return (await readLock(context))?.floors ?? noFloors;
}

/** The digests of a locked version are part of what the project relies on. @throws PATH_REDEFINED */
export async function checkLocked(
  context: Context,
  plugin: string,
  version: string,
  entry: IndexEntry,
): Promise<void> {
  const locked = (await readLock(context))?.plugins.get(plugin);
  if (locked === undefined || locked.version !== version) return;
  if (locked.artifact === entry.artifact.sha256 && locked.manifest === entry.manifest.sha256) return;
  throw new HostUntrustedError('PATH_REDEFINED', `${plugin}@${version} is not the one that ragv.lock knows`, {
    hint: 'nothing was installed; a published version never changes: ask the vendor',
  });
}

/** Who could sign for the vendor when the project locked something of it: each key set once. */
export async function lockedOwners(context: Context, vendor: VendorName): Promise<readonly KnownOwner[]> {
  const owners: KnownOwner[] = [];
  for (const [plugin, { keyIds, threshold }] of (await readLock(context))?.plugins ?? [])
    if (isOf(vendor, plugin) && keyIds.length > 0 && !owners.some((owner) => sameIds(owner.keyIds, keyIds)))
      owners.push({ keyIds, threshold });
  return owners;
}

function isOf(vendor: string, plugin: string): boolean {
  return plugin.startsWith(`${vendor}/`);
}

interface LockedNow {
  readonly pointer: Pointer;
  /** Of the vendor, and so of all its plugins; `null` = as locked before. */
  readonly owner: KnownOwner | null;
  /** What becomes of the floors. */
  readonly floors: (before: Floors) => Floors;
}

/** Writes what is installed now into the project's lock, or takes the plugin out of it. */
export async function updateLock(context: Context, plugin: string, now: LockedNow | null): Promise<void> {
  if (context.project === null) return;
  const path = join(context.project, 'ragv.lock');
  const held = await lockFile(join(homeFolder(context.home), 'project.lock')); // several repositories share one file
  try {
    await rewriteLock(context, path, plugin, now);
  } finally {
    held.release();
  }
}

async function rewriteLock(
  context: Context,
  path: string,
  plugin: string,
  now: LockedNow | null,
): Promise<void> {
  const lock = new Map((await readState(path, read)) ?? []);
  const { alias, url, rootSha256 } = context.record;
  const known = lock.get(alias);
  if (now === null && known === undefined) return;
  const plugins = new Map(known?.plugins);
  let floors = known?.floors ?? noFloors;
  if (now === null) plugins.delete(plugin);
  else {
    const { vendor, version, manifest, artifact, treeHash } = now.pointer;
    const { keyIds, threshold } = now.owner ?? plugins.get(plugin) ?? { keyIds: [], threshold: null };
    plugins.set(plugin, { version, manifest, artifact, treeHash, keyIds, threshold });
    if (now.owner !== null)
      for (const [name, other] of plugins)
        if (isOf(vendor, name)) plugins.set(name, { ...other, keyIds, threshold });
    floors = now.floors(floors);
  }
  lock.set(alias, { url, rootSha256, floors, plugins });
  await writeState(path, toOutput(lock), 0o644);
}
