import { cp, mkdir, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import {
  initRepository,
  objectMeta,
  Repository,
  type DelegationLayout,
  type RoleLayout,
} from '@ragnos/repository';
import { fsStorage } from '@ragnos/storage';
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
  remove(path: string): Promise<void>;
  /** What is published now, as a client of any age finds it. */
  state(): Promise<State>;
}

export interface MakeOptions {
  readonly roles?: Readonly<Record<'root' | 'timestamp' | 'snapshot' | 'targets', RoleLayout>>;
  readonly delegations?: readonly DelegationLayout[];
}

const contentOf = (path: string): Uint8Array => new TextEncoder().encode(`${path}\n`.repeat(50));

export async function make(folder: string, keys: Keyring, options: MakeOptions = {}): Promise<Made> {
  const live = join(folder, 'live');
  const storage = fsStorage({ root: live, create: true, metaOf: objectMeta });
  const roles = options.roles ?? {
    root: keys.layout('root'),
    timestamp: keys.layout('timestamp'),
    snapshot: keys.layout('snapshot'),
    targets: keys.layout('targets'),
  };
  const layout = { ...roles, delegations: options.delegations ?? [] };
  await initRepository(storage, { layout, signers: keys.source });
  const repository = await Repository.open({ storage, signers: keys.source, keyOverlap: 0 });
  const contents = new Map<string, Uint8Array>();
  let states = 0;
  return {
    repository,
    keys,
    add: async (...paths) => {
      for (const path of paths) contents.set(path, contentOf(path));
      await repository.publish(async (draft) => {
        for (const path of paths) await draft.add(path, contentOf(path));
      });
    },
    remove: async (path) => {
      contents.delete(path);
      await repository.publish(async (draft) => void (await draft.remove(path)));
    },
    state: async () => {
      const copy = join(folder, String(++states));
      await cp(live, copy, { recursive: true });
      return { folder: copy, contents: new Map(contents) };
    },
  };
}

/**
 * tough asks for `<sha256>.<dir>/<name>` where all others ask for `<dir>/<sha256>.<name>`: lays the former beside the latter.
 * Our repository does not write them yet.
 */
export async function addAliases(folder: string): Promise<void> {
  const targets = join(folder, 'targets');
  const entries = await readdir(targets, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const directory = relative(targets, entry.parentPath).replaceAll('\\', '/');
    const [, digest, name] = /^([0-9a-f]{64})\.(.+)$/.exec(entry.name) ?? [];
    if (directory === '' || digest === undefined || name === undefined) continue;
    const alias = join(targets, `${digest}.${directory}`, name);
    await mkdir(dirname(alias), { recursive: true });
    await cp(join(entry.parentPath, entry.name), alias);
  }
}
