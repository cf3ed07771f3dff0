import type { RepositoryServer, ServerOptions } from './options.ts';

/** Listens, and serves what is in the store. Rejects when the address is taken. */
export function createRepositoryServer(options: ServerOptions): Promise<RepositoryServer> {
  throw new Error(`not built yet: ${options.storage.description}`);
}
