import type { OpenStorageOptions } from '../open.ts';
import { HttpClient } from '../http/client.ts';
import type { Sign } from '../object/caller.ts';
import { defaultRetryPolicy, NotNow, repeated } from '../object/retry.ts';
import { objectStorage } from '../object/storage.ts';
import type { Storage } from '../storage.ts';
import type { BucketAddress } from '../uri.ts';
import { StorageError } from '../errors.ts';
import { gcsDialect } from './dialect.ts';
import { gcsSettings, type GcsSettings } from './settings.ts';
import { gcsSign } from './token.ts';

export function openGcs(address: BucketAddress, options: OpenStorageOptions): Storage {
  const env = options.env ?? process.env;
  const settings = gcsSettings(address);
  const sign = gcsSign(settings, env);
  const { limits, retry, onRequest } = options;
  const client = new HttpClient({ env, limits, onRequest });
  const dialect = gcsDialect({ settings, bucketExists: bucketCheck(settings, sign, client) });
  return objectStorage(dialect, sign, { env, limits, retry, onRequest });
}

/** As for S3: an object's 404 does not say what is missing. Listing takes no right that the driver does not need anyway. */
function bucketCheck(settings: GcsSettings, sign: Sign, client: HttpClient): () => Promise<void> {
  const { base, bucket, description } = settings;
  let known = false;
  return async () => {
    if (known) return;
    const draft = {
      method: 'GET',
      path: `${base}/storage/v1/b/${bucket}/o`,
      query: [['maxResults', '1']],
    } as const;
    await repeated(defaultRetryPolicy, description, undefined, async () => {
      const { status } = await client.exchange(await sign(draft), undefined);
      if (status === 404)
        throw new StorageError('STORAGE_CONFLICT', `${description}: there is no such bucket`, {
          hint: 'make it with ragv init --store',
        });
      if (status === 429 || status >= 500) throw new NotNow(`status ${status}`);
    });
    known = true;
  };
}
