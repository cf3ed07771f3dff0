import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { TrustedRepository } from './api.ts';
import { HostConflictError, HostFailureError, HostNotFoundError } from './errors.ts';
import type { RepositoryPaths } from './paths.ts';
import { repositoriesFolder, repositoryPaths } from './paths.ts';
import { readState, writeState } from './state-file.ts';

export const aliasPattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export interface Trusted {
  readonly record: Omit<TrustedRepository, 'plugins'>;
  readonly paths: RepositoryPaths;
}

export function recordFolder(home: string, alias: string, rootSha256: string): string {
  return join(repositoriesFolder(home), `${alias}-${rootSha256.slice(0, 16)}`);
}

export async function writeRecord(path: string, record: Trusted['record']): Promise<void> {
  await writeState(path, { format: 'ragnos-trusted-repository/1', ...record });
}

async function readRecord(folder: string): Promise<Trusted | null> {
  const paths = repositoryPaths(folder);
  const record = await readState(paths.record, (json) => {
    if (json.string('format') !== 'ragnos-trusted-repository/1')
      json.fail('format', 'ragnos-trusted-repository/1');
    return {
      alias: json.string('alias'),
      url: json.string('url'),
      rootSha256: json.string('rootSha256'),
      rootVersion: json.version('rootVersion'),
      singleSigner: json.boolean('singleSigner'),
      trustedAt: json.string('trustedAt'),
    };
  });
  if (record === null) return null;
  if (!folder.endsWith(`${record.alias}-${record.rootSha256.slice(0, 16)}`))
    throw new HostFailureError('HOST_STATE', `${paths.record} belongs to another folder`, {
      hint: 'the folder is named after the alias and the root; put it back',
    });
  return { record, paths };
}

/** By alias. Folders that a killed `trust` left behind are not among them. */
export async function trustedRepositories(home: string): Promise<readonly Trusted[]> {
  const folder = repositoriesFolder(home);
  const found: Trusted[] = [];
  for (const name of names(folder)) {
    if (name.startsWith('.')) continue;
    const trusted = await readRecord(join(folder, name));
    if (trusted !== null) found.push(trusted);
  }
  return found.toSorted((a, b) => (a.record.alias < b.record.alias ? -1 : 1));
}

export function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return [];
    throw error;
  }
}

/** The repository called `alias`, or the only one. @throws NO_REPOSITORY, AMBIGUOUS_REPOSITORY */
export async function chooseRepository(home: string, alias: string | undefined): Promise<Trusted> {
  const all = await trustedRepositories(home);
  const matching = alias === undefined ? all : all.filter(({ record }) => record.alias === alias);
  const [first, second] = matching;
  if (first === undefined)
    throw new HostNotFoundError(
      'NO_REPOSITORY',
      alias === undefined
        ? 'no repository is trusted on this host'
        : `no trusted repository is called ${alias}`,
      { hint: 'ragv trust init <url> --root <file>, or --fingerprint <sha256>' },
    );
  if (second !== undefined)
    throw new HostConflictError('AMBIGUOUS_REPOSITORY', 'several repositories are trusted on this host', {
      hint: `name one of them: ${matching.map(({ record }) => record.alias).join(', ')}`,
    });
  return first;
}

/** Every vendor and plugin folder with a name that we would have made. */
export function pluginFolders(
  paths: RepositoryPaths,
): readonly (readonly [vendor: string, plugin: string])[] {
  const named = (folder: string): readonly string[] =>
    names(folder)
      .filter((name) => aliasPattern.test(name))
      .toSorted();
  return named(paths.plugins).flatMap((vendor) =>
    named(join(paths.plugins, vendor)).map((plugin) => [vendor, plugin] as const),
  );
}

/** Those with a pointer. */
export function installedNames(
  paths: RepositoryPaths,
): readonly (readonly [vendor: string, plugin: string])[] {
  return pluginFolders(paths).filter(([vendor, plugin]) =>
    names(join(paths.plugins, vendor, plugin)).includes('current'),
  );
}
