import type { OpenStorageOptions } from './open.ts';
import type { CallOptions } from './storage.ts';
import { parseStoreUri } from './uri.ts';

/** What is looked at, in this order. */
export const bucketChecks = {
  exists: 'the bucket is there and may be used',
  'conditional-writes':
    'of several writers of one object exactly one wins; without it the store cannot be used',
  versioning: 'an object that was overwritten or deleted can be had back',
  'object-lock': 'published files cannot be removed before their time',
  encryption: 'objects are encrypted where they lie',
  'public-access': 'nobody reads the bucket past the CDN or server in front of it',
} as const;
export type BucketCheck = keyof typeof bucketChecks;

export interface BucketFinding {
  readonly check: BucketCheck;
  /**
   * `ok`: as it should be. `mended`: it was not, and `prepareBucket` made it so. `missing`: it is not.
   * `unsupported`: the store knows no such setting. `unknown`: we may not look.
   */
  readonly state: 'ok' | 'mended' | 'missing' | 'unsupported' | 'unknown';
  /** A repository must not be put here while it is not `ok` or `mended`; the others are advice. */
  readonly required: boolean;
  readonly message: string;
  /** A command that an operator with the rights for it may run. */
  readonly run?: string;
}

export interface BucketOptions extends Pick<OpenStorageOptions, 'env' | 'onRequest'>, CallOptions {
  /** Asks for Object Lock: `missing` where the bucket has none. Default: as the address says (`lock=`). */
  readonly objectLock?: boolean;
}

/**
 * Looks at the settings of the bucket behind an address and tries conditional writes on a few objects of its own, which it
 * removes. Changes no setting. A folder has none: no findings.
 *
 * Throws STORAGE_BAD_URI, STORAGE_DENIED, STORAGE_PACKAGE_MISSING, STORAGE_UNAVAILABLE. What it may not look at is a
 * finding, not an error.
 */
export function checkBucket(uri: string, options: BucketOptions = {}): Promise<readonly BucketFinding[]> {
  return inspect(uri, options, false);
}

/**
 * The same, making the bucket where there is none and mending what can be mended without harm to what is in it: versioning,
 * encryption, public access; Object Lock only in a bucket that it makes. Idempotent.
 */
export function prepareBucket(uri: string, options: BucketOptions = {}): Promise<readonly BucketFinding[]> {
  return inspect(uri, options, true);
}

/** What stands in the way of putting a repository here. */
export function obstacles(findings: readonly BucketFinding[]): readonly BucketFinding[] {
  return findings.filter(({ required, state }) => required && state !== 'ok' && state !== 'mended');
}

async function inspect(
  uri: string,
  options: BucketOptions,
  mend: boolean,
): Promise<readonly BucketFinding[]> {
  const address = parseStoreUri(uri);
  switch (address.scheme) {
    case 'file':
      return [];
    case 's3':
      return (await import('./s3/bucket.ts')).inspectS3(address, options, mend);
    case 'azure':
      return (await import('./azure/bucket.ts')).inspectAzure(address, options, mend);
    case 'gcs':
      return (await import('./gcs/bucket.ts')).inspectGcs(address, options, mend);
    default:
      return address satisfies never;
  }
}
