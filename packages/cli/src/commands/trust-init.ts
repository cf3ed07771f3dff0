import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { HostPolicyError, trustRepository } from '@ragnos/plugin';
import { parseMetadata, replaceableBySingleKey } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { homeFolder } from '../host.ts';
import { makeFolder } from '../make-folder.ts';

export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const url = repositoryUrl(context.args[0] ?? '');
  const file = options.text('root');
  const fingerprint = options.text('fingerprint');
  if ((file === undefined) === (fingerprint === undefined))
    throw new CliError('USAGE', 'give either --root <file> or --fingerprint <sha256>', {
      hint: 'the operator of the repository tells you one of them, on a way that you trust; nothing is trusted on first use',
    });
  const root = file === undefined ? { fingerprint: fingerprint ?? '' } : await readRoot(file);
  const alias = options.text('alias') ?? defaultAlias(url);
  if (context.dryRun) {
    const single = root instanceof Uint8Array && replaceableBySingleKey(parseMetadata(root, 'root').signed);
    if (single && !options.flag('single-signer'))
      throw new HostPolicyError('SINGLE_SIGNER_ROOT', 'one signature can replace this root', {
        hint: 'ask the operator for a root with a threshold of two or more, or accept it with --single-signer',
      });
    voice.answer({ alias, url: url.href, singleSigner: single, dryRun: true }, [
      `would trust ${url.href} as ${alias}`,
    ]);
    return;
  }
  const home = homeFolder(context);
  await makeFolder(home, 0o700);
  const trusted = await trustRepository({
    home,
    alias,
    url,
    root,
    singleSigner: options.flag('single-signer'),
    allowHttp: options.flag('allow-http'),
    signal,
  });
  voice.answer(trusted, [
    `trusting ${trusted.url} as ${trusted.alias}, from root sha256:${trusted.rootSha256}`,
  ]);
  voice.note('next: ragv search, ragv install <vendor>/<plugin>');
  return;
}

/** A URL, or the path of a folder that holds metadata/ and targets/. */
function repositoryUrl(given: string): URL {
  const isUrl = /^[a-z][a-z0-9+.-]+:\/\//i.test(given);
  if (!isUrl && !existsSync(given))
    throw new CliError('NO_SUCH_FILE', `there is no folder ${resolve(given)}`, {
      hint: `if it is not on this machine, write its URL: https://${given}`,
    });
  const url = isUrl ? URL.parse(given) : pathToFileURL(resolve(given));
  if (url === null)
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
