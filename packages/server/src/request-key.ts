import { StorageError, storageKey, type StorageKey } from '@ragnos/storage';

/** What a request asks for. `null`: nothing that can exist here. */
export type Wanted =
  | { readonly kind: 'object'; readonly key: StorageKey }
  | { readonly kind: 'landing' }
  | { readonly kind: 'health' }
  | null;

/**
 * The only place where a request's path is decoded: once, segment by segment, so that an encoded slash never becomes a
 * separator, and through `storageKey`, so that dots, backslashes, NUL and devices never reach a store. The query is ignored.
 */
export function wanted(url: string): Wanted {
  const path = url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/\?.*$/s, ''); // absolute form: RFC 9112, 3.2.2
  if (path === '/') return { kind: 'landing' };
  if (path === '/healthz') return { kind: 'health' };
  const [empty, folder, ...rest] = path.split('/');
  if (empty !== '' || (folder !== 'metadata' && folder !== 'targets') || rest.length === 0) return null;
  try {
    const segments = rest.map((segment) => decodeURIComponent(segment));
    if (folder === 'metadata') {
      const [file] = segments;
      if (file === undefined || segments.length !== 1) return null;
      return { kind: 'object', key: storageKey(`metadata/${encodeFileName(file)}`) };
    }
    if (segments.some((segment) => segment.includes('/'))) return null;
    return { kind: 'object', key: storageKey(`targets/${segments.join('/')}`) };
  } catch (error) {
    if (error instanceof URIError || error instanceof StorageError) return null;
    throw error;
  }
}

/** Metadata is stored under the encoded name of its role (INTEROP.md), and a role's name may hold a slash. */
function encodeFileName(name: string): string {
  return encodeURIComponent(name).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
