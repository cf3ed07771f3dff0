import type { Fetcher } from '@ragnos/client';
import { defaultFetcher, Updater } from '@ragnos/client';
import { lockFile, writeFileAtomic } from '@ragnos/disk';
import {
  checkRootPin,
  defaultLimits,
  replaceableBySingleKey,
  rootFingerprint,
  TrustedMetadataSet,
} from '@ragnos/tuf';
import { randomBytes } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { HostOptions, TrustedRepository, TrustOptions } from './api.ts';
import { HostConflictError, HostFailureError, HostPolicyError } from './errors.ts';
import { eventLog } from './events.ts';
import { defaultHostLimits } from './limits.ts';
import { ensureFolder, homeFolder, repositoriesFolder, repositoryPaths } from './paths.ts';
import type { Trusted } from './record.ts';
import {
  aliasPattern,
  chooseRepository,
  installedNames,
  names,
  recordFolder,
  trustedRepositories,
  writeRecord,
} from './record.ts';

function summary({ record, paths }: Trusted): TrustedRepository {
  return { ...record, plugins: installedNames(paths).length };
}

/** With a trailing slash; the base below which `metadata/` and `targets/` lie. */
function baseOf(raw: URL | string): URL {
  const url = URL.parse(String(raw));
  if (url === null)
    throw new HostFailureError('BAD_SPEC', `not a URL: ${JSON.stringify(String(raw).slice(0, 200))}`, {
      hint: 'expected https://…, http://localhost:…, or file:///…/public/',
    });
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** The root in the caller's hand, or the first one of the repository if it hashes to the fingerprint given. */
async function rootBytes(options: TrustOptions, url: URL, fetcher: Fetcher): Promise<Uint8Array> {
  if (options.root instanceof Uint8Array) return options.root;
  const chunks: Uint8Array[] = [];
  const limits = { maxLength: defaultLimits.rootMaxLength, signal: options.signal };
  for await (const chunk of fetcher.fetch(new URL('metadata/1.root.json', url), limits)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  checkRootPin(bytes, options.root.fingerprint);
  return bytes;
}

/**
 * Puts a root in the host's hands: given as a file, or by the fingerprint that `1.root.json` of the repository must
 * have. Nothing is trusted on first use. The repository is refreshed once, from that root; if anything fails, nothing
 * is kept. Doing it again with the same root updates the URL.
 *
 * @throws ROOT_PIN_MISMATCH, SINGLE_SIGNER_ROOT, ALIAS_TAKEN, and whatever a refresh may throw
 */
export async function trustRepository(options: TrustOptions): Promise<TrustedRepository> {
  const { home, alias, signal } = options;
  const now = options.now ?? (() => new Date());
  ensureFolder(home, 'home-v1', 'repositories');
  const events = eventLog(homeFolder(home), {
    repository: alias,
    now,
    maxLength: defaultHostLimits.logMaxLength,
    onEvent: options.onEvent,
  });
  try {
    const lock = await lockFile(join(homeFolder(home), 'lock'), { signal });
    const trusted = summary(await trust(options, now).finally(() => lock.release()));
    events.change('TRUSTED', `${trusted.url} is trusted from root ${trusted.rootSha256}`, null);
    return trusted;
  } catch (error) {
    events.refusal(error, null);
    throw error;
  }
}

async function trust(options: TrustOptions, now: () => Date): Promise<Trusted> {
  const { home, alias, signal } = options;
  if (!aliasPattern.test(alias))
    throw new HostFailureError('BAD_SPEC', `not an alias: ${JSON.stringify(alias.slice(0, 80))}`, {
      hint: 'lower-case letters, digits, ".", "_" and "-", at most 64',
    });
  const url = baseOf(options.url);
  const fetcher = options.fetcher ?? defaultFetcher({ allowHttp: options.allowHttp ?? false });
  const bytes = await rootBytes(options, url, fetcher);
  const { root } = new TrustedMetadataSet(bytes, { now: now() });
  refuseSingleSigner(replaceableBySingleKey(root), options.singleSigner);
  const rootSha256 = rootFingerprint(bytes);
  const known = (await trustedRepositories(home)).find(({ record }) => record.alias === alias);
  if (known !== undefined && known.record.rootSha256 !== rootSha256)
    throw new HostConflictError('ALIAS_TAKEN', `${alias} is another repository on this host`, {
      hint: `choose another alias, or ragv trust remove ${alias}`,
    });
  const record = {
    alias,
    url: url.href,
    rootSha256,
    rootVersion: root.version,
    singleSigner: options.singleSigner ?? false,
    trustedAt: known?.record.trustedAt ?? now().toISOString(),
  };
  sweep(home);
  const staging =
    known?.paths.folder ?? join(repositoriesFolder(home), `.new-${randomBytes(8).toString('hex')}`);
  if (known === undefined)
    ensureFolder(repositoriesFolder(home), staging.slice(repositoriesFolder(home).length + 1));
  const paths = repositoryPaths(staging);
  try {
    const updater = await Updater.open({
      dir: paths.metadata,
      baseUrl: url,
      root: bytes,
      fetcher,
      now,
      signal,
    });
    await updater.refresh({ signal });
    refuseSingleSigner(replaceableBySingleKey(updater.trusted.root), options.singleSigner);
    await writeFileAtomic(paths.root, bytes, { mode: 0o600, signal });
    await writeRecord(paths.record, record);
    const folder = recordFolder(home, alias, rootSha256);
    if (known === undefined) renameSync(staging, folder);
    return { record, paths: repositoryPaths(folder) };
  } catch (error) {
    if (known === undefined) rmSync(staging, { recursive: true, force: true });
    throw error;
  }
}

export function refuseSingleSigner(replaceable: boolean, accepted: boolean | undefined): void {
  if (!replaceable || accepted === true) return;
  throw new HostPolicyError('SINGLE_SIGNER_ROOT', 'one signature can replace this root', {
    hint: 'ask the operator for a root with a threshold of two or more, or accept it with --single-signer',
  });
}

/** What killed ones left; we hold the lock. */
function sweep(home: string): void {
  for (const name of names(repositoriesFolder(home)))
    if (name.startsWith('.')) rmSync(join(repositoriesFolder(home), name), { recursive: true, force: true });
}

export async function listTrusted(options: Pick<HostOptions, 'home'>): Promise<readonly TrustedRepository[]> {
  return (await trustedRepositories(options.home)).map(summary);
}

/**
 * Forgets a repository: its root, its trusted metadata, what was seen of it. Refuses (`PLUGINS_INSTALLED`) while plugins
 * of it are installed, unless forced; then they go with it.
 */
export async function removeTrusted(
  options: Pick<HostOptions, 'home' | 'now'> & {
    readonly alias: string;
    readonly force?: boolean | undefined;
  },
): Promise<TrustedRepository> {
  const { home, alias } = options;
  const trusted = await chooseRepository(home, alias);
  const known = summary(trusted);
  const locks = [await lockFile(join(homeFolder(home), 'lock'))];
  try {
    locks.push(await lockFile(trusted.paths.lock));
    const installed = installedNames(trusted.paths);
    if (installed.length > 0 && options.force !== true)
      throw new HostConflictError(
        'PLUGINS_INSTALLED',
        `${installed.length} plugins of ${alias} are installed`,
        {
          hint: `uninstall ${installed.map((name) => name.join('/')).join(', ')} first, or use --force`,
        },
      );
    const doomed = join(repositoriesFolder(home), `.gone-${randomBytes(8).toString('hex')}`);
    renameSync(trusted.paths.folder, doomed); // at once, whatever happens while it is being removed
    sweep(home);
  } finally {
    for (const lock of locks) lock.release();
  }
  return known;
}
