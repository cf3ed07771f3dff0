import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { repositoryHandler } from './handler.ts';
import {
  defaultServerLimits,
  type RepositoryServer,
  type ServerLimits,
  type ServerOptions,
} from './options.ts';

/** Listens, and serves what is in the store. Rejects when the address is taken. */
export async function createRepositoryServer(options: ServerOptions): Promise<RepositoryServer> {
  const { storage, host = '127.0.0.1', log = {} } = options;
  const limits: ServerLimits = { ...defaultServerLimits, ...options.limits };
  let url = '';
  const handler = repositoryHandler({
    storage,
    limits,
    log,
    origins: new Set(options.cors),
    landingPage: options.landingPage ?? true,
    url: () => url,
  });
  const server = createServer(
    {
      headersTimeout: limits.headersTimeout,
      requestTimeout: limits.requestTimeout,
      keepAliveTimeout: limits.keepAliveTimeout,
      maxHeaderSize: limits.maxHeaderSize,
      connectionsCheckingInterval: Math.max(20, Math.min(1000, limits.headersTimeout / 4)),
      noDelay: true,
    },
    handler,
  );
  server.maxConnections = limits.maxConnections;
  server.setTimeout(limits.idleTimeout, (socket) => socket.destroy());
  const listening = once(server, 'listening'); // rejects on 'error'
  server.listen(options.port ?? 0, host);
  await listening;
  server.on('error', (error) => log.failure?.('server', error));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/`;
  const stopRefreshing = keepFresh(options);
  let closing: Promise<void> | undefined;
  return {
    url,
    port,
    connections: () =>
      new Promise((resolve, reject) => {
        server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
      }),
    close: ({ deadline = 10_000 } = {}) => {
      closing ??= Promise.all([stop(server, deadline), stopRefreshing()]).then(() => undefined);
      return closing;
    },
  };
}

async function stop(server: Server, deadline: number): Promise<void> {
  const closed = once(server, 'close');
  server.prependListener('request', (_request, response) => response.setHeader('Connection', 'close'));
  server.close(); // stops accepting, and ends the connections on which nothing is asked
  const timer = setTimeout(() => server.closeAllConnections(), deadline);
  // A connection that was answering keeps itself alive afterwards; nobody would end it.
  const sweep = setInterval(() => server.closeIdleConnections(), 25);
  try {
    await closed;
  } finally {
    clearTimeout(timer);
    clearInterval(sweep);
  }
}

/** Resolves, when called, once the refresh in flight has ended. */
function keepFresh({ refresh, refreshEvery = 600_000, log = {} }: ServerOptions): () => Promise<void> {
  if (refresh === undefined) return () => Promise.resolve();
  const stopped = new AbortController();
  const { signal } = stopped;
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await refresh({ signal });
      } catch (error) {
        if (!signal.aborted) log.failure?.('refresh', error);
      }
      await sleep(refreshEvery, undefined, { signal }).catch(() => undefined);
    }
  };
  const running = run();
  return async () => {
    stopped.abort();
    await running;
  };
}
