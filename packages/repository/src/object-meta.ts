import { contentTypeOf, type ObjectMeta } from '@ragnos/storage';

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
