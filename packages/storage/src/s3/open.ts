import type { OpenStorageOptions } from '../open.ts';
import { HttpClient, type HttpRequest } from '../http/client.ts';
import { bucketCheck } from '../object/bucket-check.ts';
import type { Sign } from '../object/caller.ts';
import type { Draft } from '../object/dialect.ts';
import { objectStorage } from '../object/storage.ts';
import type { Storage } from '../storage.ts';
import type { BucketAddress } from '../uri.ts';
import { awsCredentials, type CredentialSource } from './credentials.ts';
import { s3Dialect } from './dialect.ts';
import { makeBucket } from './refusal.ts';
import { s3Settings, type S3Settings } from './settings.ts';
import { queryString, signV4 } from './sigv4.ts';

const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export function openS3(address: BucketAddress, options: OpenStorageOptions): Storage {
  const env = options.env ?? process.env;
  const settings = s3Settings(address, env);
  const sign = signerFor(settings, awsCredentials(env));
  const { limits, retry, onRequest } = options;
  const client = new HttpClient({ env, limits, onRequest });
  const bucketExists = bucketCheck(settings.description, makeBucket, async () =>
    client.exchange(await sign({ method: 'HEAD', path: settings.base || '/' }), undefined),
  );
  const dialect = s3Dialect({ settings, bucketExists });
  return objectStorage(dialect, sign, { env, limits, retry, onRequest });
}

/** Signs with the digest of the very bytes that are sent; nothing is left unsigned. */
export function signerFor(settings: S3Settings, credentials: CredentialSource): Sign {
  return async (draft: Draft): Promise<HttpRequest> => {
    const { method, path, query = [], payload } = draft;
    const payloadHash = payload?.sha256 ?? emptyHash;
    const headers = signV4(
      {
        method,
        path,
        query,
        headers: { host: settings.origin.host, ...draft.headers, 'x-amz-content-sha256': payloadHash },
        payloadHash,
      },
      { credentials: await credentials(), region: settings.region, service: 's3', now: new Date() },
    );
    const search = query.length === 0 ? '' : `?${queryString(query)}`;
    const request = { method, origin: settings.origin, path: `${path}${search}`, headers };
    return payload === undefined ? request : { ...request, body: payload.body() };
  };
}
