import { hash } from 'node:crypto';
import { closeSync, constants, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { defaultArchiveLimits } from '../archive/limits.ts';
import { readArtifact } from '../archive/kinds.ts';
import { PluginError } from '../errors.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import type { FilePath } from '../names.ts';
import { Slices } from '../slices.ts';
import { HostUntrustedError } from './errors.ts';
import type { HostLimits } from './limits.ts';
import { asDiskError } from './state-file.ts';
import { installedMode } from './tree.ts';

const exclusively = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);

export interface VerifiedFile {
  readonly path: FilePath;
  readonly mode: 0o644 | 0o755;
  readonly body: Uint8Array;
}

/** Reads files of an archive by their paths, from memory. */
export function readerOf(files: readonly VerifiedFile[]): (path: string) => Uint8Array {
  const bodies = new Map<string, Uint8Array>(files.map(({ path, body }) => [path, body]));
  return (path) => {
    const body = bodies.get(path);
    if (body === undefined) throw new Error(`${path} is no file of the archive`);
    return body;
  };
}

/**
 * The files of an archive, each of which is a plain file named in the signed manifest with its size, mode and hash, and
 * which together are all of it. Nothing is written before all of them were.
 *
 * @throws ArchiveError, ARCHIVE_MISMATCH
 */
export async function checkArchive(
  archive: Uint8Array,
  manifest: PluginManifest,
  limits: HostLimits,
  signal: AbortSignal | undefined,
): Promise<readonly VerifiedFile[]> {
  const expected = new Map<string, PluginManifest['files'][number]>(
    manifest.files.map((file) => [file.path, file]),
  );
  const refuse = (path: string, why: string): never => {
    throw new HostUntrustedError(
      'ARCHIVE_MISMATCH',
      `${manifest.artifact.name}: ${JSON.stringify(path)} ${why}`,
      {
        hint: 'nothing was installed; the archive is not what its signed manifest describes: tell the vendor',
      },
    );
  };
  const entries = readArtifact(archive, manifest.artifact, {
    ...defaultArchiveLimits,
    archiveMaxLength: limits.artifactMaxLength,
    fileMaxLength: limits.fileMaxLength,
    unpackedMaxLength: limits.unpackedMaxLength,
    maxEntries: limits.maxFiles,
  });
  const slices = new Slices(signal);
  const files: VerifiedFile[] = [];
  for (const entry of entries) {
    if (!entry.path.startsWith(manifest.stripPrefix))
      refuse(entry.path, `lies outside ${manifest.stripPrefix}`);
    const path = entry.path.slice(manifest.stripPrefix.length);
    const file = expected.get(path);
    if (file === undefined) return refuse(path, 'is not in the signed manifest');
    expected.delete(path); // a second one would not be found any more
    if (entry.body.length !== file.size)
      refuse(path, `has ${entry.body.length} bytes, signed are ${file.size}`);
    if (entry.mode !== file.mode) refuse(path, 'has another mode than the signed one');
    if (hash('sha256', entry.body, 'hex') !== file.sha256)
      refuse(path, 'has other content than the signed one');
    files.push({ path: file.path, mode: file.mode, body: entry.body });
    if (slices.over) await slices.rest();
  }
  const [missing] = expected.keys();
  if (missing !== undefined) refuse(missing, 'is missing');
  await checkOwnManifest(manifest, files);
  return files;
}

/** What is published as it is has a manifest of its own: the signed one must say the same. @throws ARCHIVE_MISMATCH */
async function checkOwnManifest(manifest: PluginManifest, files: readonly VerifiedFile[]): Promise<void> {
  if (manifest.artifact.mediaType !== 'application/zip') return;
  const { mappingProblem } = await import('../pack/published-as-is.ts');
  const refuse = (why: string, cause?: unknown): never => {
    throw new HostUntrustedError('ARCHIVE_MISMATCH', `${manifest.artifact.name}: ${why}`, {
      cause,
      hint: 'nothing was installed; tell the vendor',
    });
  };
  let problem: string | null;
  try {
    problem = await mappingProblem(manifest, files);
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    return refuse(error.message, error);
  }
  if (problem !== null) refuse(problem);
}

/**
 * Unpacks into `folder`, which must not exist and whose parent is ours. Every file is created exclusively and never through
 * a link; nothing is synced, since the tree can be unpacked again. What a failure leaves is the caller's to remove. Returns what
 * it wrote.
 */
export async function unpack(
  archive: Uint8Array,
  manifest: PluginManifest,
  folder: string,
  options: {
    readonly limits: HostLimits;
    readonly signal?: AbortSignal | undefined;
    readonly onCreated?: (() => void) | undefined;
    readonly onFile?: ((done: number) => void) | undefined;
  },
): Promise<readonly VerifiedFile[]> {
  const files = await checkArchive(archive, manifest, options.limits, options.signal);
  try {
    mkdirSync(folder, { mode: 0o755 });
    options.onCreated?.();
    const made = new Set(['']);
    const slices = new Slices(options.signal);
    for (const [index, { path, mode, body }] of files.entries()) {
      makeFolders(folder, path, made);
      writeFile(join(folder, path), installedMode(mode), body);
      if (index === 0 || index === files.length - 1) options.onFile?.(index + 1);
      if (!slices.over) continue;
      options.onFile?.(index + 1);
      await slices.rest();
    }
    return files;
  } catch (error) {
    throw asDiskError(`cannot unpack into ${folder}`, error);
  }
}

function makeFolders(root: string, path: string, made: Set<string>): void {
  const slash = path.lastIndexOf('/');
  const parent = slash < 0 ? '' : path.slice(0, slash);
  if (made.has(parent)) return;
  makeFolders(root, parent, made);
  mkdirSync(join(root, parent), { mode: 0o755 });
  made.add(parent);
}

function writeFile(path: string, mode: number, body: Uint8Array): void {
  const handle = openSync(path, exclusively, mode);
  try {
    for (let written = 0; written < body.length;) written += writeSync(handle, body, written);
  } finally {
    closeSync(handle);
  }
}
