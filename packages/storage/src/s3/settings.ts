import { badUri, endpointOf, flagParameter, type BucketAddress } from '../uri.ts';
import type { Environment } from '../open.ts';

/** The address of an S3 bucket, every default decided. */
export interface S3Settings {
  readonly uri: string;
  readonly description: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  /** Amazon's own; others get a second digest, since not all know the first. */
  readonly amazon: boolean;
  /** Requests go here; for a bucket of its own host name, that host. */
  readonly origin: URL;
  /** Before every path: the endpoint's own path, and the bucket where it is not in the host name. Encoded, no slash at the end. */
  readonly base: string;
  readonly encryption: { readonly algorithm: 'AES256' | 'aws:kms'; readonly kmsKey?: string } | null;
  readonly lock: { readonly mode: 'GOVERNANCE' | 'COMPLIANCE'; readonly days: number } | null;
}

/** Throws STORAGE_BAD_URI. */
export function s3Settings(address: BucketAddress, env: Environment): S3Settings {
  const { uri, bucket, prefix, parameters } = address;
  const own = parameters.has('endpoint');
  const region =
    parameters.get('region') ?? env['AWS_REGION'] ?? env['AWS_DEFAULT_REGION'] ?? (own ? 'us-east-1' : '');
  if (!/^[a-z0-9-]{1,40}$/.test(region))
    throw badUri(uri, region === '' ? 'it names no region' : `${JSON.stringify(region)} is no region`, {
      hint: 'add region=…, or set AWS_REGION',
    });
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const endpoint = endpointOf(address, `https://s3.${region}.${suffix}`);
  // A dot in the bucket's name does not match the certificate's one asterisk.
  const pathStyle = flagParameter(address, 'path-style') ?? (own || bucket.includes('.'));
  const path = endpoint.pathname.replace(/\/$/, '');
  const origin = pathStyle ? endpoint : new URL(`${endpoint.protocol}//${bucket}.${endpoint.host}`);
  return {
    uri,
    description: `s3://${bucket}/${prefix}`.replace(/\/$/, ''),
    bucket,
    prefix,
    region,
    amazon: !own,
    origin,
    base: pathStyle ? `${path}/${bucket}` : path,
    encryption: encryptionOf(address),
    lock: lockOf(address),
  };
}

function encryptionOf({ uri, parameters }: BucketAddress): S3Settings['encryption'] {
  const algorithm = parameters.get('sse');
  const kmsKey = parameters.get('kms-key');
  if (algorithm === undefined || algorithm === 'AES256') {
    if (kmsKey !== undefined) throw badUri(uri, 'kms-key is for sse=aws:kms');
    return algorithm === undefined ? null : { algorithm };
  }
  if (algorithm !== 'aws:kms')
    throw badUri(uri, `sse is AES256 or aws:kms, not ${JSON.stringify(algorithm)}`);
  return { algorithm, ...(kmsKey === undefined ? {} : { kmsKey }) };
}

function lockOf({ uri, parameters }: BucketAddress): S3Settings['lock'] {
  const mode = parameters.get('lock');
  const days = parameters.get('lock-days');
  if (mode === undefined && days === undefined) return null;
  if ((mode !== 'governance' && mode !== 'compliance') || !/^[1-9]\d{0,4}$/.test(days ?? ''))
    throw badUri(uri, 'lock=governance or lock=compliance goes with lock-days=1 or more');
  return { mode: mode === 'governance' ? 'GOVERNANCE' : 'COMPLIANCE', days: Number(days) };
}
