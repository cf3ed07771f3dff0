import { read, storageKey, type ListedObject, type Storage } from '@ragnos/storage';

/** The files of a repository, from a store or from a server, by their storage keys. */
export interface Files {
  /** `null`: it was asked for, and is not there. Throws whatever keeps it from being read. */
  read(key: string, maxLength: number): Promise<Uint8Array | null>;
  /** `null`: not there; `undefined`: there, and nobody says how long. */
  length(key: string): Promise<number | null | undefined>;
}

/** A store, listed once: nobody's object is read to learn that it is there. */
export interface ListedStore extends Files {
  readonly objects: ReadonlyMap<string, ListedObject>;
}

export async function listedStore(storage: Storage, signal: AbortSignal | undefined): Promise<ListedStore> {
  const objects = new Map<string, ListedObject>();
  for await (const object of storage.list('', { signal })) objects.set(object.key, object);
  return {
    objects,
    read: async (key, maxLength) =>
      (await read(storage, storageKey(key), { maxLength, signal }))?.bytes ?? null,
    length: (key) => Promise.resolve(objects.get(key)?.size ?? null),
  };
}
