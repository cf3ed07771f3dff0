import { StorageError } from '../errors.ts';
import {
  HttpClient,
  type HttpAnswer,
  type HttpLimits,
  type HttpRequest,
  type RequestEvent,
} from '../http/client.ts';
import type { StorageKey } from '../key.ts';
import { defaultRetryPolicy, NotNow, repeated, type RetryPolicy } from '../object/retry.ts';
import type { Environment } from '../open.ts';
import type { CallOptions } from '../storage.ts';
import { isLoopback } from '../uri.ts';

/**
 * Makes a CDN forget objects that were changed. Only `timestamp.json` ever changes, so that only it is purged, after each commit,
 * and only where the CDN is told to keep it although it says `no-store`.
 */
export interface Purger {
  /** For messages; never contains a credential. */
  readonly description: string;

  /**
   * Resolves when the CDN has taken the order; it is carried out within seconds. `digest` is of what the keys hold now, lower-case
   * hex: repeating a purge with the same keys and digest costs nothing, and does no harm.
   *
   * Throws STORAGE_DENIED, STORAGE_UNAVAILABLE, STORAGE_BAD_URI, STORAGE_PACKAGE_MISSING. The commit stands all the same; clients
   * see it late, until what is cached has expired.
   */
  purge(keys: readonly StorageKey[], digest: string, options?: CallOptions): Promise<void>;
}

export interface PurgerOptions {
  /** Where credentials are read. Default: the environment of the process. */
  readonly env?: Environment;
  readonly onRequest?: (event: RequestEvent) => void;
  readonly limits?: Partial<HttpLimits>;
  readonly retry?: Partial<RetryPolicy>;
}

export type Ask = (
  where: string,
  request: () => Promise<HttpRequest>,
  signal: AbortSignal | undefined,
  isPassing?: (answer: HttpAnswer) => boolean,
) => Promise<HttpAnswer>;

/** Repeats what a CDN could not answer; orders to forget may be given twice. */
export function purgeRequests({ env = process.env, onRequest, limits, retry }: PurgerOptions): Ask {
  const client = new HttpClient({ env, onRequest, limits });
  const policy = { ...defaultRetryPolicy, ...retry };
  return (where, request, signal, isPassing = () => false) =>
    repeated(policy, where, signal, async () => {
      signal?.throwIfAborted();
      const answer = await client.exchange(await request(), signal);
      const { status } = answer;
      if (status === 408 || status === 429 || status >= 500 || isPassing(answer))
        throw new NotNow(`status ${status}`);
      return answer;
    });
}

/** Credentials go along, so without TLS only on this machine. Throws STORAGE_BAD_URI. */
export function purgeUrl(raw: string): URL {
  const url = URL.parse(raw);
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
  if (url === null || !safe || url.username !== '' || url.password !== '')
    throw new StorageError('STORAGE_BAD_URI', `${JSON.stringify(raw)} is no address for a purge`, {
      hint: 'https, without a user name or password',
    });
  return url;
}
