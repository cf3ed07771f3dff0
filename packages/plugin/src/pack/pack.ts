import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { count } from '../count.ts';
import { defaultArchiveLimits, type ArchiveLimits } from '../archive/limits.ts';
import { readArchive } from '../archive/tar-reader.ts';
import { writeArchive, type FileToPack } from '../archive/tar-writer.ts';
import { ArchiveError, PackError } from '../errors.ts';
import type { AuthorFile } from '../formats/author.ts';
import {
  byPath,
  parseManifest,
  serializeManifest,
  treeHash,
  type PluginManifest,
} from '../formats/manifest.ts';
import { pluginName, pluginVersion, type VendorName } from '../names.ts';
import { readAuthor } from './author-file.ts';
import { bundleDependencies, type Bundle } from './bundle.ts';
import { bundledScripts, carriedPackages, kindOf, readEntry, sha256, toManifestFile } from './describe.ts';
import { claudePackage, isClaudePlugin, readClaudePlugin } from './claude.ts';
import { declareCapabilities } from './declare.ts';
import { withMode } from './modes.ts';
import { neverRun } from './never-run.ts';
import { isolatedNpm, markAsProject, type Npm } from './npm.ts';
import type { Packed, PackOptions } from './options.ts';
import { isPublishedAsIs, packAsIs } from './pack-as-is.ts';
import { lastPart, readPackageJson, resolveFile, type PackageJson } from './package-json.ts';
import { isBytecode, otherRuntime, runtimeNotes, startedByOther, type OtherRuntime } from './runtime.ts';
import { refuseSecrets } from './secrets.ts';
import { readSource, type Source } from './source.ts';
import { nodeCommandNotes } from './started-by.ts';

/**
 * Makes a closed plugin of a folder, a tarball or `npm:name@version`, and its manifest. The same source, lockfile and
 * target give the same bytes on any machine. An archive that needs nothing more is published as it is, byte for byte.
 * Nothing of the package is executed.
 *
 * @throws PackError, ArchiveError, NameError; nothing is left in `output` then but a lockfile for review
 */
export async function pack(source: string, options: PackOptions): Promise<Packed> {
  if (isPublishedAsIs(source)) return packAsIs(source, options);
  const scratch = await mkdtemp(join(tmpdir(), 'ragv-pack-'));
  try {
    await markAsProject(scratch);
    const npm = isolatedNpm(scratch, options.signal);
    options.onProgress?.(`reading ${source}`);
    const limits = options.limits ?? defaultArchiveLimits;
    return await packSource(await readSource(source, scratch, npm, limits), scratch, npm, options, limits);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function packSource(
  source: Source,
  scratch: string,
  npm: Npm,
  options: PackOptions,
  limits: ArchiveLimits,
): Promise<Packed> {
  const own = source.entries.map((entry) => ({ ...entry, path: entry.path.slice(source.prefix.length) }));
  const pkg = readPackage(source, own);
  const author = readAuthor(source, own);
  const runtime = otherRuntime(author);
  const claude = isClaudePlugin(own) ? readClaudePlugin(own) : null;
  const vendor = vendorOf(options, author);
  const name = pluginName(options.name ?? author.name ?? lastPart(pkg.name).toLowerCase());
  const version = pluginVersion(pkg.version);
  const notes: string[] = [...(claude?.notes ?? [])];
  let lockfileWritten: string | null = null;
  let bundle: Bundle | null = null;
  if (needsBundle(source, pkg, own, options)) {
    options.onProgress?.(`bundling the dependencies of ${name} ${version}`);
    const lock = await findLockfile(source, own, options);
    bundle = await bundleDependencies(pkg, lock, scratch, options.target, npm);
    notes.push(
      `bundled ${count(bundle.packages.length, 'package')}: ${shortened(bundle.packages.map((item) => `${item.name}@${item.version}`))}`,
    );
    if (lock === null) {
      lockfileWritten = await keepLockfile(bundle, source, options, `${name}-${version}`);
      notes.push(
        `wrote ${lockfileWritten}: review it, and give it next time (--lockfile) to get the same bytes`,
      );
    }
  }
  if (source.type !== 'npm') refuseSecrets(own);
  const unchanged = bundle === null && source.folder === null;
  const prefix = unchanged ? source.prefix : 'package/';
  const files = unchanged ? own : rewritten(pkg, own, bundle, runtime);
  const scripts = [...pkg.lifecycleScripts, ...bundledScripts(files)];
  notes.push(...whatIsLeftOut(pkg, options, own, bundle, scripts));
  options.onProgress?.(`writing ${name}-${version}.tgz`);
  const artifact = unchanged ? source.archive : await writeChecked(files, prefix, limits);
  const listed = files.map(toManifestFile).toSorted(byPath);
  const started = readEntry(pkg, author, new Set(listed.map((file) => file.path)));
  const entry = runtime === null ? started : startedByOther(runtime, started, files, options.target);
  const isClaude = claude !== null && author.kind === null && runtime === null;
  if (runtime !== null) notes.push(...runtimeNotes(runtime, entry, files));
  else if (!isClaude) notes.push(...nodeCommandNotes(entry, files, source.type));
  const { notes: declared, ...members } = await declareCapabilities({
    files,
    entry,
    runtime: runtime ?? undefined,
    stated: author.capabilities,
    found: claude?.capabilities ?? {},
    signal: options.signal,
  });
  notes.push(...declared);
  const manifest: PluginManifest = {
    vendor,
    plugin: name,
    version,
    description: author.description ?? pkg.description,
    artifact: {
      name: `${name}-${version}.tgz`,
      originalName: source.originalName,
      mediaType: 'application/gzip',
      length: artifact.length,
      sha256: sha256(artifact),
    },
    source: {
      type: source.type,
      name: source.type === 'npm' ? `${pkg.name}@${pkg.version}` : pkg.name,
      integrity: source.integrity,
    },
    stripPrefix: prefix,
    files: listed,
    treeHash: treeHash(listed),
    entry: {
      ...entry,
      ...(claude === null ? {} : { offers: claude.offers }),
    },
    kind: isClaude ? 'claude' : kindOf(pkg, author),
    ...(isClaude ? { runtime: 'none' as const } : runtime === null ? {} : { runtime }),
    engines: pkg.engines,
    target: bundle === null && runtime === null ? 'any' : (options.target ?? 'any'),
    ...members,
    lifecycleScripts: scripts,
    bundled: bundle?.packages ?? carriedPackages(files),
    evidence: author.evidence,
  };
  const manifestBytes = serializeManifest(manifest);
  parseManifest(manifestBytes); // what no host could read is not published
  const artifactFile = join(options.output, manifest.artifact.name);
  await writeFile(artifactFile, artifact);
  const keywords = author.keywords ?? pkg.keywords;
  const textsStated = ['tools', 'prompts'].some((sort) => Object.hasOwn(author.capabilities ?? {}, sort));
  return { manifest, manifestBytes, artifactFile, keywords, textsStated, lockfileWritten, notes };
}

function readPackage(source: Source, own: readonly FileToPack[]): PackageJson {
  const file = own.find((item) => item.path === 'package.json');
  if (file === undefined && isClaudePlugin(own)) return claudePackage(own, source.originalName);
  if (file === undefined) throw new PackError('PACKAGE_JSON', `${source.originalName} has no package.json`);
  const hasGyp = own.some((item) => item.path === 'binding.gyp');
  return readPackageJson(file.body, `package.json of ${source.originalName}`, hasGyp);
}

function vendorOf(options: PackOptions, author: AuthorFile): VendorName {
  const vendor = options.vendor ?? author.vendor;
  if (vendor === null)
    throw new PackError('VENDOR_MISSING', 'no vendor is named', {
      hint: 'give --vendor, or "vendor" in ragv.json',
    });
  if (author.vendor !== null && author.vendor !== vendor)
    throw new PackError(
      'VENDOR_MISMATCH',
      `ragv.json names the vendor ${author.vendor}, asked for is ${vendor}`,
    );
  return vendor;
}

/**
 * A folder's node_modules are never taken: nobody can say where they come from. What an archive carries inside itself
 * is part of what its author published.
 */
function needsBundle(
  source: Source,
  pkg: PackageJson,
  own: readonly FileToPack[],
  options: PackOptions,
): boolean {
  const optional = options.target !== undefined && pkg.optionalDependencies.length > 0;
  if (source.folder !== null) return pkg.dependencies.size > 0 || optional;
  const inside = new Set(own.map((file) => file.path));
  const missing = [...pkg.dependencies.keys()].filter(
    (name) => !inside.has(`node_modules/${name}/package.json`),
  );
  if (options.bundle === true) return missing.length > 0 || optional;
  if (missing.length === 0) return false;
  throw new PackError(
    'DEPENDENCIES_MISSING',
    `${source.originalName} needs ${count(missing.length, 'package')} from outside: ${shortened(missing)}`,
    { hint: `a plugin is closed; put them inside with: ragv publish ${source.given} --bundle` },
  );
}

/** Given, beside the folder's package.json, or shipped by the author as npm-shrinkwrap.json; null if there is none. */
async function findLockfile(
  source: Source,
  own: readonly FileToPack[],
  options: PackOptions,
): Promise<Uint8Array | null> {
  if (options.lockfile !== undefined)
    return readFile(options.lockfile).catch((cause: unknown) => {
      throw new PackError('SOURCE_UNREADABLE', `the lockfile ${options.lockfile} cannot be read`, { cause });
    });
  const shipped = own.find((file) => file.path === 'npm-shrinkwrap.json');
  if (shipped !== undefined) return shipped.body;
  if (source.folder === null) return null;
  return readFile(join(source.folder, 'package-lock.json')).catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw new PackError('SOURCE_UNREADABLE', 'package-lock.json cannot be read', { cause });
  });
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
  return path;
}

function rewritten(
  pkg: PackageJson,
  own: readonly FileToPack[],
  bundle: Bundle | null,
  runtime: OtherRuntime | null,
): readonly FileToPack[] {
  const isLeftOut = (path: string): boolean =>
    path.startsWith('node_modules/') || (runtime === 'python' && isBytecode(path));
  const plain = own.filter((file) => !isLeftOut(file.path));
  const paths = new Set(plain.map((file) => file.path));
  const commands = new Set<string>([...pkg.bin.values()].flatMap((path) => resolveFile(path, paths) ?? []));
  return [...plain, ...(bundle?.files ?? [])].map((file) => withMode(file, commands));
}

/** What hosts would refuse is refused here, by the same reader. */
async function writeChecked(
  files: readonly FileToPack[],
  prefix: string,
  limits: ArchiveLimits,
): Promise<Uint8Array> {
  const total = files.reduce((sum, file) => sum + file.body.length, 0);
  if (total > limits.unpackedMaxLength)
    throw new ArchiveError(
      'ARCHIVE_TOO_LARGE',
      `the plugin has ${total} bytes, more than ${limits.unpackedMaxLength}`,
    );
  const artifact = await writeArchive(files.map((file) => ({ ...file, path: `${prefix}${file.path}` })));
  readArchive(artifact, limits);
  return artifact;
}

function whatIsLeftOut(
  pkg: PackageJson,
  options: PackOptions,
  own: readonly FileToPack[],
  bundle: Bundle | null,
  scripts: readonly string[],
): readonly string[] {
  const notes: string[] = [];
  const inside = new Set(own.map((file) => file.path));
  const optional =
    bundle?.leftOut ??
    pkg.optionalDependencies.filter((name) => !inside.has(`node_modules/${name}/package.json`));
  if (options.target === undefined && optional.length > 0)
    notes.push(
      `left out ${count(optional.length, 'optional package')} (${shortened(optional)}): choose a system for them with --target`,
    );
  const never = neverRun(scripts);
  if (never !== null) notes.push(never);
  return notes;
}

function shortened(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 4).join(', ')}, …` : names.join(', ');
}
