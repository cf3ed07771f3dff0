import { StorageError } from '../errors.ts';
import type { HttpRequest } from '../http/client.ts';
import type { StorageKey } from '../key.ts';
import { encodedPath } from '../s3/sigv4.ts';
import { purgeRequests, purgeUrl, type Purger, type PurgerOptions } from './purger.ts';

export interface HttpPurgeOptions extends PurgerOptions {
  /** Asked once for each key; `{key}` stands for the key as it is in a URL: `https://cdn.example/{key}`. */
  readonly url: string;
  /** Default `PURGE`, as Fastly, Varnish and nginx take it. */
  readonly method?: string;
  /** A header with a secret: its name, and the variable of the environment that holds its value. */
  readonly header?: { readonly name: string; readonly env: string };
  /** Sent as JSON; `{key}` stands for the key as it is in a URL. */
  readonly body?: string;
}

/** Any CDN that is purged by a request. That it did not have the object (404 to a `PURGE`) is fine. */
export function httpPurge(options: HttpPurgeOptions): Purger {
  const { url, method = 'PURGE', header, body, env = process.env } = options;
  const { origin } = purgeUrl(url.replaceAll('{key}', 'key'));
  const secret = header === undefined ? undefined : env[header.env];
  if (!/^[A-Z]{1,20}$/.test(method) || (header !== undefined && !/^[\w-]{1,100}$/.test(header.name)))
    throw new StorageError('STORAGE_BAD_URI', 'the method or the header of the purge is none');
  if (!`${url}${body ?? ''}`.includes('{key}'))
    throw new StorageError('STORAGE_BAD_URI', 'neither the address nor the body of the purge says {key}');
  if (header !== undefined && (secret === undefined || secret === ''))
    throw new StorageError('STORAGE_DENIED', `${header.env} is not set`, {
      hint: 'it is to hold the secret for the purge',
    });
  const ask = purgeRequests(options);
  const description = `${method} ${origin}`;

  const requestFor = (key: StorageKey): HttpRequest => {
    const filled = (text: string): string => text.replaceAll('{key}', encodedPath(key));
    const at = purgeUrl(filled(url));
    const bytes = body === undefined ? undefined : Buffer.from(filled(body));
    const headers = {
      host: at.host,
      ...(header === undefined || secret === undefined ? {} : { [header.name.toLowerCase()]: secret }),
      ...(bytes === undefined ? {} : { 'content-type': 'application/json' }),
      'content-length': String(bytes?.length ?? 0),
    };
    const request = { method, origin: new URL(at.origin), path: `${at.pathname}${at.search}`, headers };
    return bytes === undefined ? request : { ...request, body: bytes };
  };

  return {
    description,
    async purge(keys, _digest, { signal } = {}) {
      for (const key of keys) {
        const { status } = await ask(description, () => Promise.resolve(requestFor(key)), signal);
        if ((status >= 200 && status < 300) || (status === 404 && method === 'PURGE')) continue;
        throw new StorageError('STORAGE_DENIED', `${description}: refused with status ${status}`, {
          hint: 'are the address, the method and the secret those of the CDN?',
        });
      }
    },
  };
}
