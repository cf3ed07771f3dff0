import type { Host } from '@ragnos/plugin';

/** What a host does that may be killed over it, by name. */
export const operations: Readonly<Record<string, (host: Host) => Promise<unknown>>> = {
  install: async (host) =>
    host.install('acme/hello', { startFirst: true, grant: { granted: 'all', by: 'flag' } }),
  repair: async (host) => host.verify('acme/hello', { repair: true }),
  rollback: async (host) => host.rollback('acme/hello'),
  uninstall: async (host) => host.uninstall('acme/hello'),
};
