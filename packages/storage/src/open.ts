import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HttpLimits, RequestEvent } from './http/client.ts';
import type { RetryPolicy } from './object/retry.ts';
import { fsStorage } from './fs/storage.ts';
import type { ObjectMeta, Storage } from './storage.ts';
import { parseStoreUri } from './uri.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface OpenStorageOptions {
  /** Where credentials and regions are read. Default: the environment of the process. */
  readonly env?: Environment;
  /** What a relative folder is relative to. Default: the working folder. */
  readonly base?: string;
  /** Folders only: see `FsStorageOptions`. A bucket is made by `prepareBucket`. */
  readonly create?: boolean;
  /** Folders only: buckets keep the headers they are given. */
  readonly metaOf?: (key: string) => ObjectMeta;
  /** Told of every request after its answer; for measuring and for logs. Never sees a credential. */
  readonly onRequest?: (event: RequestEvent) => void;
  /** Bounds of each request, where the usual ones do not fit. */
  readonly limits?: Partial<HttpLimits>;
  /** How often a store that does not answer is asked again. */
  readonly retry?: Partial<RetryPolicy>;
}

/**
 * The store behind an address: `s3://bucket/prefix?region=…`, `gcs://bucket/prefix`, `azure://account/container/prefix`,
 * `file:///folder`, or the path of a folder. docs/storage.md has every parameter and variable. Nothing is asked over the
 * network yet, so that a wrong password shows at the first call.
 *
 * Throws STORAGE_BAD_URI; STORAGE_DENIED where the environment has no credentials; STORAGE_PACKAGE_MISSING where getting
 * them needs a package that is not installed.
 */
export async function openStorage(uri: string, options: OpenStorageOptions = {}): Promise<Storage> {
  const address = parseStoreUri(uri);
  switch (address.scheme) {
    case 'file': {
      const { folder } = address;
      const root = typeof folder === 'string' ? resolve(options.base ?? '.', folder) : fileURLToPath(folder);
      const { create, metaOf } = options;
      return fsStorage({
        root,
        ...(create === undefined ? {} : { create }),
        ...(metaOf === undefined ? {} : { metaOf }),
      });
    }
    case 's3':
      return (await import('./s3/open.ts')).openS3(address, options);
    case 'azure':
      return (await import('./azure/open.ts')).openAzure(address, options);
    case 'gcs':
      return (await import('./gcs/open.ts')).openGcs(address, options);
    default:
      return address satisfies never;
  }
}
