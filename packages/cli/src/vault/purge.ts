import { cloudFront, httpPurge, storageKey, type Purger } from '@ragnos/storage';
import { sha256 } from '../sha256.ts';
import type { Voice } from '../voice.ts';
import type { VaultConfig } from './config.ts';

const timestamp = storageKey('metadata/timestamp.json');

/** The CDN that ragv.toml names; null where none keeps what it should not. */
export function purgerOf({ purge }: Pick<VaultConfig, 'purge'>): Purger | null {
  if (purge === undefined) return null;
  if ('cloudfront' in purge) {
    const { cloudfront: distribution, prefix } = purge;
    return cloudFront({ distribution, ...(prefix === undefined ? {} : { prefix }) });
  }
  const { url, method, header, body } = purge;
  return httpPurge({
    url,
    ...(method === undefined ? {} : { method }),
    ...(header === undefined ? {} : { header }),
    ...(body === undefined ? {} : { body }),
  });
}

/** Tells the CDN; a failure is said and changes nothing, since what was committed is committed. */
export function purging(purger: Purger | null, voice: Voice): (bytes: Uint8Array) => Promise<void> {
  return async (bytes) => {
    if (purger === null) return;
    try {
      await purger.purge([timestamp], sha256(bytes));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      voice.warn(`${purger.description} still has the timestamp before: ${why}; ragv refresh tries again`);
    }
  };
}
