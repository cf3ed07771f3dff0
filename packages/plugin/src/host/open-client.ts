import { Updater } from '@ragnos/client';

import type { HostOptions, TrustedRepository } from './api.ts';
import { startRoot } from './evidence.ts';
import { chooseRepository } from './record.ts';

/** The TUF client of a trusted repository, for whoever wants more than plugins of it: a vendor that signs its own role. */
export interface RepositoryClient {
  readonly repository: Omit<TrustedRepository, 'plugins'>;
  /** Not refreshed yet. It shares its folder with the host, whose rollback protection it keeps. */
  readonly updater: Updater;
}

/** @throws NO_REPOSITORY, AMBIGUOUS_REPOSITORY, HOST_STATE */
export async function openClient(
  options: Pick<HostOptions, 'home' | 'alias' | 'fetcher' | 'allowHttp' | 'offline' | 'now'>,
): Promise<RepositoryClient> {
  const { record, paths } = await chooseRepository(options.home, options.alias);
  const root = await startRoot({ paths, record });
  const { fetcher, allowHttp, offline, now } = options;
  const updater = await Updater.open({
    dir: paths.metadata,
    baseUrl: record.url,
    root,
    ...(fetcher === undefined ? {} : { fetcher }),
    ...(allowHttp === undefined ? {} : { allowHttp }),
    ...(offline === undefined ? {} : { offline }),
    ...(now === undefined ? {} : { now }),
  });
  return { repository: record, updater };
}
