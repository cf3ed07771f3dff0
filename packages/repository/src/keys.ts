import { contentTypeOf, storageKey, type ObjectMeta, type StorageKey } from '@ragnos/storage';
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
 * How an object of a repository is to be served (INTEROP.md, "caching"): all but `timestamp.json` carries its version or
 * digest in its name and never changes. For `fsStorage({ metaOf })`, which keeps no headers, and for the server.
 */
export function objectMeta(key: string): ObjectMeta {
  return {
    contentType: contentTypeOf(key),
    cacheControl: key === 'metadata/timestamp.json' ? 'no-store' : 'public, max-age=31536000, immutable',
  };
}
