import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  HostConflictError,
  listTrusted,
  trustRepository,
  type TrustedRepository,
  type TrustOptions,
} from '@ragnos/plugin';
import { makeFolders } from '@ragnos/disk';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { homeFolder } from '../host.ts';

export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const url = repositoryUrl(context.args[0] ?? '');
  const file = options.text('root');
  const fingerprint = options.text('fingerprint');
  if ((file === undefined) === (fingerprint === undefined))
    throw new CliError('USAGE', 'give either --root <file> or --fingerprint <sha256>', {
      hint: 'the operator of the repository tells you one of them, on a way that you trust; nothing is trusted on first use',
    });
  const root = file === undefined ? { fingerprint: sha256(fingerprint ?? '') } : await readRoot(file);
  const alias = options.text('alias') ?? defaultAlias(url);
  const home = homeFolder(context);
  const settings = {
    alias,
    url,
    root,
    singleSigner: options.flag('single-signer'),
    allowHttp: options.flag('allow-http'),
    signal,
  };
  if (context.dryRun) {
    const trusted = await tryInNewHome(settings);
    const known = (await listTrusted({ home })).find((item) => item.alias === alias);
    if (known !== undefined && known.rootSha256 !== trusted.rootSha256)
      throw new HostConflictError('ALIAS_TAKEN', `${alias} is another repository on this host`, {
        hint: 'choose another with --alias',
      });
    voice.answer({ ...trusted, dryRun: true }, [
      `would trust ${trusted.url} as ${alias}, from root sha256:${trusted.rootSha256}`,
    ]);
    return;
  }
  makeFolders(home, 0o700);
  const trusted = await trustRepository({ ...settings, home });
  voice.answer(trusted, [
    `trusting ${trusted.url} as ${trusted.alias}, from root sha256:${trusted.rootSha256}`,
  ]);
  voice.note('next: ragv search, ragv install <vendor>/<plugin>');
  return;
}

/** Everything is asked and verified as if it were meant, and then thrown away. */
async function tryInNewHome(settings: Omit<TrustOptions, 'home'>): Promise<TrustedRepository> {
  const home = await mkdtemp(join(tmpdir(), 'ragv-trust-'));
  try {
    return await trustRepository({ ...settings, home });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** As `ragv init` prints it, with `sha256:` before it, or bare. */
function sha256(given: string): string {
  const digest = given.replace(/^sha256:/i, '').toLowerCase();
  if (/^[0-9a-f]{64}$/.test(digest)) return digest;
  throw new CliError('USAGE', `${JSON.stringify(given)} is no fingerprint`, {
    hint: 'it has 64 digits and letters from a to f; ragv status shows it where the repository is kept',
  });
}

/** A URL, or the path of a folder that holds metadata/ and targets/. */
function repositoryUrl(given: string): URL {
  const isUrl = /^[a-z][a-z0-9+.-]+:/i.test(given); // one letter is a drive
  if (!isUrl && !existsSync(given))
    throw new CliError('NO_SUCH_FILE', `there is no folder ${resolve(given)}`, {
      hint: `if it is not on this machine, write its URL: https://${given}`,
    });
  const url = isUrl ? URL.parse(given) : pathToFileURL(resolve(given));
  if (url === null || !['https:', 'http:', 'file:'].includes(url.protocol))
    throw new CliError('USAGE', `${JSON.stringify(given)} is no URL`, {
      hint: 'write https://plugins.example/ or the path of a folder',
    });
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function defaultAlias(url: URL): string {
  const name = (
    url.hostname === ''
      ? (url.pathname
          .split('/')
          .filter((part) => part !== '')
          .at(-1) ?? 'local')
      : url.hostname
  ).toLowerCase();
  return name.replace(/[^a-z0-9._-]/g, '-').replace(/^[^a-z0-9]+/, '') || 'local';
}

async function readRoot(file: string): Promise<Uint8Array> {
  return readFile(file).catch((cause: unknown) => {
    throw new CliError('NO_SUCH_FILE', `the root file ${file} cannot be read`, { cause });
  });
}
