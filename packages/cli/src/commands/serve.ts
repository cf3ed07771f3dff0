import { once } from 'node:events';
import { createRepositoryServer } from '@ragnos/server';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { openVault } from '../vault/vault.ts';

/** Serves until it is interrupted. A key that cannot be opened is said before anything is served. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const port = Number(options.text('port') ?? '8080');
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new CliError('USAGE', `--port ${options.text('port')} is no port`);
  const vault = await openVault(context);
  const { repository, storage } = vault;
  const refreshing = options.flag('refresh');
  const host = options.text('host') ?? '127.0.0.1';
  const status = await repository.status({ signal });
  if (refreshing) await repository.refresh({ signal });
  const server = await createRepositoryServer({
    storage,
    host,
    port,
    cors: options.list('cors'),
    ...(refreshing ? { refresh: async (call) => repository.refresh(call) } : {}),
    log: {
      failure: (what, error) =>
        voice.warn(`${what}: ${error instanceof Error ? error.message : String(error)}`),
    },
  }).catch(async (error: unknown) => {
    await repository.close();
    throw addressError(error, host, port);
  });
  try {
    voice.answer({ url: server.url, fingerprint: status.firstRootFingerprint, refreshing }, [
      `serving ${vault.folder} at ${server.url}`,
    ]);
    const single = status.roles.some(({ role, threshold }) => role === 'root' && threshold === 1);
    voice.note(
      `a host starts with: ragv trust init ${server.url} --fingerprint ${status.firstRootFingerprint}${single ? ' --single-signer' : ''}`,
    );
    if (!refreshing) voice.note('nothing is re-signed here (--no-refresh); run `ragv refresh` elsewhere');
    if (!signal.aborted) await once(signal, 'abort');
    voice.note('stopping');
  } finally {
    await server.close();
    await repository.close();
  }
  return;
}

function addressError(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const reason = new Map([
    ['EADDRNOTAVAIL', 'this machine has no such address'],
    ['ENOTFOUND', 'no address is known by this name'],
    ['EACCES', 'this port needs more rights; ports from 1024 on do not'],
  ]).get(code);
  if (reason !== undefined)
    return new CliError('USAGE', `cannot listen on port ${port} of ${host}: ${reason}`, {
      cause: error,
      hint: 'choose others with --host and --port',
    });
  if (code !== 'EADDRINUSE') return error;
  return new CliError('ADDRESS_IN_USE', `something listens on port ${port} of ${host} already`, {
    cause: error,
    hint: 'choose another with --port, or --port 0 for any free one',
  });
}
