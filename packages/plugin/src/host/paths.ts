import { makeFolders } from '@ragnos/disk';
import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { HostConflictError } from './errors.ts';
import { asDiskError } from './state-file.ts';

/** Where one repository's things lie on this machine. The format version is in the folder's name: `home-v1`. */
export interface RepositoryPaths {
  readonly folder: string;
  /** What is trusted, and since when. */
  readonly record: string;
  /** The root that trust started from, byte for byte. */
  readonly root: string;
  /** The client's; losing it is a security event. */
  readonly metadata: string;
  readonly plugins: string;
  /** Artifacts, named by their sha256. */
  readonly content: string;
  /** What was seen once and must not be unseen: indexes and revocations. Survives an uninstall. */
  readonly known: string;
  readonly lock: string;
  /** Of the one operation under way; whoever finds it while holding the lock cleans up after a dead one. */
  readonly journal: string;
}

export function homeFolder(home: string): string {
  return join(home, 'home-v1');
}

export function repositoriesFolder(home: string): string {
  return join(homeFolder(home), 'repositories');
}

export function repositoryPaths(folder: string): RepositoryPaths {
  return {
    folder,
    record: join(folder, 'repository.json'),
    root: join(folder, 'root.json'),
    metadata: join(folder, 'metadata'),
    plugins: join(folder, 'plugins'),
    content: join(folder, 'content'),
    known: join(folder, 'known'),
    lock: join(folder, 'lock'),
    journal: join(folder, 'journal'),
  };
}

export interface PluginPaths {
  readonly folder: string;
  /** The pointer: the only file that says what is installed. */
  readonly current: string;
  /** As long as a version is being looked at that is in force already: the pointer before it, empty = none. */
  readonly before: string;
  readonly versions: string;
  readonly evidence: string;
}

export function pluginPaths(repository: RepositoryPaths, vendor: string, plugin: string): PluginPaths {
  const folder = join(repository.plugins, vendor, plugin);
  return {
    folder,
    current: join(folder, 'current'),
    before: join(folder, 'before'),
    versions: join(folder, 'versions'),
    evidence: join(folder, 'evidence'),
  };
}

/**
 * The folder below `known` of what was seen of one vendor. Vendors' names may look like the files that stand beside; no
 * vendor's name begins with `_`.
 */
export function knownFolder(vendor: string): string {
  return vendor.endsWith('.json') ? `_${vendor}` : vendor;
}

/** The name of a version's folder: immutable and named by its content. */
export function versionFolder(version: string, treeHash: string): string {
  return `${version}-${treeHash.slice(0, 16)}`;
}

/**
 * Creates `base` and the folders below it, none of which may be a link or a file: a link planted where we write would
 * send the plugin elsewhere. `base` itself may be reached through links; that is the user's own choice.
 */
export function ensureFolder(base: string, ...segments: readonly string[]): string {
  makeFolders(base, 0o700);
  let folder = base;
  for (const segment of segments) {
    folder = join(folder, segment);
    const stat = lstatSync(folder, { throwIfNoEntry: false });
    if (stat === undefined) make(folder);
    else refuseUnless(stat.isDirectory(), folder, 'a folder');
  }
  return folder;
}

/** As `ensureFolder`, for folders that may be absent and are only looked at. */
export function checkFolder(base: string, ...segments: readonly string[]): string {
  let folder = base;
  for (const segment of segments) {
    folder = join(folder, segment);
    const stat = lstatSync(folder, { throwIfNoEntry: false });
    if (stat !== undefined) refuseUnless(stat.isDirectory(), folder, 'a folder');
  }
  return folder;
}

function make(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    throw asDiskError(`cannot make ${folder}`, error);
  }
}

function refuseUnless(good: boolean, path: string, expected: string): void {
  if (good) return;
  throw new HostConflictError('PATH_OBSTRUCTED', `${path} is not ${expected}`, {
    hint: 'nothing was written; remove it if it is not yours',
  });
}
