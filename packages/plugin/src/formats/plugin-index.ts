import type { Reader } from '@ragnos/tuf';
import { FormatError } from '../errors.ts';
import {
  pluginName,
  pluginVersion,
  vendorName,
  type PluginName,
  type PluginVersion,
  type VendorName,
} from '../names.ts';
import {
  readFormat,
  readLine,
  readRef,
  readTexts,
  readTime,
  refToJson,
  writeFormat,
  type FileRef,
} from './common.ts';
import { compareVersions, isPrerelease } from './versions.ts';

export const indexFormat = 'ragnos-plugin-index/1';

export interface Yank {
  readonly reason: string;
  /** RFC 3339 */
  readonly at: string;
}

export interface IndexEntry {
  readonly artifact: FileRef;
  readonly manifest: FileRef;
  readonly engines: ReadonlyMap<string, string>;
  readonly yanked: Yank | null;
}

/** `index.json`: the one file of a plugin that changes. It never loses a version, and a version never its digests. */
export interface PluginIndex {
  readonly vendor: VendorName;
  readonly plugin: PluginName;
  readonly description: string;
  readonly channels: ReadonlyMap<string, PluginVersion>;
  readonly versions: ReadonlyMap<PluginVersion, IndexEntry>;
}

/** @throws FormatError `BAD_FORMAT`, also for a channel that names no version */
export function parseIndex(bytes: Uint8Array): PluginIndex {
  return readFormat(bytes, indexFormat, (reader) => {
    const list = reader.object('versions');
    const versions = new Map(list.names().map((name) => [pluginVersion(name), readEntry(list.object(name))]));
    const channels = new Map(
      [...readTexts(reader, 'channels')].map(([name, version]) => [name, pluginVersion(version)]),
    );
    for (const [name, version] of channels)
      if (!versions.has(version)) reader.fail(`channels.${name}`, 'a version of the index');
    return {
      vendor: vendorName(reader.string('vendor')),
      plugin: pluginName(reader.string('plugin')),
      description: readLine(reader, 'description'),
      channels,
      versions,
    };
  });
}

export function serializeIndex(index: PluginIndex): Uint8Array {
  const versions = new Map(
    [...index.versions].map(([version, entry]) => [version as string, entryToJson(entry)]),
  );
  const { vendor, plugin, description, channels } = index;
  return writeFormat({ format: indexFormat, vendor, plugin, description, channels, versions });
}

/**
 * The index with one version more; the same version with the same bytes changes nothing, so that a publish can be
 * repeated. The channel `latest` follows the highest version that is neither yanked nor a
 * prerelease.
 *
 * @throws FormatError `VERSION_EXISTS`
 */
export function addVersion(
  index: PluginIndex | null,
  added: {
    readonly vendor: VendorName;
    readonly plugin: PluginName;
    readonly version: PluginVersion;
    readonly description: string;
    readonly entry: IndexEntry;
  },
): PluginIndex {
  const { vendor, plugin, version, description, entry } = added;
  if (index !== null && (index.vendor !== vendor || index.plugin !== plugin))
    throw new FormatError(
      'BAD_FORMAT',
      `the index of ${index.vendor}/${index.plugin} is not that of ${vendor}/${plugin}`,
    );
  const known = index?.versions.get(version);
  if (
    known !== undefined &&
    !(sameFile(known.artifact, entry.artifact) && sameFile(known.manifest, entry.manifest))
  )
    throw new FormatError(
      'VERSION_EXISTS',
      `${vendor}/${plugin}@${version} is published with other bytes (sha256 ${known.artifact.sha256}, manifest ${known.manifest.sha256})`,
      { hint: 'a published version never changes; publish under a new version' },
    );
  const versions = new Map(index?.versions);
  if (known === undefined) versions.set(version, entry);
  return withLatest({ vendor, plugin, description, channels: index?.channels ?? new Map(), versions });
}

/** Marks a version as not to be installed any more, or, with `null`, takes that back. */
export function yankVersion(index: PluginIndex, version: PluginVersion, yank: Yank | null): PluginIndex {
  const entry = index.versions.get(version);
  if (entry === undefined)
    throw new FormatError(
      'NO_SUCH_VERSION_IN_INDEX',
      `${index.vendor}/${index.plugin} has no version ${version}`,
      {
        hint: `its versions are ${[...index.versions.keys()].join(', ')}`,
      },
    );
  return withLatest({ ...index, versions: new Map(index.versions).set(version, { ...entry, yanked: yank }) });
}

function sameFile(a: FileRef, b: FileRef): boolean {
  return a.name === b.name && a.length === b.length && a.sha256 === b.sha256;
}

/** Where the channel `latest` belongs: the highest version that is neither yanked nor a prerelease; `null` = there is none. */
export function latestVersion({ versions }: Pick<PluginIndex, 'versions'>): PluginVersion | null {
  const good = [...versions].filter(([version, { yanked }]) => yanked === null && !isPrerelease(version));
  const sorted = good.map(([version]) => version).toSorted(compareVersions);
  return sorted.at(-1) ?? null;
}

/** What an index may not lose (decision 8): a version, or the name or digest of one of its files. */
export interface IndexLoss {
  readonly version: PluginVersion;
  /** `null` = all of it. */
  readonly part: 'artifact' | 'manifest' | null;
}

/** The first thing that `next` has lost of what `known` said; `null` = it only grew, or was yanked. */
export function indexLoss(known: PluginIndex, next: PluginIndex): IndexLoss | null {
  for (const [version, entry] of known.versions) {
    const now = next.versions.get(version);
    if (now === undefined) return { version, part: null };
    for (const part of ['artifact', 'manifest'] as const)
      if (now[part].sha256 !== entry[part].sha256 || now[part].name !== entry[part].name)
        return { version, part };
  }
  return null;
}

function withLatest(index: PluginIndex): PluginIndex {
  const latest = latestVersion(index);
  const channels = new Map(index.channels);
  if (latest === null) channels.delete('latest');
  else channels.set('latest', latest);
  return { ...index, channels };
}

function readEntry(reader: Reader): IndexEntry {
  const yanked = reader.has('yanked') ? reader.object('yanked') : null;
  return {
    artifact: readRef(reader.object('artifact')),
    manifest: readRef(reader.object('manifest')),
    engines: readTexts(reader, 'engines'),
    yanked: yanked === null ? null : { reason: readLine(yanked, 'reason'), at: readTime(yanked, 'at') },
  };
}

function entryToJson(entry: IndexEntry) {
  const json = {
    artifact: refToJson(entry.artifact),
    manifest: refToJson(entry.manifest),
    engines: entry.engines,
  };
  return entry.yanked === null ? json : { ...json, yanked: { ...entry.yanked } };
}
