import { createHash } from 'node:crypto';
import { isJsonObject, Reader, type JsonObject, type JsonOutput, type JsonValue } from '@ragnos/tuf';
import { readCapabilities } from '../capabilities/capabilities.ts';
import {
  comparePaths,
  filePath,
  foldedPath,
  pluginName,
  pluginVersion,
  vendorName,
  type FilePath,
  type PluginName,
  type PluginVersion,
  type VendorName,
} from '../names.ts';
import { launchToJson, readLaunch, type Launch } from './launch.ts';
import { readSignedTexts, signedTextsToJson, type SignedTexts } from './texts.ts';
import { readFormat, readLine, readLines, readSha256, readTexts, writeFormat } from './common.ts';

export const manifestFormat = 'ragnos-plugin-manifest/1';
const maxFiles = 200_000;

/** One file of a plugin, relative to the plugin's folder. */
export interface ManifestFile {
  readonly path: FilePath;
  /** Hex. */
  readonly sha256: string;
  readonly size: number;
  /** 0o644 or 0o755: whether it may be executed is all that we keep of a mode. */
  readonly mode: 0o644 | 0o755;
}

/** How a package came to us; bundles, extensions and wheels are published as they are. */
export const sourceTypes = ['npm', 'folder', 'tarball', 'mcpb', 'vsix', 'wheel'] as const;
/** Whose plugin it is: a program's on Node, an AI host's as a server, an editor's, Claude's, or a Python installation's. */
export const pluginKinds = ['node', 'mcp', 'vscode', 'claude', 'python'] as const;
/** What starts its entry; `none`: only the program that it is a plugin of can do that. */
export const runtimes = ['node', 'python', 'executable', 'none'] as const;
export type Runtime = (typeof runtimes)[number];

export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** As the lockfile has it, `sha512-…`; null where its author had put it into the archive already. */
  readonly integrity: string | null;
}

/**
 * The signed manifest: every file that will run, and what the author says about the plugin. What an author says here
 * informs; it authorises nothing (DESIGN.md, decision 7).
 */
export interface PluginManifest {
  readonly vendor: VendorName;
  readonly plugin: PluginName;
  readonly version: PluginVersion;
  readonly description: string;
  readonly artifact: {
    /** As published: `<plugin>-<version>.tgz`, or with the ending of the format. */
    readonly name: string;
    readonly originalName: string;
    /** `application/gzip` or `application/zip`: which reader a host takes. */
    readonly mediaType: string;
    readonly length: number;
    readonly sha256: string;
  };
  readonly source: {
    readonly type: (typeof sourceTypes)[number];
    readonly name: string;
    readonly integrity: string | null;
  };
  /** What every path in the archive begins with, `package/` as a rule; may be empty. */
  readonly stripPrefix: string;
  /** Sorted by path, in code points. */
  readonly files: readonly ManifestFile[];
  /** `treeHash(files)` */
  readonly treeHash: string;
  readonly entry: {
    readonly main: FilePath | null;
    readonly bin: ReadonlyMap<string, FilePath>;
    /** Absent: nothing but the entry itself. */
    readonly launch?: Launch | undefined;
    /** What its own manifest says is in it, by sort (`tools`, `hooks`, …), a line each: to be shown, not believed. */
    readonly offers?: ReadonlyMap<string, readonly string[]> | undefined;
  };
  readonly kind: (typeof pluginKinds)[number];
  /** Absent: `node`. */
  readonly runtime?: Runtime | undefined;
  readonly engines: ReadonlyMap<string, string>;
  /** The system that bundled native parts were chosen for; `any` where there are none. */
  readonly target: string;
  /** As signed; `parseCapabilities` reads it, and the manifest's own reader has done so once. */
  readonly capabilities: JsonObject;
  /** What the tools and prompts of `capabilities` say; absent, also of single ones: nobody wrote it down. */
  readonly texts?: SignedTexts | undefined;
  /** Scripts that npm would have run at installation: `postinstall`, of a bundled package `esbuild:postinstall`. Never run. */
  readonly lifecycleScripts: readonly string[];
  readonly bundled: readonly BundledPackage[];
  readonly evidence: readonly string[];
}

/** Hex sha256 over path, mode, size and digest of every file: names a tree's content. */
export function treeHash(files: readonly ManifestFile[]): string {
  const hash = createHash('sha256');
  for (const file of files)
    hash.update(`${file.path}\0${file.mode.toString(8)}\0${file.size}\0${file.sha256}\n`);
  return hash.digest('hex');
}

/** The order of `files`. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return comparePaths(a.path, b.path);
}

/** @throws FormatError `BAD_FORMAT`, also for twins among the files, a wrong tree hash, an entry that is no file of it */
export function parseManifest(bytes: Uint8Array): PluginManifest {
  return readFormat(bytes, manifestFormat, (reader) => {
    const files = reader.array('files').map((json, index) => readFile(json, `files[${index}]`));
    checkFiles(reader, files);
    const artifact = reader.object('artifact');
    const source = reader.object('source');
    return {
      vendor: vendorName(reader.string('vendor')),
      plugin: pluginName(reader.string('plugin')),
      version: pluginVersion(reader.string('version')),
      description: readLine(reader, 'description'),
      artifact: {
        name: readLine(artifact, 'name', 255),
        originalName: readLine(artifact, 'originalName', 255),
        mediaType: readLine(artifact, 'mediaType', 100),
        length: artifact.integer('length', 1),
        sha256: readSha256(artifact, 'sha256'),
      },
      source: {
        type: oneOf(source, 'type', sourceTypes),
        name: readLine(source, 'name', 300),
        integrity: source.has('integrity') ? readLine(source, 'integrity', 300) : null,
      },
      stripPrefix: readPrefix(reader),
      files,
      treeHash: readTreeHash(reader, files),
      entry: readEntry(reader, files),
      kind: oneOf(reader, 'kind', pluginKinds),
      ...(reader.has('runtime') ? { runtime: oneOf(reader, 'runtime', runtimes) } : {}),
      engines: readTexts(reader, 'engines'),
      target: readLine(reader, 'target', 60),
      ...checkedCapabilities(reader),
      lifecycleScripts: readLines(reader, 'lifecycleScripts', 300),
      bundled: reader.array('bundled').map((json, index) => {
        const item = Reader.of(json, `bundled[${index}]`);
        return {
          name: readLine(item, 'name', 300),
          version: readLine(item, 'version', 100),
          integrity: item.has('integrity') ? readLine(item, 'integrity', 300) : null,
        };
      }),
      evidence: readLines(reader, 'evidence', 255),
    };
  });
}

export function serializeManifest(manifest: PluginManifest): Uint8Array {
  const { integrity, ...source } = manifest.source;
  const { runtime, texts, ...rest } = manifest;
  return writeFormat({
    ...rest,
    ...(texts === undefined ? {} : { texts: signedTextsToJson(texts) }),
    ...(runtime === undefined ? {} : { runtime }),
    format: manifestFormat,
    source: integrity === null ? source : { ...source, integrity },
    files: manifest.files.map((file) => ({ ...file })),
    entry: entryToJson(manifest.entry),
    bundled: manifest.bundled.map(({ name, version, integrity }) =>
      integrity === null ? { name, version } : { name, version, integrity },
    ),
  });
}

function entryToJson({ main, bin, launch, offers }: PluginManifest['entry']): JsonOutput {
  return {
    bin,
    ...(main === null ? {} : { main }),
    ...(launch === undefined ? {} : { launch: launchToJson(launch) }),
    ...(offers === undefined ? {} : { offers }),
  };
}

function readFile(json: JsonValue, path: string): ManifestFile {
  const reader = Reader.of(json, path);
  const mode = reader.integer('mode', 0, 0o777);
  if (mode !== 0o644 && mode !== 0o755) return reader.fail('mode', '420 (0644) or 493 (0755)');
  return {
    path: filePath(reader.string('path')),
    sha256: readSha256(reader, 'sha256'),
    size: reader.integer('size', 0),
    mode,
  };
}

function checkFiles(reader: Reader, files: readonly ManifestFile[]): void {
  if (files.length === 0 || files.length > maxFiles) reader.fail('files', `1 to ${maxFiles} files`);
  let before: ManifestFile | null = null;
  for (const file of files) {
    if (before !== null && byPath(before, file) >= 0) reader.fail('files', 'each once, sorted by path');
    before = file;
  }
  const folded = new Set(files.map((file) => foldedPath(file.path)));
  if (folded.size !== files.length) reader.fail('files', 'no two that are one on some disk');
  const folders = new Set<string>();
  for (const path of folded)
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (folders.has(folder)) break;
      folders.add(folder);
      if (folded.has(folder)) reader.fail('files', 'no file that is also a folder');
    }
}

function readTreeHash(reader: Reader, files: readonly ManifestFile[]): string {
  const hash = readSha256(reader, 'treeHash');
  return hash === treeHash(files) ? hash : reader.fail('treeHash', 'the hash of its files');
}

function readPrefix(reader: Reader): string {
  const prefix = reader.string('stripPrefix');
  if (prefix !== '')
    filePath(
      prefix.endsWith('/') ? prefix.slice(0, -1) : reader.fail('stripPrefix', 'a folder with "/" at its end'),
    );
  return prefix;
}

function readEntry(reader: Reader, files: readonly ManifestFile[]): PluginManifest['entry'] {
  const entry = reader.object('entry');
  const known = new Set<string>(files.map((file) => file.path));
  const inside = (name: string, path: string): FilePath =>
    known.has(path) ? filePath(path) : entry.fail(name, 'a file of the plugin');
  return {
    main: entry.has('main') ? inside('main', entry.string('main')) : null,
    bin: new Map([...readTexts(entry, 'bin')].map(([name, path]) => [name, inside('bin', path)])),
    ...(entry.has('launch') ? { launch: readLaunch(entry.object('launch')) } : {}),
    ...(entry.has('offers') ? { offers: readOffers(entry.object('offers')) } : {}),
  };
}

function readOffers(reader: Reader): ReadonlyMap<string, readonly string[]> {
  const names = reader.names();
  if (names.length > 20 || names.some((name) => !/^[a-z]{1,20}$/.test(name)))
    reader.fail(names[0] ?? '', 'at most 20 plain names');
  return new Map(names.map((name) => [name, readLines(reader, name, 500)]));
}

/** What a host cannot read it cannot confine to: an unknown capability refuses the manifest. */
function checkedCapabilities(reader: Reader): Pick<PluginManifest, 'capabilities' | 'texts'> {
  const read = readCapabilities(reader.object('capabilities'));
  const value = reader.value('capabilities');
  return {
    capabilities: isJsonObject(value) ? value : reader.fail('capabilities', 'an object'),
    ...(reader.has('texts') ? { texts: readSignedTexts(reader.object('texts'), read) } : {}),
  };
}

function oneOf<const T extends string>(reader: Reader, name: string, allowed: readonly T[]): T {
  const text = reader.string(name);
  return allowed.find((item) => item === text) ?? reader.fail(name, `one of ${allowed.join(', ')}`);
}
