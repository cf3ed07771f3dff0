import { PublishError, type RepositoryLayout } from '@ragnos/repository';
import { read, storageKey, type Storage } from '@ragnos/storage';
import { defaultLimits, parseMetadata, topLevelRoles } from '@ragnos/tuf';

/**
 * For what `initRepository` threw: root 1 of the repository that is there, if it is this very one by all its keys. Then whoever
 * made it was stopped after its last file and before `1.root.json` was in the vault.
 * @throws `error` for every other failure, and every other repository
 */
export async function finishedRoot(
  error: unknown,
  storage: Storage,
  layout: RepositoryLayout,
): Promise<Uint8Array> {
  if (!(error instanceof PublishError && error.code === 'REPOSITORY_EXISTS')) throw error;
  const found = await read(storage, storageKey('metadata/1.root.json'), {
    maxLength: defaultLimits.rootMaxLength,
  });
  if (found === null) throw error;
  const { roles } = parseMetadata(found.bytes, 'root').signed;
  const isOurs = topLevelRoles.every((role) => {
    const wanted = layout[role].keys.map(({ keyId }) => keyId).toSorted();
    return roles.get(role)?.keyIds.toSorted().join() === wanted.join();
  });
  if (!isOurs) throw error;
  return found.bytes;
}
