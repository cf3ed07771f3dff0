import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  compatClients,
  examineServer,
  examineStore,
  type Diagnosis,
  type DoctorOptions,
  type Finding,
} from '@ragnos/repository';
import { createRepositoryServer } from '@ragnos/server';
import { read, storageKey, type Storage } from '@ragnos/storage';
import { rootFingerprint } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { clientTitle, tryClients, type TriedClients } from '../doctor/clients.ts';
import { diskPlaces } from '../doctor/disk-places.ts';
import { httpObserver, repositoryUrl } from '../doctor/http-observer.ts';
import { keyPlaces } from '../doctor/key-places.ts';
import { verdict } from '../doctor/verdict.ts';
import { CliError } from '../errors.ts';
import { count, table } from '../text.ts';
import { readConfig } from '../vault/config.ts';
import { lifetimesOf, storeOf, vaultFolder } from '../vault/vault.ts';

const rootMaxLength = 2_000_000;
const firstRoot = 'metadata/1.root.json';

/** With an address what is served, else the vault. Changes nothing, and asks for no password. */
export async function run(context: Context): Promise<number> {
  const [url] = context.args;
  return url === undefined ? ofVault(context) : ofServer(context, repositoryUrl(url));
}

async function ofServer(context: Context, url: URL): Promise<number> {
  const { options, signal, voice } = context;
  const observer = httpObserver(url, signal);
  voice.progress(`asking ${url.host}`, 0, null);
  const diagnosis = await examineServer(observer, await settings(context));
  const root =
    diagnosis.firstRoot === null
      ? null
      : (await observer.ask(firstRoot, { maxLength: rootMaxLength }).catch(() => null))?.body;
  const tried = await clients(context, diagnosis, url, root ?? null, options.flag('allow-http'));
  return answer(context, url.href, diagnosis, tried);
}

async function ofVault(context: Context): Promise<number> {
  const { signal, voice } = context;
  const folder = vaultFolder(context);
  const config = await readConfig(folder);
  const storage = await storeOf(folder, config);
  const given = await settings(context);
  const known = await readFile(join(folder, '1.root.json')).catch(() => null);
  voice.progress(`looking into ${folder}`, 0, null);
  const diagnosis = await examineStore(storage, {
    ...given,
    compat: new Set([...(given.compat ?? []), ...(config.compat ?? [])]),
    lifetimes: lifetimesOf(config),
    keys: await keyPlaces(folder, config),
    disks: await diskPlaces(folder),
    staging: join(folder, 'staging'),
    firstRoot: given.firstRoot ?? (known === null ? undefined : rootFingerprint(known)),
  });
  const tried = await overLoopback(context, storage, diagnosis, signal);
  return answer(context, folder, diagnosis, tried);
}

/** A vault has no address: it is served to the clients for as long as they are tried, on loopback. */
async function overLoopback(
  context: Context,
  storage: Storage,
  diagnosis: Diagnosis,
  signal: AbortSignal,
): Promise<TriedClients> {
  const root = await read(storage, storageKey(firstRoot), { maxLength: rootMaxLength, signal }).catch(
    () => null,
  );
  const server = await createRepositoryServer({ storage, landingPage: false });
  try {
    return await clients(context, diagnosis, new URL(server.url), root?.bytes ?? null, false);
  } finally {
    await server.close({ deadline: 1000 });
  }
}

async function clients(
  { options, signal, voice }: Context,
  { samples }: Diagnosis,
  url: URL,
  root: Uint8Array | null,
  allowHttp: boolean,
): Promise<TriedClients> {
  if (root === null) return { clients: [], findings: [] };
  voice.progress('trying clients', 0, null);
  return tryClients({ url, root, samples, allowHttp, signal }, options.flag('peers'));
}

async function settings({ options, signal }: Context): Promise<DoctorOptions> {
  const named = options.list('compat');
  const unknown = named.find((name) => !compatClients.some((client) => client === name));
  if (unknown !== undefined)
    throw new CliError('USAGE', `no client is called ${JSON.stringify(unknown)}`, {
      hint: `known are ${compatClients.join(', ')}`,
    });
  const file = options.text('root');
  const root =
    file === undefined
      ? null
      : await readFile(file).catch((cause: unknown) => {
          throw new CliError('NO_SUCH_FILE', `${file} cannot be read`, { cause });
        });
  return {
    full: options.flag('full'),
    compat: new Set(named),
    signal,
    ...(root === null ? {} : { firstRoot: rootFingerprint(root) }),
  };
}

function answer(context: Context, where: string, diagnosis: Diagnosis, tried: TriedClients): number {
  const { voice, options } = context;
  const findings = [...tried.findings, ...diagnosis.findings].toSorted((a, b) => rank(a) - rank(b));
  const exit = verdict(findings, options.flag('strict'));
  const counted = (severity: Finding['severity'], one: string): string =>
    count(findings.filter((each) => each.severity === severity).length, one);
  const { horizon, versions, targets } = diagnosis;
  voice.answer({ where, ...diagnosis, findings, clients: tried.clients, exit }, [
    ...findings.flatMap(({ rule, severity, message, hint }) => [
      `${severity}: ${message} [${rule}]`,
      `  ${hint}`,
    ]),
    ...table(
      tried.clients.map((client) => [clientTitle(client), client.failure === null ? 'reads it' : 'FAILS']),
    ),
    ...(horizon === null
      ? []
      : [`root version ${versions.get('root')}, ${count(targets, 'target')}; ${horizon.words}`]),
    `${where}: ${counted('error', 'error')}, ${counted('warning', 'warning')}, ${count(findings.filter(({ severity }) => severity === 'info').length, 'remark')}`,
  ]);
  return exit;
}

function rank({ severity }: Finding): number {
  return severity === 'error' ? 0 : severity === 'warning' ? 1 : 2;
}
