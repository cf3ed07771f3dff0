import { lstatSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Reader } from '@ragnos/tuf';

import { pluginName, pluginVersion, vendorName } from '../names.ts';
import type { PluginName, PluginSpec, PluginVersion, VendorName } from '../names.ts';
import { nodeFileSystem, writeFileAtomic } from '@ragnos/disk';
import type { Context } from './context.ts';
import { HostFailureError, HostNotFoundError } from './errors.ts';
import type { PluginPaths, RepositoryPaths } from './paths.ts';
import { checkFolder, pluginPaths, versionFolder } from './paths.ts';
import { readState, writeState } from './state-file.ts';

/** One version as it was installed here; enough to go back to it. */
export interface Installed {
  readonly version: PluginVersion;
  readonly treeHash: string;
  /** sha256 of the signed manifest. */
  readonly manifest: string;
  /** sha256 of the artifact: its name in the content store. */
  readonly artifact: string;
  /** RFC 3339 */
  readonly installedAt: string;
}

/** The pointer file `current`: writing it is the only commit point. */
export interface Pointer extends Installed {
  readonly vendor: VendorName;
  readonly plugin: PluginName;
  readonly rootSha256: string;
  /** The range or channel that was asked for; `null` = the channel `latest`, or an exact version. */
  readonly wanted: string | null;
  /** `wanted` is `null` because the channel `latest` was meant. An older pointer does not say, and counts as an exact version. */
  readonly latest: boolean;
  readonly previous: Installed | null;
}

const format = 'ragnos-pointer/1';

export function digest(json: Reader, name: string): string {
  const text = json.string(name);
  return /^[0-9a-f]{64}$/.test(text) ? text : json.fail(name, 'a sha256 in lower-case hex');
}

export function readInstalled(json: Reader): Installed {
  return {
    version: pluginVersion(json.string('version')),
    treeHash: digest(json, 'treeHash'),
    manifest: digest(json, 'manifest'),
    artifact: digest(json, 'artifact'),
    installedAt: json.string('installedAt'),
  };
}

/** `null` = not installed. A pointer that was brought here from elsewhere is refused. */
export async function readPointer(
  context: Context,
  { vendor, plugin }: Pick<PluginSpec, 'vendor' | 'plugin'>,
): Promise<Pointer | null> {
  checkFolder(context.paths.plugins, vendor, plugin);
  const path = pluginPaths(context.paths, vendor, plugin).current;
  const hint = `remove ${path}, and install the plugin again`;
  const pointer = await readState(
    path,
    (json) => {
      if (json.string('format') !== format) json.fail('format', format);
      return {
        vendor: vendorName(json.string('vendor')),
        plugin: pluginName(json.string('plugin')),
        rootSha256: digest(json, 'rootSha256'),
        wanted: json.has('wanted') ? json.string('wanted') : null,
        latest: json.has('latest'),
        ...readInstalled(json),
        previous: json.has('previous') ? readInstalled(json.object('previous')) : null,
      };
    },
    { hint },
  );
  if (pointer === null) return null;
  if (
    pointer.vendor !== vendor ||
    pointer.plugin !== plugin ||
    pointer.rootSha256 !== context.record.rootSha256
  )
    throw new HostFailureError('HOST_STATE', `${path} points to something else than its folder`, { hint });
  return pointer;
}

export async function requirePointer(
  context: Context,
  spec: Pick<PluginSpec, 'vendor' | 'plugin'>,
): Promise<Pointer> {
  const pointer = await readPointer(context, spec);
  if (pointer !== null) return pointer;
  throw new HostNotFoundError('NOT_INSTALLED', `${spec.vendor}/${spec.plugin} is not installed`, {
    hint: `ragv install ${spec.vendor}/${spec.plugin}`,
  });
}

/** The commit point: whoever looks sees the old pointer or this one. */
export async function writePointer(path: string, pointer: Pointer): Promise<void> {
  const { wanted, latest, previous, ...rest } = pointer;
  await writeState(path, {
    format,
    ...rest,
    ...(wanted === null ? {} : { wanted }),
    ...(latest ? { latest } : {}),
    ...(previous === null ? {} : { previous: { ...previous } }),
  });
}

/**
 * What is written next is on trial: whoever finds it so when its writer has died goes back. The journal is there as long as the
 * trial is, after a power failure too: `before` without it would be taken for the trial of a later operation.
 */
export async function beginTrial(
  repository: RepositoryPaths,
  paths: PluginPaths,
  before: Pointer | null,
): Promise<void> {
  await nodeFileSystem.syncFolder(dirname(repository.journal));
  if (before === null) await writeFileAtomic(paths.before, new Uint8Array(), { mode: 0o600 });
  else await writePointer(paths.before, before);
}

/** Durable when it returns: the journal may go. */
export async function endTrial(paths: PluginPaths): Promise<void> {
  rmSync(paths.before, { force: true });
  await nodeFileSystem.syncFolder(paths.folder);
}

/** Whether what is in force has not been seen to be healthy. */
export function isOnTrial(paths: PluginPaths): boolean {
  return lstatSync(paths.before, { throwIfNoEntry: false }) !== undefined;
}

/** Puts the pointer back that a trial began with, if one did; says whether. */
export async function goBack(paths: PluginPaths): Promise<boolean> {
  const size = lstatSync(paths.before, { throwIfNoEntry: false })?.size ?? null;
  if (size === null) return false;
  if (size > 0) renameSync(paths.before, paths.current);
  else await removePointer(paths);
  await endTrial(paths);
  return true;
}

export async function removePointer(paths: PluginPaths): Promise<void> {
  rmSync(paths.current, { force: true });
  await nodeFileSystem.syncFolder(paths.folder);
}

export function treeFolder(paths: PluginPaths, installed: Pick<Installed, 'version' | 'treeHash'>): string {
  return join(paths.versions, versionFolder(installed.version, installed.treeHash));
}

export function evidenceFolder(
  paths: PluginPaths,
  installed: Pick<Installed, 'version' | 'treeHash'>,
): string {
  return join(paths.evidence, versionFolder(installed.version, installed.treeHash));
}
