import { StorageError } from '../errors.ts';
import type { OpenStorageOptions } from '../open.ts';
import { HttpClient, type HttpRequest } from '../http/client.ts';
import type { Sign } from '../object/caller.ts';
import type { Draft } from '../object/dialect.ts';
import { objectStorage } from '../object/storage.ts';
import { defaultRetryPolicy, NotNow, repeated } from '../object/retry.ts';
import type { Storage } from '../storage.ts';
import type { BucketAddress } from '../uri.ts';
import { awsCredentials, type CredentialSource } from './credentials.ts';
import { s3Dialect } from './dialect.ts';
import { s3Settings, type S3Settings } from './settings.ts';
import { queryString, signV4 } from './sigv4.ts';

const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export function openS3(address: BucketAddress, options: OpenStorageOptions): Storage {
  const env = options.env ?? process.env;
  const settings = s3Settings(address, env);
  const sign = signerFor(settings, awsCredentials(env));
  const { limits, retry, onRequest } = options;
  const client = new HttpClient({ env, limits, onRequest });
  const dialect = s3Dialect({ settings, bucketExists: bucketCheck(settings, sign, client) });
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

/**
 * The answer to a HEAD has no body, so its 404 does not say what is missing. A missing bucket must never pass for an empty
 * one: it is asked for itself once, and remembered when it was there.
 */
function bucketCheck(settings: S3Settings, sign: Sign, client: HttpClient): () => Promise<void> {
  let known = false;
  return async () => {
    if (known) return;
    await repeated(defaultRetryPolicy, settings.description, undefined, async () => {
      const { status } = await client.exchange(
        await sign({ method: 'HEAD', path: settings.base || '/' }),
        undefined,
      );
      if (status === 404)
        throw new StorageError('STORAGE_CONFLICT', `${settings.description}: there is no such bucket`, {
          hint: 'make it with ragv init --store, or check its name, region and endpoint',
        });
      if (status === 429 || status >= 500) throw new NotNow(`status ${status}`);
    });
    known = true;
  };
}
