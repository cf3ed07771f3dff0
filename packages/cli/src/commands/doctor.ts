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
import { refusedHere } from '../doctor/refused.ts';
import { isHost, modeWords, noSandbox, trySandbox, type TriedSandbox } from '../doctor/sandbox.ts';
import { verdict } from '../doctor/verdict.ts';
import { CliError } from '../errors.ts';
import { homeFolder, policyFile } from '../host.ts';
import { count, table } from '../text.ts';
import { readConfig } from '../vault/config.ts';
import { lifetimesOf, storeOf, vaultFolder } from '../vault/vault.ts';

const rootMaxLength = 2_000_000;
const firstRoot = 'metadata/1.root.json';

/**
 * With an address what is served, else the vault, and this computer, where plugins are run on it. Changes nothing, and asks for no
 * password.
 */
export async function run(context: Context): Promise<number> {
  const [url] = context.args;
  if (context.options.flag('host')) return ofHost(context, url);
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
  return answer(context, url.href, diagnosis, tried, await sandboxHere(context));
}

/** Nothing but what holds plugins here, and which of them would not be started. */
async function ofHost(context: Context, url: string | undefined): Promise<number> {
  if (url !== undefined)
    throw new CliError('USAGE', `--host is this computer, and ${url} was named`, {
      hint: 'ragv doctor --host',
    });
  const sandbox = await trySandbox(context);
  const where = homeFolder(context);
  const all = [
    ...sandbox.findings,
    ...(await refusedHere({ home: homeFolder(context), policy: policyFile(context) }, context.signal)),
  ];
  const exit = verdict(all, context.options.flag('strict'));
  const findings = all.toSorted((a, b) => rank(a) - rank(b));
  context.voice.answer({ where, findings, sandbox: sandbox.modes, exit }, [
    ...findings.flatMap(findingLines),
    ...table(sandbox.modes.map((mode) => [`mode ${mode.mode}`, modeWords(mode)])),
    `${where}: ${totals(findings)}`,
  ]);
  return exit;
}

/** Where plugins are run here; half a minute that nobody needs elsewhere. */
async function sandboxHere(context: Context): Promise<TriedSandbox> {
  return context.options.flag('sandbox') && (await isHost(context)) ? trySandbox(context) : noSandbox;
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
  return answer(context, folder, diagnosis, tried, await sandboxHere(context));
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

function answer(
  context: Context,
  where: string,
  diagnosis: Diagnosis,
  tried: TriedClients,
  sandbox: TriedSandbox,
): number {
  const { voice, options } = context;
  const all = [...tried.findings, ...diagnosis.findings, ...sandbox.findings];
  const findings = all.toSorted((a, b) => rank(a) - rank(b));
  const exit = verdict(findings, options.flag('strict'));
  const { horizon, versions, targets } = diagnosis;
  voice.answer({ where, ...diagnosis, findings, clients: tried.clients, sandbox: sandbox.modes, exit }, [
    ...findings.flatMap(findingLines),
    ...table([
      ...tried.clients.map((client) => [clientTitle(client), client.failure === null ? 'reads it' : 'FAILS']),
      ...sandbox.modes.map((mode) => [`mode ${mode.mode}`, modeWords(mode)]),
    ]),
    ...(horizon === null
      ? []
      : [`root version ${versions.get('root')}, ${count(targets, 'target')}; ${horizon.words}`]),
    `${where}: ${totals(findings)}`,
  ]);
  return exit;
}

function findingLines({ rule, severity, message, hint }: Finding): readonly string[] {
  return [`${severity}: ${message} [${rule}]`, `  ${hint}`];
}

/** `0 errors, 1 warning, 2 remarks` */
function totals(findings: readonly Finding[]): string {
  const of = (severity: Finding['severity'], one: string): string =>
    count(findings.filter((each) => each.severity === severity).length, one);
  return `${of('error', 'error')}, ${of('warning', 'warning')}, ${of('info', 'remark')}`;
}

function rank({ severity }: Finding): number {
  return severity === 'error' ? 0 : severity === 'warning' ? 1 : 2;
}
