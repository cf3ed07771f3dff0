import { createHash } from 'node:crypto';
import { lstat, readFile, readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { nodeFileSystem } from '@ragnos/disk';
import { isJsonObject, type JsonObject } from '@ragnos/tuf';
import type { ArchiveLimits } from '../archive/limits.ts';
import { readArchive, type ArchiveEntry } from '../archive/tar-reader.ts';
import { writeArchive, type FileToPack } from '../archive/tar-writer.ts';
import { ArchiveError, PackError } from '../errors.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import { withMode } from './modes.ts';
import { readPackageJson } from './package-json.ts';
import { npmAnswer } from './npm-command.ts';
import type { Npm } from './npm.ts';
import { npmSpec } from './npm-spec.ts';

/** A package as it lies before us: the archive's bytes and what is in it. */
export interface Source {
  readonly type: PluginManifest['source']['type'];
  /** As the user would name it again. */
  readonly given: string;
  readonly integrity: string | null;
  readonly originalName: string;
  readonly archive: Uint8Array;
  readonly entries: readonly ArchiveEntry[];
  /** `package/`, or whatever the one top folder is called. */
  readonly prefix: string;
  /** The folder it was packed from, where a lockfile may lie. */
  readonly folder: string | null;
}

/** Reads `npm:name@version`, a tarball or a folder; `scratch` is for npm. @throws PackError, ArchiveError */
export async function readSource(
  source: string,
  scratch: string,
  npm: Npm,
  limits: ArchiveLimits,
): Promise<Source> {
  if (source.startsWith('npm:')) return fromNpm(source, scratch, npm, limits);
  const path = resolve(source);
  const info = await lstat(path).catch((cause: unknown) => {
    throw new PackError('SOURCE_UNREADABLE', `${source}: not found`, {
      cause,
      hint: 'give a folder, a .tgz, .mcpb, .vsix or .whl file, or npm:name@version',
    });
  });
  if (info.isDirectory()) return fromFolder(path, scratch, npm, limits);
  if (!info.isFile()) throw new PackError('SOURCE_UNREADABLE', `${source}: neither a folder nor a file`);
  if (info.size > limits.archiveMaxLength)
    throw new ArchiveError('ARCHIVE_TOO_LARGE', `${source} has more than ${limits.archiveMaxLength} bytes`);
  const archive = await readFile(path);
  const about = {
    type: 'tarball',
    given: source,
    integrity: null,
    originalName: basename(path),
    folder: null,
  } as const;
  return opened(about, archive, limits);
}

/**
 * npm resolves and fetches. That the bytes are those which the registry states is checked here once more, on what we
 * publish, against the registry's own document: what `npm pack` prints it has computed itself.
 */
async function fromNpm(source: string, scratch: string, npm: Npm, limits: ArchiveLimits): Promise<Source> {
  const spec = await npmSpec(source.slice('npm:'.length));
  const packed = await npmPack([spec], scratch, npm);
  const archive = await readFile(join(scratch, packed.filename));
  const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
  const exact = `${packed.name}@${packed.version}`;
  const stated = await npm.run(['view', exact, 'dist.integrity', '--json'], scratch);
  if (!stated.split(/["\s]+/).includes(integrity))
    throw new PackError(
      'INTEGRITY_MISMATCH',
      `npm:${exact}: the registry states ${stated.trim().slice(0, 200) || 'no integrity'}, the bytes are ${integrity}`,
      { hint: 'nothing was packed; do not go on before you know why' },
    );
  const about = {
    type: 'npm',
    given: source,
    integrity,
    originalName: packed.filename,
    folder: null,
  } as const;
  return opened(about, archive, limits);
}

/**
 * npm knows which files belong to a package (`files`, `.npmignore`, what is always in or out), and authors know that
 * list from publishing: so npm packs, our reader judges, and we write the archive anew.
 */
async function fromFolder(folder: string, scratch: string, npm: Npm, limits: ArchiveLimits): Promise<Source> {
  if (/\.(?:tgz|tar|tar\.gz)$/i.test(folder))
    throw new PackError('SOURCE_UNREADABLE', `${folder} is a folder, and npm would take it for an archive`, {
      hint: 'give the folder another name',
    });
  await refuseLinks(folder, 0);
  const claude = await nodeFileSystem.read(
    join(folder, '.claude-plugin', 'plugin.json'),
    limits.fileMaxLength,
  );
  if (claude !== null && !(await hasPackageJson(folder))) return fromClaudeFolder(folder, limits);
  const manifest = await nodeFileSystem
    .read(join(folder, 'package.json'), limits.fileMaxLength)
    .catch((cause: unknown) => {
      throw new PackError('PACKAGE_JSON', `${folder}/package.json cannot be read`, { cause });
    });
  if (manifest === null)
    throw new PackError('PACKAGE_JSON', `${folder} has no package.json`, { hint: 'npm init makes one' });
  readPackageJson(manifest, `${folder}/package.json`); // npm would complain of the registry
  const packed = await npmPack([folder], scratch, npm);
  const archive = await readFile(join(scratch, packed.filename));
  const about = {
    type: 'folder',
    given: folder,
    integrity: null,
    originalName: packed.filename,
    folder,
  } as const;
  return opened(about, archive, limits);
}

async function hasPackageJson(folder: string): Promise<boolean> {
  return (await readdir(folder)).includes('package.json');
}

/** Without a package.json npm cannot say what belongs in: everything does, but what version control and systems leave there. */
async function fromClaudeFolder(folder: string, limits: ArchiveLimits): Promise<Source> {
  const files: FileToPack[] = [];
  let total = 0;
  const read = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(folder, below), { withFileTypes: true })) {
      const path = `${below}${entry.name}`;
      if (['.git', 'node_modules', '.DS_Store', 'Thumbs.db'].includes(entry.name)) continue;
      if (entry.isDirectory()) await read(`${path}/`);
      else if (entry.isFile()) {
        const body = (await nodeFileSystem.read(join(folder, path), limits.fileMaxLength)) ?? Buffer.alloc(0);
        total += body.length;
        files.push(withMode({ path: `package/${path}`, body }, new Set()));
        if (total > limits.unpackedMaxLength || files.length > limits.maxEntries)
          throw new ArchiveError('ARCHIVE_TOO_LARGE', `${folder} is too large for a plugin`);
      } else throw new PackError('SOURCE_UNREADABLE', `${path} is not a plain file`);
    }
  };
  await read('');
  const originalName = `${basename(folder)}.tgz`;
  return opened(
    { type: 'folder', given: folder, integrity: null, originalName, folder },
    await writeArchive(files),
    limits,
  );
}

async function npmPack(args: readonly string[], scratch: string, npm: Npm) {
  const answer = await npm.run(['pack', ...args, '--json', '--pack-destination', scratch], scratch);
  const first = firstOf(answer);
  const { filename, name, version } = first;
  if (typeof filename !== 'string' || typeof name !== 'string' || typeof version !== 'string')
    throw new PackError('NPM_FAILED', 'npm pack answered in an unknown form');
  // Older npm names a scoped package with its slash here, and writes scope-name on the disk.
  return { filename: filename.replace(/^@/, '').replaceAll(/[/\\]/g, '-'), name, version };
}

/** npm answers with a list, and from version 12 with an object by package name. */
function firstOf(answer: string): JsonObject {
  const json = npmAnswer(answer, 'pack');
  const first: unknown = typeof json === 'object' && json !== null ? Object.values(json)[0] : undefined;
  return isRecord(first) ? first : {};
}

function isRecord(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && isJsonObject(value as JsonObject);
}

function opened(
  about: Pick<Source, 'type' | 'given' | 'integrity' | 'originalName' | 'folder'>,
  archive: Uint8Array,
  limits: ArchiveLimits,
): Source {
  const entries = readArchive(archive, limits);
  const prefix = `${entries[0]?.path.split('/')[0] ?? ''}/`;
  if (entries.length === 0 || !entries.every((entry) => entry.path.startsWith(prefix)))
    throw new PackError(
      'SOURCE_UNREADABLE',
      `${about.originalName}: expected one top folder, as npm packs it`,
    );
  return { ...about, archive, entries, prefix };
}

/** npm leaves links out in silence, and a plugin that lacks a file fails at its users. */
async function refuseLinks(folder: string, depth: number): Promise<void> {
  if (depth > 64) throw new PackError('SOURCE_UNREADABLE', `${folder}: folders nest more than 64 deep`);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === '.git') continue;
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink())
      throw new PackError('SOURCE_LINK', `${path} is a link`, {
        hint: 'replace it by the file that it points to',
      });
    if (entry.isDirectory()) await refuseLinks(path, depth + 1);
  }
}
