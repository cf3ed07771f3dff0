/** A thief who has keys of a repository and write access to its store. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Updater } from '@ragnos/client';
import type { Signer } from '@ragnos/signing';
import { fsStorage, read, storageKey, type Storage } from '@ragnos/storage';
import {
  metadataFileName,
  metadataToBytes,
  parseMetadata,
  roleName,
  signedToBytes,
  type MetaFile,
  type Snapshot,
  type Targets,
  type Timestamp,
} from '@ragnos/tuf';
import { tempFolder, text, world, type World } from './world.ts';

/** No client reads a version after this one. */
export const last = 2 ** 31 - 1;
export const path = 'vendors/acme/hello/index.json';

export interface Attacked {
  readonly made: World;
  readonly folder: string;
  /** A host that goes on where it stopped. */
  readonly host: () => Promise<Updater>;
}

export async function published(): Promise<Attacked> {
  const folder = await tempFolder();
  const made = await world({
    storage: fsStorage({ root: join(folder, 'public'), create: true }),
    staging: join(folder, 'staging'),
  });
  made.now = new Date();
  const repository = await made.open();
  await repository.refresh({ force: true, clockIsRight: true });
  await repository.publish((draft) => draft.add(path, text('{}')));
  const baseUrl = `${pathToFileURL(join(folder, 'public')).href}/`;
  const host = async (): Promise<Updater> => {
    const updater = await Updater.open({ dir: join(folder, 'host'), baseUrl, root: made.root });
    await updater.refresh();
    return updater;
  };
  await host();
  return { made, folder, host };
}

export const get = async (storage: Storage, key: string): Promise<Uint8Array> =>
  (await read(storage, storageKey(key), { maxLength: 1e7 }))?.bytes ?? new Uint8Array();

async function overwrite(storage: Storage, key: string, bytes: Uint8Array): Promise<void> {
  await storage.delete(storageKey(key));
  await storage.putIfAbsent(storageKey(key), bytes);
}

const signedBy = async (signed: Snapshot | Timestamp | Targets, signer: Signer): Promise<Uint8Array> => {
  const bytes = signedToBytes(signed);
  return metadataToBytes(bytes, [await signer.sign(bytes)]);
};

/** What a thief of the keys that `made` holds for them can put into the store. */
export async function forge(
  { storage, keys }: World,
  change: {
    readonly snapshot?: (old: Snapshot) => Snapshot;
    readonly timestamp: (old: Timestamp) => Timestamp;
  },
): Promise<void> {
  const old = parseMetadata(await get(storage, 'metadata/timestamp.json'), 'timestamp').signed;
  const key = `metadata/${old.snapshot.version}.snapshot.json`;
  const [snapshotKey, timestampKey] = [keys.of('snapshot')[0], keys.of('timestamp')[0]];
  if (snapshotKey === undefined || timestampKey === undefined) throw new Error('no keys');
  let next = old;
  if (change.snapshot !== undefined) {
    const forged = change.snapshot(parseMetadata(await get(storage, key), 'snapshot').signed);
    const bytes = await signedBy(forged, snapshotKey);
    await overwrite(storage, `metadata/${forged.version}.snapshot.json`, bytes);
    next = {
      ...old,
      snapshot: { version: forged.version, length: null, hashes: null, unrecognized: new Map() },
    };
  }
  await overwrite(storage, 'metadata/timestamp.json', await signedBy(change.timestamp(next), timestampKey));
}

/** As `forge` has it, with roles that the thief signs under another version, by keys that he has as well. */
export async function forgeRoles(
  made: World,
  roles: ReadonlyMap<string, { readonly signer: Signer; readonly version: number }>,
): Promise<void> {
  const { storage } = made;
  const live = parseMetadata(await get(storage, 'metadata/timestamp.json'), 'timestamp').signed;
  const { meta } = parseMetadata(
    await get(storage, `metadata/${live.snapshot.version}.snapshot.json`),
    'snapshot',
  ).signed;
  const forged = new Map(meta);
  for (const [role, { signer, version }] of roles) {
    const name = roleName(role);
    const before = await get(storage, `metadata/${metadataFileName(name, meta.get(name)?.version ?? 0)}`);
    const bytes = await signedBy({ ...parseMetadata(before, 'targets').signed, version }, signer);
    await overwrite(storage, `metadata/${metadataFileName(name, version)}`, bytes);
    const file: MetaFile = { version, length: null, hashes: null, unrecognized: new Map() };
    forged.set(name, file);
  }
  await forge(made, {
    snapshot: (old) => ({ ...old, version: old.version + 1, meta: forged }),
    timestamp: (old) => ({ ...old, version: old.version + 1 }),
  });
}
