import { read, StorageError, type Storage } from '@ragnos/storage';
import { rolesForTarget, type Delegations, type TargetFile, type TargetPath } from '@ragnos/tuf';
import { isSplit } from './bins.ts';
import { DoorError } from './door-errors.ts';
import { unfetchable, type targetKey } from './keys.ts';
import { defaultGrace } from './retention/times.ts';
import { sha256 } from './signed.ts';
import type { CallOptions, Content } from './types.ts';
import type { Located } from './workspace.ts';

export interface Delegator extends Located {
  /** The role below it, on the way down to the one that is brought. */
  readonly child: Located;
  readonly delegations: Delegations | null;
}

/** The first role that each delegator trusts with the path has to be the one below, or a client would look elsewhere. */
export function checkPath(
  at: Located,
  above: readonly Delegator[],
  path: TargetPath,
  own: Delegations | null,
): void {
  if (isSplit(own))
    throw new DoorError('DOOR_PATHS', path, `${at.name} is split into bins, which alone hold targets`);
  for (const { name, child, delegations } of above) {
    const first = delegations === null ? undefined : rolesForTarget(delegations, path)[0];
    if (first?.name !== child.name)
      throw new DoorError('DOOR_PATHS', path, `${name} does not delegate it to ${child.name}`, {
        hint: 'ragv vendor list shows the paths of each vendor',
      });
  }
  if (unfetchable.test(path))
    throw new DoorError('DOOR_PATHS', path, 'no other client asks for a name with % or #');
}

/**
 * What lies in the store, listed by nobody yet, may be a leftover that is deleted any moment: the bytes of one that is past half
 * the grace, so that the commit writes it again; `null`: it is young enough.
 */
export async function storedContent(
  { storage, signal, now }: CallOptions & { readonly storage: Storage; readonly now: Date },
  key: ReturnType<typeof targetKey>,
  path: TargetPath,
  target: TargetFile,
): Promise<Uint8Array | null> {
  const info = await storage.head(key, { signal }).catch((error: unknown) => {
    if (error instanceof StorageError && error.code === 'STORAGE_BAD_KEY') return null;
    throw error;
  });
  if (info === null)
    throw new DoorError('DOOR_TARGETS', path, 'listed, but neither handed in nor in the store', {
      hint: 'hand it in with the signed role',
    });
  if (info.size !== target.length)
    throw new DoorError(
      'DOOR_TARGETS',
      path,
      `listed with ${target.length} bytes; the stored file has ${info.size}`,
    );
  if (now.getTime() - info.modified.getTime() <= defaultGrace / 2) return null;
  const found = await read(storage, key, { maxLength: target.length, signal });
  if (found !== null && sha256(found.bytes) === hashOf(path, target)) return found.bytes;
  throw new DoorError('DOOR_TARGETS', path, 'listed, and the stored file is gone or damaged', {
    hint: 'hand it in with the signed role',
  });
}

/** That a file on disk has the digest it claims is checked while it is stored. */
export function checkContent(content: Content, path: TargetPath, target: TargetFile): void {
  const digest = content instanceof Uint8Array ? sha256(content) : content.sha256;
  if (content.length !== target.length || digest !== hashOf(path, target))
    throw new DoorError(
      'DOOR_TARGETS',
      path,
      `listed as ${target.length} bytes, sha256 ${hashOf(path, target)}; handed in were ${content.length} bytes, sha256 ${digest}`,
    );
}

export function hashOf(path: string, target: TargetFile) {
  const digest = target.hashes.get('sha256');
  if (digest === undefined || target.hashes.size > 1)
    throw new DoorError('DOOR_TARGETS', path, 'listed with other hashes than sha256 alone', {
      hint: 'clients look for the file under the first hash: list sha256 only',
    });
  return digest;
}

export function isSame(a: TargetFile, b: TargetFile): boolean {
  return a.length === b.length && a.hashes.get('sha256') === b.hashes.get('sha256') && b.hashes.size === 1;
}
