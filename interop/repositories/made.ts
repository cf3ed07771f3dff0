import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import {
  initRepository,
  objectMeta,
  Repository,
  type Client,
  type DelegationLayout,
  type Lifetimes,
  type RoleLayout,
} from '@ragnos/repository';
import { fsStorage } from '@ragnos/storage';
import type { JsonValue } from '@ragnos/tuf';
import type { Contents } from '../lib/job.ts';
import type { Keyring } from './keyring.ts';

/** One state of a repository: what is served, and what a client must find there. */
export interface State {
  /** `metadata/` and `targets/` lie in it. */
  readonly folder: string;
  readonly contents: Contents;
}

/** A repository in the making, published by our own packages. */
export interface Made {
  readonly repository: Repository;
  readonly keys: Keyring;
  add(...paths: readonly string[]): Promise<void>;
  /** One path with something in its `custom`. */
  addCustom(path: string, custom: JsonValue): Promise<void>;
  remove(path: string): Promise<void>;
  /** The same repository for other clients. */
  reopen(compat: readonly Client[]): Promise<Repository>;
  /** What is published now, as a client of any age finds it. */
  state(): Promise<State>;
}

export interface MakeOptions {
  readonly roles?: Readonly<Record<'root' | 'timestamp' | 'snapshot' | 'targets', RoleLayout>>;
  readonly delegations?: readonly DelegationLayout[];
  readonly lifetimes?: Lifetimes;
}

/** Where a repository is made, and for whom. */
export interface Place {
  readonly folder: string;
  readonly compat: readonly Client[];
}

const contentOf = (path: string): Uint8Array => new TextEncoder().encode(`${path}\n`.repeat(50));

export async function make(
  { folder, compat }: Place,
  keys: Keyring,
  options: MakeOptions = {},
): Promise<Made> {
  const live = join(folder, 'live');
  const storage = fsStorage({ root: live, create: true, metaOf: objectMeta });
  const roles = options.roles ?? {
    root: keys.layout('root'),
    timestamp: keys.layout('timestamp'),
    snapshot: keys.layout('snapshot'),
    targets: keys.layout('targets'),
  };
  const lifetimes = options.lifetimes === undefined ? {} : { lifetimes: options.lifetimes };
  const layout = { ...roles, ...lifetimes, delegations: options.delegations ?? [] };
  await initRepository(storage, { layout, signers: keys.source, compat });
  const open = (clients: readonly Client[]): Promise<Repository> =>
    Repository.open({ storage, signers: keys.source, keyOverlap: 0, compat: clients, ...lifetimes });
  const repository = await open(compat);
  const contents = new Map<string, Uint8Array>();
  let states = 0;
  return {
    repository,
    keys,
    add: async (...paths) => {
      await repository.publish(async (draft) => {
        for (const path of paths) await draft.add(path, contentOf(path));
      });
      for (const path of paths) contents.set(path, contentOf(path));
    },
    addCustom: async (path, custom) => {
      await repository.publish((draft) => draft.add(path, contentOf(path), { custom }));
      contents.set(path, contentOf(path));
    },
    remove: async (path) => {
      contents.delete(path);
      await repository.publish(async (draft) => void (await draft.remove(path)));
    },
    reopen: open,
    state: async () => {
      const copy = join(folder, String(++states));
      await cp(live, copy, { recursive: true });
      return { folder: copy, contents: new Map(contents) };
    },
  };
}
