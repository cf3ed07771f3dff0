import type { OpenStorageOptions } from '../open.ts';
import { HttpClient } from '../http/client.ts';
import { bucketCheck } from '../object/bucket-check.ts';
import { objectStorage } from '../object/storage.ts';
import type { Storage } from '../storage.ts';
import type { BucketAddress } from '../uri.ts';
import { gcsDialect } from './dialect.ts';
import { gcsSettings } from './settings.ts';
import { gcsSign } from './token.ts';

export function openGcs(address: BucketAddress, options: OpenStorageOptions): Storage {
  const env = options.env ?? process.env;
  const settings = gcsSettings(address);
  const sign = gcsSign(settings, env);
  const { limits, retry, onRequest } = options;
  const client = new HttpClient({ env, limits, onRequest });
  const { base, bucket, description } = settings;
  // Listing takes no right that the driver does not need anyway.
  const first = {
    method: 'GET',
    path: `${base}/storage/v1/b/${bucket}/o`,
    query: [['maxResults', '1']],
  } as const;
  const bucketExists = bucketCheck(description, 'make it with ragv init --store', async () =>
    client.exchange(await sign(first), undefined),
  );
  const dialect = gcsDialect({ settings, bucketExists });
  return objectStorage(dialect, sign, { env, limits, retry, onRequest });
}
