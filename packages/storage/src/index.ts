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
export { openStorage, type Environment, type OpenStorageOptions } from './open.ts';
export { parseStoreUri, storeParameters, type BucketAddress, type StoreAddress } from './uri.ts';
export {
  bucketChecks,
  checkBucket,
  obstacles,
  prepareBucket,
  type BucketCheck,
  type BucketFinding,
  type BucketOptions,
} from './bucket.ts';
export type { HttpLimits, RequestEvent } from './http/client.ts';
export type { RetryPolicy } from './object/retry.ts';
export type { Purger, PurgerOptions } from './purge/purger.ts';
export { cloudFront, type CloudFrontOptions } from './purge/cloudfront.ts';
export { httpPurge, type HttpPurgeOptions } from './purge/http.ts';
export { contentTypeOf } from './content-type.ts';
export type { FileSystem, OpenFile } from './fs/file-system.ts';
export { lockFile, type FileLock, type LockOptions } from './lock-file.ts';

// Left out on purpose: the drivers by themselves (openStorage loads each when its scheme is asked for),
// checkPrefix and compareKeys (for drivers inside this package),
// and the contract suite (`@ragnos/storage/contract`), which needs vitest.
