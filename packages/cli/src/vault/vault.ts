import { isAbsolute, join, resolve } from 'node:path';
import { defaultAudit, objectMeta, Repository, type Lifetimes } from '@ragnos/repository';
import { openSigner, SigningError, type Signer } from '@ragnos/signing';
import { openStorage, type Storage } from '@ragnos/storage';
import type { KeyId } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { askSecret } from '../prompt.ts';
import { version } from '../version.ts';
import { readConfig, type VaultConfig } from './config.ts';
import { passwordFor } from './passwords.ts';
import { purgerOf, purging } from './purge.ts';

const day = 24 * 60 * 60;

/** An operator's folder, opened. Keys are unlocked when something has to be signed by them, and not before. */
export interface Vault {
  readonly folder: string;
  readonly config: VaultConfig;
  readonly storage: Storage;
  readonly repository: Repository;
  /** Opens one signer by its URI, whose file paths are relative to the vault. */
  openSigner(role: string, uri: string): Promise<Signer>;
}

export function vaultFolder(context: Context): string {
  return resolve(context.options.text('vault') ?? process.env['RAGV_VAULT'] ?? '.');
}

/** `damaged`: also one whose head does not verify, so that its root can be changed. */
export async function openVault(context: Context, { damaged = false } = {}): Promise<Vault> {
  const folder = vaultFolder(context);
  const config = await readConfig(folder);
  const storage = await storeOf(folder, config);
  const open = signerCache(folder, context);
  const repository = await Repository.open({
    storage,
    signers: async (role, keyIds) => atHand(config, keyIds, role, open),
    staging: join(folder, 'staging'),
    lifetimes: lifetimesOf(config),
    mutable: isMutable,
    damaged,
    compat: config.compat ?? [],
    audit: { ...defaultAudit(), tool: `ragv ${version()}` },
    onCommitted: purging(purgerOf(config), context.voice),
  });
  return { folder, config, storage, repository, openSigner: open };
}

/** Where the published files are: the folder `public/`, or what ragv.toml names. */
export function storeOf(folder: string, { store }: Pick<VaultConfig, 'store'>): Promise<Storage> {
  return openStorage(store ?? join(folder, 'public'), { base: folder, metaOf: objectMeta });
}

/** `index.json` and what the door keeps change; every other published path never does (decision 8). */
export function isMutable(path: string): boolean {
  return (
    /^vendors\/[^/]+\/[^/]+\/index\.json$/.test(path) ||
    path.startsWith('catalog/') ||
    path.startsWith('policy/')
  );
}

export function lifetimesOf(config: VaultConfig): Lifetimes {
  const { root, targets, snapshot, timestamp, delegated } = config.lifetimes;
  return {
    root: root * day,
    targets: targets * day,
    snapshot: snapshot * day,
    timestamp: timestamp * day,
    delegated: delegated * day,
  };
}

type Open = (role: string, uri: string) => Promise<Signer>;

/**
 * One unlocking a key, however often it signs, and one key after the other: a terminal can ask for one password at a time.
 * What was typed for one key is tried on the next, since most people have one password for all.
 */
function signerCache(folder: string, context: Context): Open {
  const { signal } = context;
  const signers = new Map<string, Promise<Signer>>();
  let typed: string | null = null;
  let before: Promise<unknown> = Promise.resolve();
  const unlock = async (role: string, uri: string): Promise<Signer> => {
    let reused = false;
    const ask: typeof askSecret = async (question, stop) => {
      if (typed !== null && !reused) reused = true;
      else typed = await askSecret(question, stop);
      return typed;
    };
    const open = (): Promise<Signer> =>
      openSigner(insideVault(folder, uri), { password: passwordFor(role, context, ask), signal });
    return open().catch((error: unknown) => {
      if (reused && error instanceof SigningError && error.code === 'BAD_PASSWORD') return open();
      throw error;
    });
  };
  return (role, uri) => {
    const signer = signers.get(uri) ?? before.then(() => unlock(role, uri));
    signers.set(uri, signer);
    before = signer.catch(() => undefined);
    return signer;
  };
}

/** A key that is elsewhere (an offline root) is not at hand; a wrong password or a broken file is an error. */
async function atHand(
  config: VaultConfig,
  keyIds: readonly KeyId[],
  role: string,
  open: Open,
): Promise<readonly Signer[]> {
  const signers: Signer[] = [];
  for (const id of keyIds) {
    const key = config.keys[id];
    if (key === undefined) continue;
    try {
      signers.push(await open(role, key.uri));
    } catch (error) {
      if (!(error instanceof SigningError && error.code === 'KEY_NOT_FOUND')) throw error;
    }
  }
  return signers;
}

function insideVault(folder: string, uri: string): string {
  const path = /^file2:(.+)$/.exec(uri)?.[1];
  return path === undefined || isAbsolute(path) ? uri : `file2:${join(folder, path)}`;
}
