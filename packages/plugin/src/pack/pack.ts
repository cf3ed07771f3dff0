import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeArchive, type FileToPack } from '../archive/tar-writer.ts';
import { PackError } from '../errors.ts';
import {
  byPath,
  serializeManifest,
  treeHash,
  type ManifestFile,
  type PluginManifest,
} from '../formats/manifest.ts';
import { filePath, pluginName, pluginVersion, type FilePath } from '../names.ts';
import { bundleDependencies, type Bundle } from './bundle.ts';
import { withNpm, type Npm } from './npm.ts';
import type { Packed, PackOptions } from './options.ts';
import { lastPart, readPackageJson, resolveFile, type PackageJson } from './package-json.ts';
import { refuseSecrets } from './secrets.ts';
import { readSource, type Source } from './source.ts';

/**
 * Makes a closed plugin of a folder, a tarball or `npm:name@version`, and its manifest. The same source, lockfile and
 * target give the same bytes on any machine. An archive that needs nothing more is published as it is, byte for byte.
 * Nothing of the package is executed.
 *
 * @throws PackError, ArchiveError, NameError; nothing is left in `output` then but a lockfile for review
 */
export async function pack(source: string, options: PackOptions): Promise<Packed> {
  const scratch = await mkdtemp(join(tmpdir(), 'ragv-pack-'));
  try {
    return await withNpm(options.signal, async (npm) => {
      options.onProgress?.(`reading ${source}`);
      return packSource(await readSource(source, scratch, npm), scratch, npm, options);
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function packSource(source: Source, scratch: string, npm: Npm, options: PackOptions): Promise<Packed> {
  const own = source.entries.map((entry) => ({ ...entry, path: entry.path.slice(source.prefix.length) }));
  const packageJson = own.find((file) => file.path === 'package.json');
  if (packageJson === undefined)
    throw new PackError('PACKAGE_JSON', `${source.originalName} has no package.json`);
  const pkg = readPackageJson(packageJson.body, `package.json of ${source.originalName}`);
  const name = pluginName(options.name ?? lastPart(pkg.name).toLowerCase());
  const version = pluginVersion(pkg.version);
  const missing = missingDependencies(pkg, own);
  const notes: string[] = [];
  let files: readonly FileToPack[] = own;
  let bundle: Bundle | null = null;
  if (missing.length > 0) {
    if (source.folder === null && options.bundle !== true) throw notClosed(source, missing);
    options.onProgress?.(`bundling the dependencies of ${name} ${version}`);
    const lock = await findLockfile(source, options);
    bundle = await bundleDependencies(pkg, lock, scratch, options.target, npm);
    files = [...own.filter((file) => !file.path.startsWith('node_modules/')), ...bundle.files];
    notes.push(`bundled ${bundle.packages.length} packages: ${summary(bundle)}`);
    if (lock === null) notes.push(await keepLockfile(bundle, source, options, `${name}-${version}`));
  }
  refuseSecrets(source.about.type === 'npm' ? [] : files);
  if (pkg.lifecycleScripts.length > 0)
    notes.push(`its scripts ${pkg.lifecycleScripts.join(', ')} are never run`);
  const unchanged = bundle === null && source.folder === null;
  const prefix = unchanged ? source.prefix : 'package/';
  const artifact = unchanged
    ? source.archive
    : await writeArchive(files.map((file) => ({ ...file, path: `${prefix}${file.path}` })));
  const listed = files.map(toManifestFile).toSorted(byPath);
  const manifest: PluginManifest = {
    vendor: options.vendor,
    plugin: name,
    version,
    description: pkg.description,
    artifact: {
      name: `${name}-${version}.tgz`,
      originalName: source.originalName,
      mediaType: 'application/gzip',
      length: artifact.length,
      sha256: sha256(artifact),
    },
    source: source.about,
    stripPrefix: prefix,
    files: listed,
    treeHash: treeHash(listed),
    entry: readEntry(pkg, new Set(listed.map((file) => file.path))),
    kind: isMcpServer(pkg) ? 'mcp' : 'node',
    engines: pkg.engines,
    target: options.target ?? 'any',
    capabilities: {},
    lifecycleScripts: pkg.lifecycleScripts,
    bundled:
      bundle?.packages.toSorted((a, b) => (`${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1)) ??
      [],
    evidence: [],
  };
  const artifactFile = join(options.output, manifest.artifact.name);
  await writeFile(artifactFile, artifact);
  return {
    manifest,
    manifestBytes: serializeManifest(manifest),
    artifactFile,
    keywords: pkg.keywords,
    notes,
  };
}

/** Production dependencies that are not inside already (npm's `bundleDependencies`). */
function missingDependencies(pkg: PackageJson, files: readonly FileToPack[]): readonly string[] {
  const inside = new Set(files.map((file) => file.path));
  return [...pkg.dependencies.keys()].filter((name) => !inside.has(`node_modules/${name}/package.json`));
}

function notClosed(source: Source, missing: readonly string[]): PackError {
  const named = source.about.type === 'npm' ? `npm:${source.about.name}` : source.about.name;
  return new PackError(
    'DEPENDENCIES_MISSING',
    `${source.originalName} needs ${missing.length} packages that are not inside it: ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ', …' : ''}`,
    { hint: `a plugin is closed; put them inside with: ragv publish ${named} --bundle` },
  );
}

async function findLockfile(source: Source, options: PackOptions): Promise<Uint8Array | null> {
  if (options.lockfile !== undefined)
    return readFile(options.lockfile).catch((cause: unknown) => {
      throw new PackError('SOURCE_UNREADABLE', `the lockfile ${options.lockfile} cannot be read`, { cause });
    });
  return source.folder === null ? null : readFile(join(source.folder, 'package-lock.json')).catch(() => null);
}

/** Without a lockfile today's versions were taken: they are written down, to be reviewed and given next time. */
async function keepLockfile(
  bundle: Bundle,
  source: Source,
  options: PackOptions,
  name: string,
): Promise<string> {
  const path =
    source.folder === null
      ? join(options.output, `${name}.package-lock.json`)
      : join(source.folder, 'package-lock.json');
  await writeFile(path, bundle.lockfile, { flag: source.folder === null ? 'w' : 'wx' });
  return `wrote ${path}: review it, and give it next time (--lockfile) to get the same bytes`;
}

function summary(bundle: Bundle): string {
  const names = bundle.packages.map((item) => `${item.name}@${item.version}`);
  return names.length > 4 ? `${names.slice(0, 4).join(', ')}, …` : names.join(', ');
}

function toManifestFile(file: FileToPack): ManifestFile {
  return { path: filePath(file.path), sha256: sha256(file.body), size: file.body.length, mode: file.mode };
}

function readEntry(pkg: PackageJson, files: ReadonlySet<string>): PluginManifest['entry'] {
  const bin = [...pkg.bin].flatMap(([name, path]) => {
    const file = resolveFile(path, files);
    return file === null ? [] : [[name, file] as const];
  });
  return {
    main: resolveFile(pkg.main ?? mainOfExports(pkg) ?? 'index.js', files),
    bin: new Map<string, FilePath>(bin),
  };
}

/** `exports` as a text, or its "." for import; deeper conditions are Node's business. */
function mainOfExports(pkg: PackageJson): string | null {
  let value = pkg.json['exports'];
  for (const key of ['.', 'import', 'default'])
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      value = new Map(Object.entries(value)).get(key) ?? value;
  return typeof value === 'string' ? value : null;
}

function isMcpServer(pkg: PackageJson): boolean {
  return (
    pkg.dependencies.has('@modelcontextprotocol/sdk') ||
    pkg.keywords.includes('mcp') ||
    pkg.keywords.includes('mcp-server')
  );
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
