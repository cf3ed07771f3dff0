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

/**
 * The second path of a target in a folder, `targets/<sha256>.<dir>/<name>`, where tough asks for it; `null`: it lies in none,
 * and both are the same. @throws StorageError STORAGE_BAD_KEY where the hash makes the first folder's name too long
 */
export function aliasKey(path: TargetPath, sha256: HexDigest): StorageKey | null {
  return path.includes('/') ? storageKey(`targets/${sha256}.${path}`) : null;
}

/** In a URL `%` begins an escape and `#` ends the path; every peer puts names there as they are, and asks for another file. */
export const unfetchable = /[%#]/;

/** The head: the only object that is ever replaced. */
export const timestampKey = storageKey('metadata/timestamp.json');
