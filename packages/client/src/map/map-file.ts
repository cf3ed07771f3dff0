import type { JsonValue } from '@ragnos/tuf';
import { matchesPattern, parseJson, Reader, RepositoryError } from '@ragnos/tuf';

import { baseUrl } from '../updater/remote.ts';
import { BadMapError } from './errors.ts';

/** One line of the map: who must agree on the targets that `paths` match. */
export interface Mapping {
  /** At least one. Path patterns as delegations have them (4.5), but `*` alone is every path (TAP 4). */
  readonly paths: readonly string[];
  /** Distinct names of the map's repositories, in the order in which they are asked. */
  readonly repositories: readonly string[];
  /** How many of them must state the same length and hashes; never more than there are. */
  readonly threshold: number;
  /** Where it does not find the target, no later mapping may. */
  readonly terminating: boolean;
}

/** What a map file says: repositories by name with the places that serve each, and mappings in order of priority. */
export interface RepositoryMap {
  readonly repositories: ReadonlyMap<string, readonly URL[]>;
  readonly mapping: readonly Mapping[];
}

const maxBytes = 1_000_000;
const maxRepositories = 64;
const maxPatternLength = 1024;

/**
 * Reads a map file (TAP 4). It decides whom to trust, so nothing in it is guessed at: unknown members, repositories that
 * are not there or stand twice, thresholds that cannot be met and patterns that can never match are refused.
 *
 * @throws BadMapError
 */
export function parseMap(bytes: Uint8Array): RepositoryMap {
  if (bytes.length > maxBytes) throw new BadMapError(`map: ${bytes.length} bytes, more than ${maxBytes}`);
  try {
    return read(Reader.of(parseJson(bytes, 'map'), 'map'));
  } catch (error) {
    if (!(error instanceof RepositoryError)) throw error;
    throw new BadMapError(error.message, { cause: error, hint: 'TAP 4 describes the map file' });
  }
}

function read(json: Reader): RepositoryMap {
  const listed = json.object('repositories');
  const repositories = new Map<string, readonly URL[]>();
  const folders = new Set<string>();
  for (const name of listed.names()) {
    refuseName(name);
    if (folders.has(name.toLowerCase()))
      throw new BadMapError(`repository ${name}: there twice, but for its case`);
    folders.add(name.toLowerCase());
    repositories.set(name, urls(name, listed.strings(name)));
  }
  if (repositories.size === 0 || repositories.size > maxRepositories)
    json.fail('repositories', `1 to ${maxRepositories} repositories`);
  const mapping = json
    .array('mapping')
    .map((one, index) => readMapping(one, `map.mapping[${index}]`, repositories));
  if (mapping.length === 0) json.fail('mapping', 'at least one mapping');
  refuseRest(json);
  return { repositories, mapping };
}

function readMapping(json: JsonValue, path: string, known: ReadonlyMap<string, readonly URL[]>): Mapping {
  const reader = Reader.of(json, path);
  const paths = reader.strings('paths');
  if (paths.length === 0) reader.fail('paths', 'at least one pattern');
  for (const pattern of paths) refusePattern(path, pattern);
  const repositories = reader.strings('repositories');
  if (new Set(repositories).size !== repositories.length) reader.fail('repositories', 'each repository once');
  const stranger = repositories.find((name) => !known.has(name));
  if (stranger !== undefined)
    throw new BadMapError(`${path}.repositories: ${JSON.stringify(stranger.slice(0, 80))} is not in the map`);
  if (repositories.length === 0) reader.fail('repositories', 'at least one repository');
  const threshold = reader.integer('threshold', 1, repositories.length);
  const terminating = reader.boolean('terminating');
  refuseRest(reader);
  return { paths, repositories, threshold, terminating };
}

/** A repository's name is the name of its folder (CVE-2026-24686). @throws BadMapError for one that leads elsewhere */
export function refuseName(name: string): void {
  const plain = /^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9_-])?$/i.test(name);
  const device = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i.test(name);
  if (plain && !device) return;
  throw new BadMapError(`unsafe repository name ${JSON.stringify(name.slice(0, 80))}`, {
    hint: 'letters, digits, dot, hyphen and underscore; it names a folder',
  });
}

function urls(name: string, raw: readonly string[]): readonly URL[] {
  if (raw.length === 0) throw new BadMapError(`repository ${name}: no URL`);
  const found = raw.map((url) => {
    if (URL.parse(url) === null)
      throw new BadMapError(`repository ${name}: not a URL: ${JSON.stringify(url.slice(0, 200))}`);
    return baseUrl(url);
  });
  if (new Set(found.map(({ href }) => href)).size !== found.length)
    throw new BadMapError(`repository ${name}: a URL stands twice`);
  return found;
}

/** One that matches nothing would leave its targets to the next mapping, which may ask for less: so it is refused. */
function refusePattern(path: string, pattern: string): void {
  const hopeless = pattern
    .split('/')
    .some((segment) => segment === '' || segment === '.' || segment === '..' || segment === '**');
  if (!hopeless && pattern.length <= maxPatternLength && !/[\\\p{Cc}]/u.test(pattern)) return;
  throw new BadMapError(`${path}.paths: ${JSON.stringify(pattern.slice(0, 80))} matches no target path`, {
    hint: 'no slash at either end, `*` for one segment; `*` alone is every path',
  });
}

function refuseRest(reader: Reader): void {
  const [unknown] = reader.rest().keys();
  if (unknown !== undefined)
    throw new BadMapError(`${reader.path}: unknown member ${JSON.stringify(unknown.slice(0, 80))}`);
}

/** The pattern of `mapping` that matches `path`, or `null`. */
export function matchingPattern(mapping: Mapping, path: string): string | null {
  return mapping.paths.find((pattern) => pattern === '*' || matchesPattern(pattern, path)) ?? null;
}
