import { DownloadError, DownloadNotFoundError } from './errors.ts';
import type { FetchOptions, Fetcher } from './fetcher.ts';
import { baseUrl, below } from './updater/remote.ts';

export interface MirrorOptions {
  /** Asks one URL; redirects stay within each mirror's own origin, as with the repository itself. */
  readonly fetcher: Fetcher;
  /** What the `Updater` is told; other URLs are asked as they are. */
  readonly baseUrl: URL | string;
  /** Copies of what lies below `baseUrl`, in the order in which they are asked when it fails. */
  readonly mirrors: readonly (URL | string)[];
}

/**
 * A fetcher that asks the repository, and where it fails, each mirror, request by request. Who answered last is asked
 * first. Nothing a mirror says is believed more than what the repository says: all of it is verified, and one that
 * serves what is refused fails the refresh, for which another would have to be the repository.
 *
 * An answer is not changed in its middle: the caller asks for the rest, of whoever can give it.
 *
 * Absent is what one of them calls so and none of the others has: a mirror that hides a new root while the repository
 * is down wins no more time than the timestamp gives it (freeze).
 *
 * @throws "not found" if one of them said so, else what the last of them threw
 */
export function mirroredFetcher(options: MirrorOptions): Fetcher {
  const { fetcher } = options;
  const repository = baseUrl(options.baseUrl);
  const all = [repository, ...options.mirrors.map(baseUrl)];
  let first = 0;
  return {
    async *fetch(url: URL, fetchOptions: FetchOptions): AsyncGenerator<Uint8Array, void, undefined> {
      if (!url.href.startsWith(repository.href)) {
        yield* fetcher.fetch(url, fetchOptions);
        return;
      }
      const path = url.href.slice(repository.href.length);
      let failure: DownloadError | null = null;
      for (let tried = 0; tried < all.length; tried++) {
        const at = (first + tried) % all.length;
        const base = all[at] ?? repository;
        let begun = false;
        try {
          for await (const chunk of fetcher.fetch(below(base, path), fetchOptions)) {
            if (!begun) first = at;
            begun = true;
            yield chunk;
          }
          return;
        } catch (error) {
          if (!(error instanceof DownloadError) || begun || fetchOptions.signal?.aborted === true)
            throw error;
          if (!(failure instanceof DownloadNotFoundError)) failure = error;
        }
      }
      if (failure !== null) throw failure;
    },
  };
}
