import { LengthOrHashMismatchError } from '@ragnos/tuf';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { DownloadLengthError, DownloadNotFoundError } from '../errors.ts';
import { fileFetcher } from '../file-fetcher.ts';
import { verified } from './download.ts';
import type { TargetInfo } from './find.ts';

/**
 * Whether `file` is this target already, by its signed length and every hash, so that nothing need be fetched. A file
 * that is absent, other or not plain is `false`; one that cannot be read throws, for a download would not help.
 */
export async function holdsTarget(
  file: string,
  info: TargetInfo,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<boolean> {
  const way = { signal: options.signal, resume: false, resumed: () => undefined };
  const bytes = verified(fileFetcher(), pathToFileURL(resolve(file)), info, way);
  try {
    for (let next = await bytes.next(); next.done !== true; next = await bytes.next()); // hashed as they pass
    return true;
  } catch (error) {
    const other = [LengthOrHashMismatchError, DownloadLengthError, DownloadNotFoundError];
    if (other.some((family) => error instanceof family)) return false;
    throw error;
  }
}
