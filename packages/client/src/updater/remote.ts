import type { MetaFile } from '@ragnos/tuf';
import { LengthOrHashMismatchError, LimitExceededError, MalformedMetadataError } from '@ragnos/tuf';

import { CutError, InsecureUrlError } from '../errors.ts';
import { shown } from '../fetcher.ts';
import type { Context } from './context.ts';

const attempts = 3;

/** A base URL with its last slash, without query, fragment or the like to be glued to a path. */
export function baseUrl(raw: URL | string): URL {
  const url = URL.parse(String(raw));
  if (url === null) throw new InsecureUrlError(`not a URL: ${JSON.stringify(String(raw).slice(0, 200))}`);
  url.search = '';
  url.hash = '';
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

/** The URL of a published name below `base`; `segments` are encoded already. Never leaves the base. */
export function below(base: URL, segments: string): URL {
  const url = new URL(base.href + segments);
  if (!url.href.startsWith(base.href) || url.href.length === base.href.length)
    throw new InsecureUrlError(`${JSON.stringify(segments.slice(0, 80))} leads out of ${shown(base)}`);
  return url;
}

/** A small published file, whole. One that was cut is asked for again from its start: what changes in between must not be spliced. */
export async function fetchBytes(
  {
    fetcher,
    metadataUrl,
    signal,
    onProgress,
  }: Pick<Context, 'fetcher' | 'metadataUrl' | 'signal' | 'onProgress'>,
  name: string,
  { maxLength, total = null }: { readonly maxLength: number; readonly total?: number | null },
): Promise<Uint8Array> {
  const url = below(metadataUrl, name);
  for (let attempt = 1; ; attempt++) {
    try {
      const chunks: Uint8Array[] = [];
      let received = 0;
      onProgress?.({ what: name, received, total });
      for await (const chunk of fetcher.fetch(url, { maxLength, signal })) {
        chunks.push(chunk);
        received += chunk.length;
        onProgress?.({ what: name, received, total });
      }
      return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    } catch (error) {
      if (!(error instanceof CutError) || attempt >= attempts) throw error;
    }
  }
}

/**
 * Runs `verify` over the bytes that `name` was answered with. What is no metadata at all, whoever sent it, is refused as
 * malformed, with the URL that was asked: behind a login page or a proxy nobody else can tell where it came from.
 */
export function verifyFetched<T>(
  { metadataUrl }: Pick<Context, 'metadataUrl'>,
  name: string,
  bytes: Uint8Array,
  verify: () => T,
): T {
  try {
    return verify();
  } catch (error) {
    const unlike = !beginsAnObject(bytes);
    const families = unlike
      ? [MalformedMetadataError, LimitExceededError, LengthOrHashMismatchError]
      : [MalformedMetadataError];
    if (!(error instanceof Error) || !families.some((family) => error instanceof family)) throw error;
    throw new MalformedMetadataError(`${shown(below(metadataUrl, name))}: ${error.message}`, {
      cause: error,
      ...(unlike ? { hint: 'a login page or a proxy may have answered: open the address in a browser' } : {}),
    });
  }
}

/** As all metadata does, after any white space. */
function beginsAnObject(bytes: Uint8Array): boolean {
  return bytes.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) === 0x7b;
}

/** How many bytes of a file we accept: what trusted metadata announces, else the budget. */
export function lengthBound(expected: MetaFile, limit: number, what: string): number {
  if (expected.length === null) return limit;
  if (expected.length > limit)
    throw new LimitExceededError(
      `${what}: ${expected.length} bytes announced, at most ${limit} are accepted`,
    );
  return expected.length;
}
