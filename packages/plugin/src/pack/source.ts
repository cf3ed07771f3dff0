import { createHash } from 'node:crypto';
import { lstat, readFile, readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { isJsonArray, isJsonObject, parseJson } from '@ragnos/tuf';
import { readArchive, type ArchiveEntry } from '../archive/tar-reader.ts';
import { PackError } from '../errors.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import type { Npm } from './npm.ts';

/** A package as it lies before us: the archive's bytes and what is in it. */
export interface Source {
  readonly about: PluginManifest['source'];
  readonly originalName: string;
  readonly archive: Uint8Array;
  readonly entries: readonly ArchiveEntry[];
  /** `package/`, or whatever the one top folder is called. */
  readonly prefix: string;
  /** The folder it was packed from, where a lockfile may lie. */
  readonly folder: string | null;
}

/** Reads `npm:name@version`, a tarball or a folder into `scratch`. @throws PackError, ArchiveError */
export async function readSource(source: string, scratch: string, npm: Npm): Promise<Source> {
  if (source.startsWith('npm:')) return fromNpm(source.slice('npm:'.length), scratch, npm);
  const path = resolve(source);
  const info = await lstat(path).catch((cause: unknown) => {
    throw new PackError('SOURCE_UNREADABLE', `${source}: not found`, {
      cause,
      hint: 'give a folder, a .tgz file or npm:name@version',
    });
  });
  if (info.isDirectory()) return fromFolder(path, scratch, npm);
  if (!info.isFile()) throw new PackError('SOURCE_UNREADABLE', `${source}: neither a folder nor a file`);
  const archive = await readFile(path);
  return opened(archive, { type: 'tarball', name: basename(path), integrity: null }, basename(path), null);
}

/** npm fetches and checks the integrity that the registry states; we check it again on the bytes that we publish. */
async function fromNpm(spec: string, scratch: string, npm: Npm): Promise<Source> {
  if (!/^(?:@[\w.~-]+\/)?[\w.~-]+(?:@[\w.^~<>=|* -]{1,80})?$/.test(spec))
    throw new PackError('SOURCE_UNREADABLE', `npm:${spec}: expected npm:name@version`, {
      hint: 'only packages of the registry can be named',
    });
  const packed = await pack(['pack', spec, '--json', '--pack-destination', scratch], scratch, npm);
  const archive = await readFile(join(scratch, packed.filename));
  const integrity = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
  if (integrity !== packed.integrity)
    throw new PackError(
      'INTEGRITY_MISMATCH',
      `npm:${spec}: the registry states ${packed.integrity}, the bytes are ${integrity}`,
    );
  return opened(archive, { type: 'npm', name: spec, integrity }, packed.filename, null);
}

/** npm knows which files belong to a package (`files`, `.npmignore`, what is always left out); we write them anew. */
async function fromFolder(folder: string, scratch: string, npm: Npm): Promise<Source> {
  await refuseLinks(folder, 0);
  const packed = await pack(['pack', folder, '--json', '--pack-destination', scratch], scratch, npm);
  const archive = await readFile(join(scratch, packed.filename));
  return opened(
    archive,
    { type: 'folder', name: basename(folder), integrity: null },
    packed.filename,
    folder,
  );
}

async function pack(
  args: readonly string[],
  folder: string,
  npm: Npm,
): Promise<{ filename: string; integrity: string }> {
  const answer = parseJson(Buffer.from(await npm.run(args, folder)), 'npm pack');
  // npm answers with a list, and from version 12 with an object by package name.
  const list = isJsonObject(answer)
    ? Object.values(answer)
    : answer !== null && isJsonArray(answer)
      ? answer
      : [];
  const first = list[0];
  const filename = isJsonObject(first) ? first['filename'] : undefined;
  const integrity = isJsonObject(first) ? first['integrity'] : undefined;
  if (typeof filename !== 'string' || typeof integrity !== 'string')
    throw new PackError('NPM_FAILED', 'npm pack answered in an unknown form');
  return { filename: basename(filename), integrity };
}

function opened(
  archive: Uint8Array,
  about: Source['about'],
  originalName: string,
  folder: string | null,
): Source {
  const entries = readArchive(archive);
  const top = entries[0]?.path.split('/')[0] ?? '';
  const prefix = `${top}/`;
  if (entries.length === 0 || !entries.every((entry) => entry.path.startsWith(prefix)))
    throw new PackError('SOURCE_UNREADABLE', `${originalName}: expected one top folder, as npm packs it`);
  return { about, originalName, archive, entries, prefix, folder };
}

/** npm leaves links out in silence, and a plugin that lacks a file fails at its users. */
async function refuseLinks(folder: string, depth: number): Promise<void> {
  if (depth > 32) throw new PackError('SOURCE_UNREADABLE', `${folder}: folders nest more than 32 deep`);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === '.git') continue;
    const path = join(folder, entry.name);
    if (entry.isSymbolicLink())
      throw new PackError('SOURCE_UNREADABLE', `${path} is a link`, {
        hint: 'replace it by the file that it points to',
      });
    if (entry.isDirectory()) await refuseLinks(path, depth + 1);
  }
}
