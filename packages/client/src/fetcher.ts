import { VaultError } from '@ragnos/tuf';

import { CutError, DownloadError, DownloadLengthError, RedirectError } from './errors.ts';

export interface FetchOptions {
  /** Of the whole resource, what lies before `offset` included. */
  readonly maxLength: number;
  /** Skip that many bytes: what an earlier, cut answer has brought already. */
  readonly offset?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes from somewhere. It verifies nothing: whoever asks knows the length and the hash to expect. */
export interface Fetcher {
  /**
   * The bytes of `url` from `offset` on. Throws only the `DownloadError` family, or `signal.reason`; what was
   * yielded before stays valid. `DownloadNotFoundError` says that the resource is absent, no other error does.
   */
  fetch(url: URL, options: FetchOptions): AsyncIterable<Uint8Array>;
}

export interface TransportRequest {
  readonly offset: number;
  /** Known here so that an answer announced as longer can be refused before its first byte. */
  readonly maxLength: number;
  readonly signal: AbortSignal | undefined;
  /**
   * To be told the URL that answered, by whoever follows redirects without asking: an origin is what was configured, of
   * the repository as of each mirror. @throws RedirectError for another one
   */
  arrivedAt(url: URL): void;
}

/** What an implementer gives to `defineFetcher`. */
export interface Transport {
  /** The bytes of `url` from `offset` on; may yield more than `maxLength` and throw anything. */
  open(url: URL, request: TransportRequest): Promise<AsyncIterable<Uint8Array>>;
}

/** URLs are shown without credentials and query. */
export function shown(url: URL): string {
  return url.protocol === 'file:' ? url.href : `${url.origin}${url.pathname}`;
}

/** An origin is scheme, host and port; a `file:` URL has none and may not become anything else. */
function refuseOtherOrigin(asked: URL, end: URL): void {
  if (end.protocol === asked.protocol && end.origin === asked.origin) return;
  throw new RedirectError(`${shown(asked)}: answered by another origin (${end.protocol}//${end.host})`, {
    hint: 'if the repository has moved, configure its new address',
  });
}

/** Length limits and the wrapping of foreign errors, once for all transports. */
export function defineFetcher(transport: Transport): Fetcher {
  async function* fetch(url: URL, options: FetchOptions): AsyncGenerator<Uint8Array, void, undefined> {
    const offset = options.offset ?? 0;
    let received = offset;
    const arrivedAt = (end: URL): void => refuseOtherOrigin(url, end);
    const request = { offset, maxLength: options.maxLength, signal: options.signal, arrivedAt };
    try {
      options.signal?.throwIfAborted();
      for await (const chunk of await transport.open(url, request)) {
        options.signal?.throwIfAborted();
        received += chunk.length;
        if (received > options.maxLength)
          throw new DownloadLengthError(`${shown(url)}: more than ${options.maxLength} bytes`, {
            hint: 'the repository serves something else than it announced; nothing was kept',
          });
        if (chunk.length > 0) yield chunk;
      }
      options.signal?.throwIfAborted();
    } catch (error) {
      if (options.signal?.aborted === true) throw options.signal.reason;
      if (error instanceof VaultError) throw error;
      const Failure = received > offset ? CutError : DownloadError;
      throw new Failure(`${shown(url)}: ${error instanceof Error ? error.message : 'the transfer failed'}`, {
        cause: error,
      });
    }
  }
  return { fetch };
}
