// Durable files. `diskError` and `errorCode` stay inside: callers see `DiskError` and its closed codes.
export { DiskError } from './errors.ts';
export type { DiskErrorCode, DiskErrorOptions } from './errors.ts';
export type { FileInfo, FileSystem, WritableFile } from './file-system.ts';
export { lockFile } from './lock-file.ts';
export type { Lock, LockOptions } from './lock-file.ts';
export { makeFolders, nodeFileSystem } from './node-file-system.ts';
export { isTemporaryName, sweepTemporaries, writeFileAtomic } from './write-file-atomic.ts';
export type { WriteOptions } from './write-file-atomic.ts';
