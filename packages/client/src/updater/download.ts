import type { TrustedMetadataSet } from '@ragnos/tuf';
import {
  checkableHashes,
  hashedTargetPath,
  LengthOrHashMismatchError,
  MalformedMetadataError,
} from '@ragnos/tuf';
import { createHash } from 'node:crypto';

import { CutError, DownloadError, StalledError } from '../errors.ts';
import type { Fetcher } from '../fetcher.ts';
import { shown } from '../fetcher.ts';
import type { TargetInfo } from './find.ts';
import { below } from './remote.ts';

export interface TransferOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?:
    ((progress: { readonly received: number; readonly total: number }) => void) | undefined;
}

/** Cuts in a row that brought nothing, and cuts in all, after which we stop asking for the rest. */
const fruitlessCuts = 3;
const allCuts = 100;

/** Where a target is published: its segments percent-encoded, with its digest before the name if snapshots are consistent. */
export function targetUrl(base: URL, info: TargetInfo, trusted: TrustedMetadataSet): URL {
  const digest = info.hashes.values().next().value; // the first one, as every peer does
  if (digest === undefined) throw new MalformedMetadataError(`${info.path}: no hash`);
  const path = trusted.root.consistentSnapshot ? hashedTargetPath(info.path, digest) : info.path;
  return below(base, path.split('/').map(encodeURIComponent).join('/'));
}

/**
 * The bytes of a target, hashed as they pass; throws at the end unless all of them were right, so whoever writes them
 * must not show the file before the stream is over. After a cut it asks for the rest; if what was put together that
 * way is wrong, the caller may start afresh (`resumed` is told). A target with no hash that we can check is not asked for.
 */
export async function* verified(
  fetcher: Fetcher,
  url: URL,
  info: TargetInfo,
  options: TransferOptions & { readonly resume: boolean; readonly resumed: () => void },
): AsyncGenerator<Uint8Array, void, undefined> {
  const hashes = checkableHashes(info.hashes, info.path).map(([algorithm, digest]) => ({
    algorithm,
    digest,
    hash: createHash(algorithm),
  }));
  const { signal, onProgress } = options;
  let received = 0;
  let fruitless = 0;
  for (let cuts = 0; ;) {
    const before = received;
    try {
      for await (const chunk of fetcher.fetch(url, { maxLength: info.length, offset: received, signal })) {
        for (const { hash } of hashes) hash.update(chunk);
        received += chunk.length;
        yield chunk;
        onProgress?.({ received, total: info.length });
      }
      break;
    } catch (error) {
      if (!options.resume || !(error instanceof CutError || error instanceof StalledError)) throw error;
      fruitless = received === before ? fruitless + 1 : 0;
      if (fruitless >= fruitlessCuts || ++cuts > allCuts) throw error;
      if (received > 0) options.resumed();
    }
  }
  const wrong = hashes.find(({ hash, digest }) => hash.digest('hex') !== digest);
  if (received !== info.length || wrong !== undefined)
    throw new LengthOrHashMismatchError(
      received === info.length
        ? `${shown(url)}: its ${wrong?.algorithm ?? 'hash'} is not the signed one`
        : `${shown(url)}: ${received} bytes, signed are ${info.length}`,
      { hint: 'the file was changed after it was signed, or by a mirror; nothing was kept' },
    );
}

/** Runs `attempt`, and once more without resuming if what a resumed one put together was refused. */
export async function withFreshStart(
  attempt: (way: { readonly resume: boolean; readonly resumed: () => void }) => Promise<void>,
): Promise<void> {
  let resumed = false;
  try {
    await attempt({ resume: true, resumed: () => (resumed = true) });
  } catch (error) {
    const splice =
      error instanceof LengthOrHashMismatchError || (error instanceof DownloadError && !error.transient);
    if (!resumed || !splice) throw error;
    await attempt({ resume: false, resumed: () => undefined });
  }
}
