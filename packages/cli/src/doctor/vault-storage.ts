import { join } from 'node:path';
import { fsStorage, type Storage } from '@ragnos/storage';

/** The store of a vault, without opening the repository in it: what is broken is to be looked at, too. */
export function storageOf(folder: string): Promise<Storage> {
  return Promise.resolve(fsStorage({ root: join(folder, 'public') }));
}
