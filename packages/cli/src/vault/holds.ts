import { join } from 'node:path';
import { nodeFileSystem, writeFileAtomic } from '@ragnos/disk';
import { holdsFromBytes, holdsToBytes, PublishError, type Hold } from '@ragnos/repository';
import { read, storageKey } from '@ragnos/storage';
import type { Vault } from './vault.ts';

/** Beside the repository, where every machine that runs gc looks; no client asks for it, and `ragv serve` serves nothing there. */
const key = storageKey('private/holds.json');
const meta = { contentType: 'application/json', cacheControl: 'no-store' };
const maxLength = 4_000_000;
const tries = 20;

type Where = Pick<Vault, 'folder' | 'storage'>;

interface Stored {
  readonly holds: readonly Hold[];
  /** `null`: nobody ever put one there. */
  readonly etag: string | null;
}

/**
 * All legal holds of the repository. Strict, since what cannot be read might hold anything. This machine remembers what it saw in
 * `holds.json` beside `ragv.toml`: if the store has none at all any more, that is not taken for an answer.
 * @throws MalformedMetadataError; PublishError STORE_WENT_BACK
 */
export async function loadHolds(
  where: Where,
  signal: AbortSignal,
  { remembers = true } = {},
): Promise<readonly Hold[]> {
  const { holds, etag } = await storedHolds(where, signal);
  const known = await knownHolds(where);
  if (etag === null && known.length > 0)
    throw new PublishError(
      'STORE_WENT_BACK',
      `${where.storage.description}: ${key} is gone, and this machine knows of ${known.length} on hold`,
      { hint: 'put all of them back by adding one: ragv gc hold add <path|role> --reason <text>' },
    );
  if (etag !== null && remembers) await remember(where, holds, known);
  return holds;
}

/** Two at once take turns, wherever they are. Resolves with what `change` made of them. */
export async function changeHolds(
  where: Where,
  change: (holds: readonly Hold[]) => readonly Hold[],
  signal: AbortSignal,
): Promise<readonly Hold[]> {
  const { storage } = where;
  for (let count = 0; count < tries; count++) {
    const { holds, etag } = await storedHolds(where, signal);
    const known = await knownHolds(where);
    const next = change(etag === null ? known : holds); // what this machine knows of goes back with the first
    const bytes = holdsToBytes(next);
    const put = await storage.compareAndSwap(key, bytes, meta, etag, { signal });
    if (!put.swapped) continue;
    await remember(where, next, known);
    return next;
  }
  throw new PublishError('CONFLICT', `${storage.description}: ${key} is changed by others all the time`, {
    hint: 'try again',
  });
}

async function storedHolds({ storage }: Where, signal: AbortSignal): Promise<Stored> {
  const found = await read(storage, key, { maxLength, signal });
  if (found === null) return { holds: [], etag: null };
  return { holds: holdsFromBytes(found.bytes, `${storage.description}: ${key}`), etag: found.info.etag };
}

async function knownHolds({ folder }: Where): Promise<readonly Hold[]> {
  const path = join(folder, 'holds.json');
  const bytes = await nodeFileSystem.read(path, maxLength);
  return bytes === null ? [] : holdsFromBytes(bytes, path);
}

async function remember({ folder }: Where, holds: readonly Hold[], known: readonly Hold[]): Promise<void> {
  const bytes = Buffer.from(holdsToBytes(holds));
  if (bytes.equals(holdsToBytes(known))) return;
  await writeFileAtomic(join(folder, 'holds.json'), bytes, { mode: 0o600 });
}
