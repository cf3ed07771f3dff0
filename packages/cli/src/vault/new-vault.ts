import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolders } from '@ragnos/disk';
import type { VendorName } from '@ragnos/plugin';
import type { Client } from '@ragnos/repository';
import { generateSigner, openSigner, type Password, type PasswordSource, type Signer } from '@ragnos/signing';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import type { keyType } from '../key-type.ts';
import { configFile, readConfig, writeConfig, type VaultConfig } from './config.ts';
import { askOnceForAll, passwordFor } from './passwords.ts';

const lifetimes: VaultConfig['lifetimes'] = {
  root: 365,
  targets: 90,
  snapshot: 7,
  timestamp: 1,
  delegated: 90,
};

/** Of a vault that is to be made. */
export interface Wanted {
  readonly vendor: VendorName;
  /** Whose keys are made. */
  readonly roles: readonly string[];
  readonly type: ReturnType<typeof keyType>;
  readonly store: string | undefined;
  readonly compat: readonly Client[];
}

/** Makes the repository of the vault in `folder`; run again with the same keys it completes what was begun. */
export type MakeRepository<T> = (
  folder: string,
  config: VaultConfig,
  signers: ReadonlyMap<string, Signer>,
  context: Context,
) => Promise<T>;

/**
 * Everything is made in a folder of its own and moved to its place at the end: a failure leaves nothing. With a store
 * elsewhere the keys are in their place first, so that what was begun there can be completed (`begunVault`).
 */
export async function newVault<T>(
  folder: string,
  isThere: boolean,
  { vendor, roles, type, store, compat }: Wanted,
  make: MakeRepository<T>,
  context: Context,
): Promise<T> {
  makeFolders(dirname(folder), 0o777);
  // Within a folder that is there: it may be where a shell stands, or the root of a disk of its own.
  const work = await mkdtemp(isThere ? join(folder, '.new-') : `${folder}.new-`);
  const move = (): Promise<void> => (isThere ? moveContent(work, folder) : rename(work, folder));
  try {
    await mkdir(join(work, 'keys'), { mode: 0o700 });
    const signers = await makeKeys(work, roles, type, context);
    const at = store === undefined ? {} : { store };
    const config: VaultConfig = { format: 1, vendor, ...at, compat: [...compat], lifetimes, keys: {} };
    for (const [role, { key }] of signers) config.keys[key.keyId] = { role, uri: `file2:keys/${role}.p8` };
    if (store !== undefined) {
      await writeConfig(work, config);
      await move();
      return await make(folder, config, signers, context);
    }
    await mkdir(join(work, 'public'));
    const made = await make(work, config, signers, context);
    await writeConfig(work, config);
    await move();
    return made;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** `null`: the folder is no vault whose init for this store was interrupted. */
export async function begunVault(folder: string, store: string): Promise<VaultConfig | null> {
  const names = await readdir(folder).catch((): string[] => []);
  if (!names.includes(configFile) || names.includes('1.root.json')) return null;
  const config = await readConfig(folder);
  return config.store === store ? config : null;
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
