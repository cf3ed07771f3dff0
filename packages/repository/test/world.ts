import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryStorage, read, storageKey, type Storage } from '@ragnos/storage';
import {
  checkBytes,
  hashedTargetPath,
  metadataFileName,
  roleName,
  rolesForTarget,
  targetPath,
  TrustedMetadataSet,
  type RoleName,
  type TargetFile,
} from '@ragnos/tuf';
import {
  initRepository,
  Repository,
  type DelegationLayout,
  type RepositoryLayout,
  type RepositoryOptions,
} from '@ragnos/repository';
import { onTestFinished } from 'vitest';
import { Keyring } from './keyring.ts';

export { Keyring, readKeys, sharedKeys, testSigner } from './keyring.ts';

export const text = (value: string): Uint8Array => Buffer.from(value);
export const start = new Date('2030-01-01T00:00:00.500Z');

export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ragv-repository-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The tree of DESIGN.md for one person. */
export function layoutOf(keys: Keyring, delegations?: readonly DelegationLayout[]): RepositoryLayout {
  return {
    root: keys.role('root'),
    timestamp: keys.role('timestamp'),
    snapshot: keys.role('snapshot'),
    targets: keys.role('targets'),
    delegations: delegations ?? [
      keys.delegation('policy', ['policy/*']),
      keys.delegation('catalog', ['catalog/*']),
      keys.delegation('vendor.acme', ['vendors/acme/*/*']),
      keys.delegation('attestations', ['attestations/*/*'], { bins: { bitLength: 3 } }),
    ],
  };
}

export interface World {
  readonly keys: Keyring;
  readonly storage: Storage;
  readonly root: Uint8Array;
  now: Date;
  open(options?: Partial<RepositoryOptions>): Promise<Repository>;
}

export async function world(
  options: {
    readonly storage?: Storage;
    readonly keys?: Keyring;
    readonly layout?: RepositoryLayout;
    readonly staging?: string;
  } = {},
): Promise<World> {
  const keys = options.keys ?? new Keyring();
  const storage = options.storage ?? memoryStorage();
  const layout = options.layout ?? layoutOf(keys);
  const { staging } = options;
  const shared = staging === undefined ? {} : { staging };
  const { root } = await initRepository(storage, { layout, signers: keys.source, now: start, ...shared });
  const made: World = {
    keys,
    storage,
    root,
    now: start,
    open: async (more = {}) => {
      const repository = await Repository.open({
        storage,
        signers: keys.source,
        now: () => made.now,
        ...shared,
        ...more,
      });
      onTestFinished(() => repository.close().catch(() => undefined));
      return repository;
    },
  };
  return made;
}

/** A client with only the first root: reads a store as section 5 says, and refuses what it says to refuse. */
export class TestClient {
  readonly #storage: Storage;
  readonly set: TrustedMetadataSet;
  readonly #delegators = new Map<string, RoleName>();

  private constructor(storage: Storage, set: TrustedMetadataSet) {
    this.#storage = storage;
    this.set = set;
  }

  static async refresh(storage: Storage, root: Uint8Array, now: Date): Promise<TestClient> {
    const client = new TestClient(storage, new TrustedMetadataSet(root, { now }));
    const { set } = client;
    for (;;) {
      const next = await client.#get(`metadata/${set.root.version + 1}.root.json`);
      if (next === null) break;
      set.updateRoot(next);
    }
    set.updateTimestamp(await client.need('metadata/timestamp.json'));
    set.updateSnapshot(await client.need(`metadata/${set.timestamp?.snapshot.version ?? 0}.snapshot.json`));
    await client.#load(roleName('targets'), roleName('root'));
    return client;
  }

  async find(raw: string): Promise<TargetFile | null> {
    const path = targetPath(raw);
    let pending: (readonly [RoleName, RoleName])[] = [[roleName('targets'), roleName('root')]];
    for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
      const [name, delegator] = next;
      const role = await this.#load(name, delegator);
      const file = role.targets.get(path);
      if (file !== undefined) return file;
      const children: [RoleName, RoleName][] = [];
      for (const child of role.delegations === null ? [] : rolesForTarget(role.delegations, path)) {
        children.push([child.name, name]);
        if (!child.terminating) continue;
        pending = [];
        break;
      }
      pending.unshift(...children);
    }
    return null;
  }

  async read(path: string): Promise<string | null> {
    const file = await this.find(path);
    const digest = file?.hashes.get('sha256');
    if (file === null || digest === undefined) return null;
    const bytes = await this.need(`targets/${hashedTargetPath(targetPath(path), digest)}`);
    checkBytes(bytes, file, path);
    return Buffer.from(bytes).toString();
  }

  /** Every role that the snapshot lists and somebody delegates to is there and verifies. */
  async readAll(): Promise<readonly string[]> {
    const names: string[] = [];
    const queue: (readonly [RoleName, RoleName])[] = [[roleName('targets'), roleName('root')]];
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const { delegations } = await this.#load(...next);
      names.push(next[0]);
      const succinct = delegations?.succinctRoles ?? null;
      const listed = [...(this.set.snapshot?.meta.keys() ?? [])];
      const children =
        succinct === null
          ? (delegations?.roles ?? []).map(({ name }) => name)
          : listed.filter((name) => name.startsWith(`${succinct.namePrefix}-`));
      for (const child of children) queue.push([child, next[0]]);
    }
    for (const [name, { version }] of this.set.snapshot?.meta ?? [])
      await this.need(`metadata/${metadataFileName(name, version)}`);
    return names;
  }

  async #load(name: RoleName, delegator: RoleName) {
    this.#delegators.set(name, delegator);
    const known = this.set.role(name, delegator);
    if (known !== null) return known;
    const { version } = this.set.expectedRole(name);
    return this.set.updateDelegatedTargets(
      await this.need(`metadata/${metadataFileName(name, version)}`),
      name,
      delegator,
    );
  }

  async need(key: string): Promise<Uint8Array> {
    const bytes = await this.#get(key);
    if (bytes === null) throw new Error(`missing: ${key}`);
    return bytes;
  }

  async #get(key: string): Promise<Uint8Array | null> {
    return (await read(this.#storage, storageKey(key), { maxLength: 10_000_000 }))?.bytes ?? null;
  }
}

export const clientOf = (world: World): Promise<TestClient> =>
  TestClient.refresh(world.storage, world.root, world.now);

export async function keysIn(storage: Storage, prefix = ''): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of storage.list(prefix)) keys.push(key);
  return keys;
}
