import { fileFetcher } from './file-fetcher.ts';
import type { Fetcher } from './fetcher.ts';
import { httpFetcher } from './http/http-fetcher.ts';
import type { HttpOptions } from './http/options.ts';

/** By scheme: `file:` from the disk, everything else over HTTP, which refuses what it does not speak. */
export function defaultFetcher(options: HttpOptions = {}): Fetcher {
  const file = fileFetcher();
  const http = httpFetcher(options);
  return {
    fetch: (url, fetchOptions) => (url.protocol === 'file:' ? file : http).fetch(url, fetchOptions),
  };
}
