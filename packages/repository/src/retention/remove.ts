import { storageKey, type ListedObject, type Storage } from '@ragnos/storage';
import { inParallel } from '../put.ts';
import { storedFile } from './store-keys.ts';

/** Files of one folder that are deleted after one look at whether they are still the ones that were listed. */
const atOnce = 1000;

/**
 * Deletes what was listed, snapshots first, so that whatever interrupts it leaves nothing that names what is gone. Each
 * folder is looked at again right before: what was written anew since belongs to a publish. Resolves with how many were spared.
 */
export async function removeListed(
  storage: Storage,
  garbage: readonly ListedObject[],
  signal: AbortSignal | undefined,
): Promise<number> {
  let spared = 0;
  for (const [folder, files] of Map.groupBy(garbage.toSorted(byRank), ({ key }) => folderOf(key)))
    for (let at = 0; at < files.length; at += atOnce) {
      signal?.throwIfAborted();
      const chunk = files.slice(at, at + atOnce);
      const now = await modifiedIn(storage, folder, new Set<string>(chunk.map(({ key }) => key)), signal);
      const same = chunk.filter(({ key, modified }) => now.get(key) === modified.getTime());
      spared += chunk.filter(({ key }) => now.has(key)).length - same.length;
      await inParallel(same, ({ key }) => storage.delete(storageKey(key), { signal }));
    }
  return spared;
}

function rank({ key }: ListedObject): number {
  const file = storedFile(key);
  if (file?.kind !== 'role') return 3;
  return file.role === 'snapshot' ? 0 : file.role === 'targets' ? 1 : 2;
}

function byRank(a: ListedObject, b: ListedObject): number {
  return rank(a) - rank(b);
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1);
}

async function modifiedIn(
  storage: Storage,
  folder: string,
  wanted: ReadonlySet<string>,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for await (const { key, modified } of storage.list(folder, { signal }))
    if (wanted.has(key)) found.set(key, modified.getTime());
  return found;
}
