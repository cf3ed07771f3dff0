import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { vendorName } from '@ragnos/plugin';
import { initRepository } from '@ragnos/repository';
import { generateKeyFile, openSigner, type Signer } from '@ragnos/signing';
import { fsStorage } from '@ragnos/storage';
import type { Key } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { keyType } from '../key-type.ts';
import { writeConfig, type VaultConfig } from '../vault/config.ts';
import { layoutFor, rolesOf } from '../vault/layout.ts';
import { passwordFor } from '../vault/passwords.ts';
import { lifetimesOf } from '../vault/vault.ts';

const lifetimes: VaultConfig['lifetimes'] = {
  root: 365,
  targets: 90,
  snapshot: 7,
  timestamp: 1,
  delegated: 90,
};

/** Everything is made in a folder beside the wanted one and moved there at the end: a failed init leaves nothing. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options } = context;
  const folder = resolve(context.args[0] ?? options.text('vault') ?? '.');
  const vendor = vendorName(options.text('vendor') ?? userInfo().username.toLowerCase());
  const roles = rolesOf(vendor);
  const type = keyType(options.text('key-type'));
  await refuseOccupied(folder);
  if (context.dryRun) {
    voice.answer({ folder, vendor, roles, dryRun: true }, [
      `would make ${folder} with one key for each of: ${roles.join(', ')}`,
    ]);
    return;
  }
  await mkdir(dirname(folder), { recursive: true });
  const work = await mkdtemp(`${folder}.new-`);
  try {
    const made = await make(work, vendor, roles, type, context);
    // An empty folder is replaced; one that got content meanwhile makes the rename fail.
    await rename(work, folder);
    const rootFile = join(folder, '1.root.json');
    voice.answer({ folder, vendor, roles, rootFile, fingerprint: made.fingerprint }, [
      `made ${folder}: ${roles.length} encrypted keys, one for each of ${roles.join(', ')}`,
      `trusted root: ${rootFile}`,
      `fingerprint:  sha256:${made.fingerprint}`,
    ]);
    voice.note('one signature can replace this root: hosts accept it only with --single-signer');
    voice.note(`next: ragv publish <folder|file.tgz|npm:name@version> --vault ${context.args[0] ?? folder}`);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return;
}

async function make(
  work: string,
  vendor: ReturnType<typeof vendorName>,
  roles: readonly string[],
  type: ReturnType<typeof keyType>,
  context: Context,
): Promise<{ readonly fingerprint: string }> {
  const { voice, signal } = context;
  await mkdir(join(work, 'keys'), { mode: 0o700 });
  await mkdir(join(work, 'public'));
  const keys = new Map<string, Key>();
  const signers = new Map<string, Signer>();
  const config: VaultConfig = { format: 1, vendor, lifetimes, keys: {} };
  for (const [index, role] of roles.entries()) {
    voice.progress(`making the key of ${role}`, index, roles.length);
    const path = join(work, 'keys', `${role}.p8`);
    const password = passwordFor(role, context);
    const key = await generateKeyFile({ path, type, password, signal });
    keys.set(role, key);
    config.keys[key.keyId] = { role, uri: `file2:keys/${role}.p8` };
    signers.set(role, await openSigner(`file2:${path}`, { password, publicKey: key, signal }));
  }
  const storage = fsStorage({ root: join(work, 'public') });
  const layout = { ...layoutFor(vendor, keys), lifetimes: lifetimesOf(config) };
  const made = await initRepository(storage, {
    layout,
    signers: (role) => Promise.resolve([signers.get(role)].filter((signer) => signer !== undefined)),
    staging: join(work, 'staging'),
    signal,
  });
  await writeFile(join(work, '1.root.json'), made.root);
  await writeConfig(work, config);
  return made;
}

async function refuseOccupied(folder: string): Promise<void> {
  const content = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new CliError('VAULT_EXISTS', `${folder} cannot become a vault: it is no folder`, { cause: error });
  });
  if (content.length > 0)
    throw new CliError('VAULT_EXISTS', `${folder} is not empty; nothing was changed`, {
      hint: 'choose a folder that does not exist yet',
    });
}
