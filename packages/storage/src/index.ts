export type {
  Body,
  ByteRange,
  CallOptions,
  GetOptions,
  ListedObject,
  ObjectInfo,
  ObjectMeta,
  PutResult,
  Storage,
  StoredObject,
  StreamedBody,
  SwapResult,
} from './storage.ts';
export { storageKey, keyLimits, type StorageKey } from './key.ts';
export { StorageError, storageErrors, type StorageErrorCode } from './errors.ts';
export { read, putOnce, type ReadObject, type ReadOptions } from './helpers.ts';
export { memoryStorage } from './memory.ts';
export { fsStorage, type FsStorageOptions } from './fs/storage.ts';
export { contentTypeOf } from './content-type.ts';
export type { FileSystem, OpenFile } from './fs/file-system.ts';
export { lockFile, type FileLock, type LockOptions } from './lock-file.ts';

// Left out on purpose: checkPrefix and compareKeys (for drivers inside this package),
// and the contract suite (`@ragnos/storage/contract`), which needs vitest.
