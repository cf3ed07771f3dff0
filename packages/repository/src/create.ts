import { join } from 'node:path';
import { fsStorage, type Storage } from '@ragnos/storage';
import { topLevelRoles, type JsonValue, type TopLevelRole } from '@ragnos/tuf';
import type { Client } from './compat.ts';
import { hashFile } from './content.ts';
import { initRepository, type InitResult } from './init.ts';
import type { Lifetimes, RoleLayout } from './layout.ts';
import { objectMeta } from './object-meta.ts';
import { Repository } from './repository.ts';
import type { CallOptions, Content, SignerSource } from './types.ts';

/** A file to be signed: a wheel, a public key, anything. */
export interface NewTarget {
  readonly path: string;
  /** Bytes, or the name of a file on disk, which is hashed and streamed. */
  readonly content: Content | string;
  readonly custom?: JsonValue;
}

export interface CreateOptions extends CallOptions {
  /** Root, timestamp, snapshot and targets: who signs. */
  readonly signers: SignerSource;
  /** Default: every key that `signers` gives for a role, threshold 1. */
  readonly roles?: Readonly<Record<TopLevelRole, RoleLayout>>;
  readonly lifetimes?: Lifetimes;
  readonly now?: Date;
  /** Private, and not below `folder`, which is served. */
  readonly staging?: string;
  /** As in `RepositoryOptions`. */
  readonly compat?: readonly Client[];
}

/** Makes a repository in `folder` (`metadata/` and `targets/` below it) that signs `files` under the top-level targets role. */
export async function createRepository(
  folder: string,
  files: readonly NewTarget[],
  options: CreateOptions,
): Promise<InitResult> {
  const { signers, lifetimes, now, signal, staging, compat = [] } = options;
  const storage: Storage = fsStorage({ root: join(folder), create: true, metaOf: objectMeta });
  const roles = options.roles ?? (await rolesOf(signers));
  const shared = {
    compat,
    ...(lifetimes === undefined ? {} : { lifetimes }),
    ...(staging === undefined ? {} : { staging }),
  };
  const made = await initRepository(storage, {
    layout: { ...roles, ...(lifetimes === undefined ? {} : { lifetimes }) },
    signers,
    signal,
    compat,
    ...(now === undefined ? {} : { now }),
    ...(staging === undefined ? {} : { staging }),
  });
  const repository = await Repository.open(
    {
      storage,
      signers,
      firstRoot: made.fingerprint,
      ...shared,
      ...(now === undefined ? {} : { now: () => now }),
    },
    { signal },
  );
  try {
    await repository.publish(
      async (draft) => {
        for (const { path, content, custom } of files) {
          const body = typeof content === 'string' ? await hashFile(content, { signal }) : content;
          await draft.add(path, body, custom === undefined ? {} : { custom });
        }
      },
      { signal },
    );
  } finally {
    await repository.close();
  }
  return made;
}

async function rolesOf(signers: SignerSource): Promise<Record<TopLevelRole, RoleLayout>> {
  const layouts = new Map<TopLevelRole, RoleLayout>();
  for (const role of topLevelRoles)
    layouts.set(role, { keys: (await signers(role, [])).map((signer) => signer.key), threshold: 1 });
  const of = (role: TopLevelRole): RoleLayout => layouts.get(role) ?? { keys: [], threshold: 1 };
  return { root: of('root'), timestamp: of('timestamp'), snapshot: of('snapshot'), targets: of('targets') };
}
