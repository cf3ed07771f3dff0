import type { TargetInfo } from '@ragnos/client';
import { OfflineError } from '@ragnos/client';
import { LimitExceededError } from '@ragnos/tuf';
import { hash } from 'node:crypto';
import { join } from 'node:path';

import type { FileRef } from '../formats/common.ts';
import { parseManifest } from '../formats/manifest.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import type { IndexEntry, PluginIndex } from '../formats/plugin-index.ts';
import type { PluginName, PluginVersion, VendorName } from '../names.ts';
import { pluginPath } from '../names.ts';
import { checkPlatform } from './choose.ts';
import type { Context } from './context.ts';
import { HostUntrustedError } from './errors.ts';
import { sha256Of } from './evidence.ts';
import { pluginPaths } from './paths.ts';
import { evidenceFolder, readPointer } from './pointer.ts';
import type { Session } from './session.ts';
import { readBytes } from './state-file.ts';

/** A version as the index has it. */
export interface Versioned {
  readonly version: PluginVersion;
  readonly entry: Pick<IndexEntry, 'artifact' | 'manifest'>;
}

/** One version's two files as the index and the signed metadata describe them, which agree. */
export interface Located {
  readonly vendor: VendorName;
  readonly plugin: PluginName;
  readonly artifact: TargetInfo;
  readonly manifestInfo: TargetInfo;
}

/** The same with the manifest, which agrees too. */
export interface Source extends Located {
  readonly manifestBytes: Uint8Array;
  readonly manifest: PluginManifest;
}

function mismatch(name: string, why: string): HostUntrustedError {
  return new HostUntrustedError('IDENTITY_MISMATCH', `${name}: ${why}`, {
    hint: 'nothing was installed; ask the vendor',
  });
}

/** Path = index = signed metadata: names, lengths and digests. @throws IDENTITY_MISMATCH */
export async function locate(
  context: Context,
  session: Session,
  index: PluginIndex,
  { version, entry }: Versioned,
  signal: AbortSignal | undefined,
): Promise<Located> {
  const { vendor, plugin } = index;
  const name = `${vendor}/${plugin}@${version}`;
  const signed = async (ref: FileRef): Promise<TargetInfo> => {
    if (!ref.name.startsWith(`${plugin}-${version}.`))
      throw mismatch(name, `the index calls its file ${ref.name}`);
    const info = await session.updater.find(pluginPath(vendor, plugin, ref.name), { signal });
    if (info === null) throw mismatch(name, `${ref.name} is in the index and not signed`);
    if (info.length !== ref.length || sha256Of(info) !== ref.sha256)
      throw mismatch(name, `the index and the signed metadata differ about ${ref.name}`);
    return info;
  };
  if (entry.manifest.name !== `${plugin}-${version}.manifest.json`)
    throw mismatch(name, `the index calls its manifest ${entry.manifest.name}`);
  return {
    vendor,
    plugin,
    artifact: await signed(entry.artifact),
    manifestInfo: await signed(entry.manifest),
  };
}

/** The same as `signedManifest`, of a version that may be installed here. @throws IDENTITY_MISMATCH, PLATFORM, LIMIT */
export async function describeSource(
  context: Context,
  session: Session,
  index: PluginIndex,
  located: Located,
  version: PluginVersion,
  signal: AbortSignal | undefined,
): Promise<Source> {
  const source = await signedManifest(context, session, index, located, version, signal);
  refuseTooLarge(context, `${index.vendor}/${index.plugin}@${version}`, source.manifest);
  checkPlatform(source.manifest);
  return source;
}

/** = manifest: vendor, plugin, version, the artifact's name, length and digest. @throws IDENTITY_MISMATCH */
export async function signedManifest(
  context: Context,
  session: Session,
  index: PluginIndex,
  located: Located,
  version: PluginVersion,
  signal: AbortSignal | undefined,
): Promise<Source> {
  const name = `${index.vendor}/${index.plugin}@${version}`;
  const manifestBytes = await readManifest(context, session, index, located.manifestInfo, signal);
  const manifest = parseManifest(manifestBytes);
  if (manifest.vendor !== index.vendor || manifest.plugin !== index.plugin || manifest.version !== version)
    throw mismatch(name, `the manifest is that of ${manifest.vendor}/${manifest.plugin}@${manifest.version}`);
  const { artifact } = manifest;
  if (artifact.sha256 !== sha256Of(located.artifact) || artifact.length !== located.artifact.length)
    throw mismatch(name, 'the manifest describes another artifact than the index');
  if (!located.artifact.path.endsWith(`/${artifact.name}`))
    throw mismatch(name, `the manifest calls the artifact ${artifact.name}`);
  return { ...located, manifestBytes, manifest };
}

async function readManifest(
  context: Context,
  session: Session,
  plugin: Pick<PluginIndex, 'vendor' | 'plugin'>,
  info: TargetInfo,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const maxLength = context.limits.manifestMaxLength;
  if (!context.offline) return await session.updater.read(info, { maxLength, signal });
  const pointer = await readPointer(context, plugin);
  for (const installed of [pointer, pointer?.previous ?? null]) {
    if (installed === null || installed.manifest !== sha256Of(info)) continue;
    const folder = evidenceFolder(pluginPaths(context.paths, plugin.vendor, plugin.plugin), installed);
    const bytes = await readBytes(join(folder, 'manifest.json'), maxLength);
    if (bytes !== null && hash('sha256', bytes, 'hex') === installed.manifest) return bytes;
  }
  throw new OfflineError(`${info.path} is not kept here`, { hint: 'install it once with a connection' });
}

function refuseTooLarge({ limits }: Context, name: string, { files }: PluginManifest): void {
  const total = files.reduce((sum, file) => sum + file.size, 0);
  if (files.length > limits.maxFiles)
    throw new LimitExceededError(`${name}: ${files.length} files, at most ${limits.maxFiles} are installed`);
  if (total > limits.unpackedMaxLength)
    throw new LimitExceededError(
      `${name}: ${total} bytes unpacked, at most ${limits.unpackedMaxLength} are installed`,
    );
}
