import { endpointOf, type BucketAddress } from '../uri.ts';

/** The address of a GCS bucket, every default decided. */
export interface GcsSettings {
  readonly description: string;
  readonly bucket: string;
  readonly prefix: string;
  readonly origin: URL;
  /** The endpoint's own path. No slash at the end. */
  readonly base: string;
}

/** Throws STORAGE_BAD_URI. */
export function gcsSettings(address: BucketAddress): GcsSettings {
  const { bucket, prefix } = address;
  const endpoint = endpointOf(address, 'https://storage.googleapis.com');
  return {
    description: `gcs://${bucket}/${prefix}`.replace(/\/$/, ''),
    bucket,
    prefix,
    origin: endpoint,
    base: endpoint.pathname.replace(/\/$/, ''),
  };
}
