import { lstat, readFile, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { mediaTypeOf } from '../archive/kinds.ts';
import { defaultArchiveLimits, type ArchiveLimits } from '../archive/limits.ts';
import { readZip } from '../archive/zip-reader.ts';
import { ArchiveError, PackError } from '../errors.ts';
import {
  byPath,
  parseManifest,
  serializeManifest,
  treeHash,
  type PluginManifest,
} from '../formats/manifest.ts';
import { declareCapabilities } from './declare.ts';
import { carriedPackages, sha256, toManifestFile } from './describe.ts';
import type { Packed, PackOptions } from './options.ts';
import { asIsTypes, describe, publishedName } from './published-as-is.ts';
import { refuseSecrets } from './secrets.ts';

/** Whether `source` names a bundle, an extension or a wheel. */
export function isPublishedAsIs(source: string): boolean {
  return !source.startsWith('npm:') && asIsTypes.has(endingOf(source));
}

/**
 * Makes a plugin of a `.mcpb`, `.vsix` or `.whl` file: its very bytes are the artifact, and its own manifest is mapped to
 * ours. Nothing is bundled, rewritten or run.
 *
 * @throws PackError, ArchiveError, NameError; nothing is left in `output` then
 */
export async function packAsIs(source: string, options: PackOptions): Promise<Packed> {
  const [type, ending] = asIsTypes.get(endingOf(source)) ?? (['mcpb', 'mcpb'] as const);
  if (options.bundle === true || options.lockfile !== undefined)
    throw new PackError(
      'PACKAGE_UNSUPPORTED',
      `${source} is published as it is: nothing can be put into it`,
      {
        hint: 'leave --bundle and --lockfile away',
      },
    );
  const { vendor } = options;
  if (vendor === undefined)
    throw new PackError('VENDOR_MISSING', 'no vendor is named', { hint: 'give --vendor' });
  const limits = options.limits ?? defaultArchiveLimits;
  options.onProgress?.(`reading ${source}`);
  const artifact = await readBounded(source, limits);
  const entries = readZip(artifact, limits);
  refuseSecrets(entries);
  const originalName = basename(source);
  const found = await describe(type, entries, { originalName, target: options.target });
  if (options.target !== undefined && found.target !== options.target)
    throw new PackError(
      'BAD_TARGET_SYSTEM',
      `${originalName} is made for ${found.target}, not for ${options.target}`,
      {
        hint: 'leave --target away; for a bundle with several programs write linux-x64, darwin-arm64 or win32-x64',
      },
    );
  const [plugin, version] = publishedName(found, options.name);
  const listed = entries.map(toManifestFile).toSorted(byPath);
  const name = `${plugin}-${version}.${ending}`;
  const { bin } = found.entry;
  const { notes, ...members } = await declareCapabilities({
    files: entries,
    entry: found.entry,
    runtime: found.runtime,
    stated: null,
    found: found.capabilities,
    signal: options.signal,
  });
  const manifest: PluginManifest = {
    vendor,
    plugin,
    version,
    description: found.description,
    artifact: {
      name,
      originalName,
      mediaType: mediaTypeOf(name) ?? 'application/zip',
      length: artifact.length,
      sha256: sha256(artifact),
    },
    source: { type, name: `${found.name}@${found.version}`, integrity: null },
    stripPrefix: '',
    files: listed,
    treeHash: treeHash(listed),
    entry: { ...found.entry, bin: new Map([...bin.values()].map((path) => [plugin, path])) },
    kind: found.kind,
    runtime: found.runtime,
    engines: found.engines,
    target: found.target,
    ...members,
    lifecycleScripts: [],
    bundled: carriedPackages(entries),
    evidence: [],
  };
  const manifestBytes = serializeManifest(manifest);
  parseManifest(manifestBytes); // what no host could read is not published
  const artifactFile = join(options.output, name);
  await writeFile(artifactFile, artifact);
  return {
    manifest,
    manifestBytes,
    artifactFile,
    keywords: found.keywords,
    textsStated: false,
    lockfileWritten: null,
    notes: [...found.notes, ...notes],
  };
}

async function readBounded(source: string, limits: ArchiveLimits): Promise<Uint8Array> {
  const path = resolve(source);
  const info = await lstat(path).catch((cause: unknown) => {
    throw new PackError('SOURCE_UNREADABLE', `${source}: not found`, { cause });
  });
  if (!info.isFile()) throw new PackError('SOURCE_UNREADABLE', `${source}: not a file`);
  if (info.size > limits.archiveMaxLength)
    throw new ArchiveError('ARCHIVE_TOO_LARGE', `${source} has more than ${limits.archiveMaxLength} bytes`);
  return readFile(path);
}

function endingOf(source: string): string {
  return source.slice(source.lastIndexOf('.') + 1).toLowerCase();
}
