import { userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { writeFileAtomic } from '@ragnos/disk';
import { vendorName } from '@ragnos/plugin';
import { compatClients, initRepository, type Client, type InitResult } from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import { obstacles, prepareBucket } from '@ragnos/storage';
import { rootFingerprint } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { keyType } from '../key-type.ts';
import { checkStore, storeToCheck } from '../vault/check-store.ts';
import type { VaultConfig } from '../vault/config.ts';
import { finishedRoot } from '../vault/finished-root.ts';
import { layoutFor, rolesOf } from '../vault/layout.ts';
import { begunVault, newVault, openKeys, refuseOccupied } from '../vault/new-vault.ts';
import { lifetimesOf, storeOf } from '../vault/vault.ts';

/** A vault whose keys are all here. Run again, it completes what was begun in a store. */
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
      : await newVault(folder, isThere, { vendor, roles, type, store, compat }, makeRepository, context);
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

async function makeRepository(
  folder: string,
  config: VaultConfig,
  signers: ReadonlyMap<string, Signer>,
  { signal }: Context,
): Promise<InitResult> {
  const keys = new Map([...signers].map(([role, signer]) => [role, signer.key]));
  const layout = { ...layoutFor(vendorName(config.vendor), keys), lifetimes: lifetimesOf(config) };
  const storage = await storeOf(folder, config);
  const root = await initRepository(storage, {
    layout,
    signers: (role) => Promise.resolve([signers.get(role)].filter((signer) => signer !== undefined)),
    staging: join(folder, 'staging'),
    compat: config.compat ?? [],
    signal,
  })
    .then((made) => made.root)
    .catch((error: unknown) => finishedRoot(error, storage, layout));
  await writeFileAtomic(join(folder, '1.root.json'), root); // the last: it says that all of it is there
  return { root, fingerprint: rootFingerprint(root) };
}

async function complete(folder: string, config: VaultConfig, context: Context): Promise<InitResult> {
  const signers = await openKeys(folder, config, context);
  context.voice.note(`completing what was begun in ${config.store ?? folder}, with the keys in ${folder}`);
  return makeRepository(folder, config, signers, context);
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
