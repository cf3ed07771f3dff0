import type { FileSystem } from './file-system.ts';
import type { ObjectMeta, Storage } from './storage.ts';

export interface FsStorageOptions {
  /** The folder to publish; may itself be reached through a symbolic link, nothing below it may. */
  readonly root: string;
  /** Makes the folder at the first write. Without it a missing folder (an unmounted disk) is STORAGE_UNAVAILABLE. */
  readonly create?: boolean;
  /** A folder keeps no headers; they are derived from the key. Default: the content type of its ending. */
  readonly metaOf?: (key: string) => ObjectMeta;
  /** Default: `node:fs/promises`. */
  readonly fs?: FileSystem;
}

/** A local folder. */
export function fsStorage(options: FsStorageOptions): Storage {
  throw new Error(`not built yet: ${options.root}`);
}
