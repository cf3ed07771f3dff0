import { VaultError } from '@ragnos/tuf';
import { join } from 'node:path';

import { defaultFetcher } from '../default-fetcher.ts';
import { mirroredFetcher } from '../mirrors.ts';
import type { UpdaterOptions } from '../updater/options.ts';
import { Updater } from '../updater/updater.ts';
import { BadMapError, RepositoryFailedError } from './errors.ts';
import type { RepositoryMap } from './map-file.ts';
import { parseMap, refuseName } from './map-file.ts';
import { MultiRepository } from './multi-repository.ts';

/** As for one `Updater`; what differs from repository to repository is given by name. */
export interface OpenMapOptions extends Omit<
  UpdaterOptions,
  'dir' | 'baseUrl' | 'metadataUrl' | 'targetsUrl' | 'root' | 'floors'
> {
  /** The map file's bytes, or what `parseMap` made of them. */
  readonly map: Uint8Array | RepositoryMap;
  /** Trusted metadata is kept in `<dir>/<repository>`. */
  readonly dir: string;
  /** The root that each repository's trust begins with; a repository whose folder is new needs one. */
  readonly roots: ReadonlyMap<string, Uint8Array>;
  readonly floors?: ReadonlyMap<string, ReadonlyMap<string, number>> | undefined;
}

/**
 * Opens every repository of the map, asking nobody. One that cannot be opened is an error that names it: its root is
 * missing, or what is kept of it is another repository's, and no look-up would mend that.
 *
 * @throws BadMapError, RepositoryFailedError
 */
export async function openMap(options: OpenMapOptions): Promise<MultiRepository> {
  const { map: given, dir, roots, floors, ...shared } = options;
  const map = given instanceof Uint8Array ? parseMap(given) : given;
  for (const name of map.repositories.keys()) refuseName(name); // who made the map by hand has checked nothing
  const strangers = [...roots.keys(), ...(floors?.keys() ?? [])].filter(
    (name) => !map.repositories.has(name),
  );
  if (strangers.length > 0)
    throw new BadMapError(`a root or floors for ${strangers.join(', ')}, which the map does not have`);
  const network = shared.fetcher ?? defaultFetcher({ allowHttp: shared.allowHttp ?? false });
  const updaters = new Map<string, Updater>();
  for (const [name, [baseUrl, ...mirrors]] of map.repositories) {
    const fetcher =
      baseUrl === undefined || mirrors.length === 0
        ? network
        : mirroredFetcher({ fetcher: network, baseUrl, mirrors });
    const one = { dir: join(dir, name), baseUrl, fetcher, root: roots.get(name), floors: floors?.get(name) };
    updaters.set(
      name,
      await Updater.open({ ...shared, ...one }).catch((error: unknown) => refuse(name, error)),
    );
  }
  return new MultiRepository(map, updaters);
}

/** Says which of the repositories it was. */
function refuse(name: string, error: unknown): never {
  if (error instanceof VaultError)
    throw new RepositoryFailedError('the map cannot be opened', new Map([[name, error]]));
  throw error;
}
