import { openClient, type RepositoryClient } from '@ragnos/plugin';
import { repositoryId } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { homeFolder } from '../host.ts';

export interface VendorClient extends RepositoryClient {
  /** What the vendor's signatures are bound to. */
  readonly repositoryId: string;
}

/** The newest verified state of the repository that the vendor signs for; offline, the one that is kept. */
export async function vendorClient(context: Context): Promise<VendorClient> {
  const { options, signal } = context;
  const client = await openClient({
    home: homeFolder(context),
    alias: options.text('repository'),
    offline: options.flag('offline'),
    allowHttp: options.flag('allow-http'),
  });
  await client.updater.refresh({ signal });
  const id = repositoryId(client.updater.trusted.root);
  if (id === null)
    throw new CliError('BAD_CONFIG', `${client.repository.url} does not say which repository it is`, {
      hint: 'it was made by another tool or an early version; its operator puts an id into the next root',
    });
  return { ...client, repositoryId: id };
}
