import { createHash } from 'node:crypto';
import { queryString, signV4 } from '../../packages/storage/src/s3/sigv4.ts';

export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
  /** Signed instead of the body's own digest. */
  readonly payloadHash?: string;
}

/** What the driver has no business to ask an S3 server. */
export function signedFetch(
  env: Readonly<Record<string, string | undefined>>,
  { method, path, query = [], body = '', payloadHash }: SignedRequest,
): Promise<Response> {
  const endpoint = env['RAGV_TEST_S3'] ?? '';
  const digest = payloadHash ?? createHash('sha256').update(body).digest('hex');
  const headers = signV4(
    {
      method,
      path,
      query,
      headers: { host: new URL(endpoint).host, 'x-amz-content-sha256': digest },
      payloadHash: digest,
    },
    {
      credentials: {
        accessKeyId: env['AWS_ACCESS_KEY_ID'] ?? '',
        secretAccessKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
      },
      region: env['AWS_REGION'] ?? '',
      service: 's3',
      now: new Date(),
    },
  );
  const search = query.length === 0 ? '' : `?${queryString(query)}`;
  return fetch(`${endpoint}${path}${search}`, { method, headers, ...(body === '' ? {} : { body }) });
}
