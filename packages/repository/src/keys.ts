import { storageKey, type StorageKey } from '@ragnos/storage';
import {
  hashedTargetPath,
  metadataFileName,
  type HexDigest,
  type RoleName,
  type TargetPath,
  type TopLevelRole,
} from '@ragnos/tuf';

/** `metadata/N.<role>.json`; without a version only `timestamp`. */
export function metadataKey(role: RoleName | TopLevelRole, version?: number): StorageKey {
  return storageKey(`metadata/${metadataFileName(role, version)}`);
}

export function targetKey(path: TargetPath, sha256: HexDigest): StorageKey {
  return storageKey(`targets/${hashedTargetPath(path, sha256)}`);
}

/** The head: the only object that is ever replaced. */
export const timestampKey = storageKey('metadata/timestamp.json');
