import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { vendorName } from '@ragnos/plugin';
import { initRepository } from '@ragnos/repository';
import { generateSigner, type Password, type PasswordSource, type Signer } from '@ragnos/signing';
import { fsStorage } from '@ragnos/storage';
import { makeFolders } from '@ragnos/disk';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { keyType } from '../key-type.ts';
import { configFile, writeConfig, type VaultConfig } from '../vault/config.ts';
import { layoutFor, rolesOf } from '../vault/layout.ts';
import { askOnceForAll, passwordFor } from '../vault/passwords.ts';
import { lifetimesOf } from '../vault/vault.ts';

const lifetimes: VaultConfig['lifetimes'] = {
  root: 365,
  targets: 90,
  snapshot: 7,
  timestamp: 1,
  delegated: 90,
};

/** Everything is made in a folder of its own and moved to its place at the end: a failed init leaves nothing. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options } = context;
  const folder = resolve(context.args[0] ?? options.text('vault') ?? '.');
  const vendor = firstVendor(options.text('vendor'));
  const roles = rolesOf(vendor);
  const type = keyType(options.text('key-type'));
  const isThere = await refuseOccupied(folder);
  if (context.dryRun) {
    voice.answer({ folder, vendor, roles, dryRun: true }, [
      `would make ${folder} with one key for each of: ${roles.join(', ')}`,
    ]);
    return;
  }
  makeFolders(dirname(folder), 0o777);
  // Within a folder that is there: it may be where a shell stands, or the root of a disk of its own.
  const work = await mkdtemp(isThere ? join(folder, '.new-') : `${folder}.new-`);
  try {
    const made = await make(work, vendor, roles, type, context);
    await (isThere ? moveContent(work, folder) : rename(work, folder));
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
  const { signal } = context;
  await mkdir(join(work, 'keys'), { mode: 0o700 });
  await mkdir(join(work, 'public'));
  const signers = await makeKeys(work, roles, type, context);
  const keys = new Map([...signers].map(([role, signer]) => [role, signer.key]));
  const config: VaultConfig = { format: 1, vendor, lifetimes, keys: {} };
  for (const [role, key] of keys) config.keys[key.keyId] = { role, uri: `file2:keys/${role}.p8` };
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

/** First all passwords, since a person answers one question at a time; then the keys, side by side. */
async function makeKeys(
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
function firstVendor(given: string | undefined): ReturnType<typeof vendorName> {
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
async function moveContent(from: string, to: string): Promise<void> {
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
async function refuseOccupied(folder: string): Promise<boolean> {
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
