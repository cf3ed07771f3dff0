import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { vendorName, type VendorName } from '@ragnos/plugin';
import { compatClients, initRepository, type Client, type InitResult } from '@ragnos/repository';
import { generateSigner, openSigner, type Password, type PasswordSource, type Signer } from '@ragnos/signing';
import { obstacles, prepareBucket } from '@ragnos/storage';
import { makeFolders } from '@ragnos/disk';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { keyType } from '../key-type.ts';
import { configFile, readConfig, writeConfig, type VaultConfig } from '../vault/config.ts';
import { checkStore, storeToCheck } from '../vault/check-store.ts';
import { layoutFor, rolesOf } from '../vault/layout.ts';
import { askOnceForAll, passwordFor } from '../vault/passwords.ts';
import { lifetimesOf, storeOf } from '../vault/vault.ts';

export const lifetimes: VaultConfig['lifetimes'] = {
  root: 365,
  targets: 90,
  snapshot: 7,
  timestamp: 1,
  delegated: 90,
};

/**
 * Everything is made in a folder of its own and moved to its place at the end: a failed init leaves nothing. With a store
 * elsewhere the keys are in their place first, so that what was begun there can be completed by the same command.
 */
export async function run(context: Context): Promise<number | undefined> {
  const { voice, options } = context;
  if (options.flag('check')) return checkStore(storeToCheck(options.text('store')), context);
  const folder = resolve(context.args[0] ?? options.text('vault') ?? '.');
  const store = options.text('store');
  const begun = store === undefined ? null : await begunVault(folder, store);
  const vendor = begun === null ? firstVendor(options.text('vendor')) : vendorName(begun.vendor);
  const compat = clientsOf(options.list('compat'));
  const roles = rolesOf(vendor);
  const type = keyType(options.text('key-type'));
  const isThere = begun === null && (await refuseOccupied(folder));
  if (context.dryRun) {
    voice.answer({ folder, vendor, roles, store: store ?? null, compat, dryRun: true }, [
      `would make ${folder} with one key for each of: ${roles.join(', ')}`,
      ...(store === undefined ? [] : [`and a repository in ${store}`]),
    ]);
    return;
  }
  if (store !== undefined) await readyStore(store, context);
  const made =
    begun !== null
      ? await complete(folder, begun, context)
      : await makeVault(folder, isThere, { vendor, roles, type, store, compat }, context);
  const rootFile = join(folder, '1.root.json');
  voice.answer({ folder, vendor, roles, store: store ?? null, rootFile, fingerprint: made.fingerprint }, [
    `made ${folder}: ${roles.length} encrypted keys, one for each of ${roles.join(', ')}`,
    ...(store === undefined ? [] : [`repository:   ${store}`]),
    `trusted root: ${rootFile}`,
    `fingerprint:  sha256:${made.fingerprint}`,
  ]);
  voice.note('one signature can replace this root: hosts accept it only with --single-signer');
  voice.note(`next: ragv publish <folder|file.tgz|npm:name@version> --vault ${context.args[0] ?? folder}`);
  return;
}

interface Wanted {
  readonly vendor: VendorName;
  readonly roles: readonly string[];
  readonly type: ReturnType<typeof keyType>;
  readonly store: string | undefined;
  readonly compat: readonly Client[];
}

async function makeVault(
  folder: string,
  isThere: boolean,
  wanted: Wanted,
  context: Context,
): Promise<InitResult> {
  makeFolders(dirname(folder), 0o777);
  // Within a folder that is there: it may be where a shell stands, or the root of a disk of its own.
  const work = await mkdtemp(isThere ? join(folder, '.new-') : `${folder}.new-`);
  const move = (): Promise<void> => (isThere ? moveContent(work, folder) : rename(work, folder));
  try {
    await mkdir(join(work, 'keys'), { mode: 0o700 });
    const signers = await makeKeys(work, wanted.roles, wanted.type, context);
    const config: VaultConfig = {
      format: 1,
      vendor: wanted.vendor,
      ...(wanted.store === undefined ? {} : { store: wanted.store }),
      compat: [...wanted.compat],
      lifetimes,
      keys: {},
    };
    for (const [role, signer] of signers)
      config.keys[signer.key.keyId] = { role, uri: `file2:keys/${role}.p8` };
    if (wanted.store === undefined) {
      await mkdir(join(work, 'public'));
      const made = await makeRepository(work, config, signers, context);
      await writeConfig(work, config);
      await move();
      return made;
    }
    await writeConfig(work, config);
    await move();
    return await makeRepository(folder, config, signers, context);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** In the store that `config` names; run again with the same keys it completes what was begun. */
async function makeRepository(
  folder: string,
  config: VaultConfig,
  signers: ReadonlyMap<string, Signer>,
  { signal }: Context,
): Promise<InitResult> {
  const keys = new Map([...signers].map(([role, signer]) => [role, signer.key]));
  const layout = { ...layoutFor(vendorName(config.vendor), keys), lifetimes: lifetimesOf(config) };
  const made = await initRepository(await storeOf(folder, config), {
    layout,
    signers: (role) => Promise.resolve([signers.get(role)].filter((signer) => signer !== undefined)),
    staging: join(folder, 'staging'),
    compat: config.compat ?? [],
    signal,
  });
  await writeFile(join(folder, '1.root.json'), made.root);
  return made;
}

/** `null`: the folder is no vault whose init for this store was interrupted. */
export async function begunVault(folder: string, store: string): Promise<VaultConfig | null> {
  const names = await readdir(folder).catch((): string[] => []);
  if (!names.includes(configFile) || names.includes('1.root.json')) return null;
  const config = await readConfig(folder);
  return config.store === store ? config : null;
}

async function complete(folder: string, config: VaultConfig, context: Context): Promise<InitResult> {
  const signers = await openKeys(folder, config, context);
  context.voice.note(`completing what was begun in ${config.store ?? folder}, with the keys in ${folder}`);
  return makeRepository(folder, config, signers, context);
}

/** By role. */
export async function openKeys(
  folder: string,
  config: VaultConfig,
  context: Context,
): Promise<ReadonlyMap<string, Signer>> {
  const signers = new Map<string, Signer>();
  for (const { role, uri } of Object.values(config.keys)) {
    const path = `file2:${join(folder, uri.slice('file2:'.length))}`;
    signers.set(
      role,
      await openSigner(path, { password: passwordFor(role, context), signal: context.signal }),
    );
  }
  return signers;
}

/** Makes or checks the bucket, and says what is missing. @throws CliError STORE_UNFIT */
export async function readyStore(store: string, { voice, signal }: Context): Promise<void> {
  const findings = await prepareBucket(store, { signal });
  for (const { check, state, message, run } of findings)
    if (state !== 'ok')
      voice.note(`${check}: ${state}: ${message}${run === undefined ? '' : `; run: ${run}`}`);
  const [first] = obstacles(findings);
  if (first !== undefined)
    throw new CliError('STORE_UNFIT', `${store}: ${first.message}`, {
      hint: first.run === undefined ? 'docs/storage.md says what a store needs' : `run: ${first.run}`,
    });
}

export function clientsOf(names: readonly string[]): readonly Client[] {
  return names.map((name) => {
    const found = compatClients.find((client) => client === name);
    if (found === undefined)
      throw new CliError('USAGE', `--compat ${name}: no such client`, {
        hint: `known are ${compatClients.join(', ')}`,
      });
    return found;
  });
}

/** First all passwords, since a person answers one question at a time; then the keys, side by side. */
export async function makeKeys(
  work: string,
  roles: readonly string[],
  type: ReturnType<typeof keyType>,
  context: Context,
): Promise<ReadonlyMap<string, Signer>> {
  const { voice, signal } = context;
  const ask = askOnceForAll();
  const secrets: (readonly [role: string, path: string, secret: Password])[] = [];
  for (const role of roles) {
    const path = join(work, 'keys', `${role}.p8`);
    secrets.push([role, path, await passwordFor(role, context, ask)({ for: path, isNew: true, signal })]);
  }
  const signers = new Map<string, Signer>();
  const made = await Promise.allSettled(
    secrets.map(async ([role, path, secret]) => {
      const password: PasswordSource = () => Promise.resolve(secret);
      signers.set(role, await generateSigner({ path, type, password, signal }));
      voice.progress('making the keys', signers.size, roles.length);
    }),
  );
  for (const one of made) if (one.status === 'rejected') throw one.reason;
  return new Map(roles.flatMap((role) => [...signers].filter(([of]) => of === role)));
}

/** The login name is only a proposal: `root` and the like are names of roles. */
export function firstVendor(given: string | undefined): ReturnType<typeof vendorName> {
  if (given !== undefined) return vendorName(given);
  const login = userInfo().username.toLowerCase();
  try {
    return vendorName(login);
  } catch (cause) {
    throw new CliError('USAGE', `your login name ${JSON.stringify(login)} cannot be a vendor's`, {
      cause,
      hint: 'name the first vendor: --vendor <name>',
    });
  }
}

/** ragv.toml comes last: it is what makes a folder a vault. What was moved is taken back if the rest cannot follow. */
export async function moveContent(from: string, to: string): Promise<void> {
  const names = (await readdir(from)).filter((name) => name !== configFile);
  const moved: string[] = [];
  try {
    for (const name of [...names, configFile]) {
      await rename(join(from, name), join(to, name));
      moved.push(join(to, name));
    }
  } catch (error) {
    for (const path of moved) await rm(path, { recursive: true, force: true });
    throw error;
  }
}

/** Whether the folder is there, and empty. */
export async function refuseOccupied(folder: string): Promise<boolean> {
  const content = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw new CliError('VAULT_EXISTS', `${folder} cannot become a vault: it is no folder`, { cause: error });
  });
  if (content !== null && content.length > 0)
    throw new CliError('VAULT_EXISTS', `${folder} is not empty; nothing was changed`, {
      hint: 'choose a folder that does not exist yet',
    });
  return content !== null;
}
