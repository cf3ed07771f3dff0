import { read, type Storage } from '@ragnos/storage';
import { defaultLimits, parseMetadata, type Root, type Snapshot } from '@ragnos/tuf';
import { isUnderSnapshot } from '../bins.ts';
import { PublishError } from '../errors.ts';
import { metadataKey } from '../keys.ts';
import { metaFile } from '../signed.ts';
import { topLevelKeys } from '../signing-needs.ts';
import type { CallOptions } from '../types.ts';

/**
 * The snapshot with a hash for every role, where `next` takes its keys away from bins that hang under them. Nobody can sign a
 * split on a head that is being reset; so they stay as they are, readable, bound to these very bytes, and whoever stole the old
 * keys can show no others. Their role has to be split anew before anything is published into them.
 * @throws PublishError STORE_WENT_BACK where one of them is not there
 */
export async function withHashes(
  storage: Storage,
  snapshot: Snapshot,
  { root, next }: { readonly root: Root; readonly next: Root },
  options: CallOptions,
): Promise<Snapshot> {
  if (isUnderSnapshot(next, topLevelKeys(root, 'snapshot'), root.keys)) return snapshot;
  const meta = new Map(snapshot.meta);
  for (const [name, file] of snapshot.meta) {
    if (file.hashes !== null) continue;
    const key = metadataKey(name, file.version);
    const maxLength = defaultLimits.targetsMaxLength;
    const found = await read(storage, key, { maxLength, ...options });
    if (found === null || parseMetadata(found.bytes, 'targets').signed.version !== file.version)
      throw new PublishError('STORE_WENT_BACK', `${key} is listed, and is not there`, {
        hint: 'nothing was signed; restore the file from a backup',
      });
    meta.set(name, metaFile(file.version, found.bytes));
  }
  return { ...snapshot, meta };
}
