import { azureStandIn } from './azure.ts';
import { gcsStandIn } from './gcs.ts';
import { s3StandIn, type S3StandInOptions } from './s3.ts';
import type { StandIn } from './server.ts';

export interface AnyStandIn extends StandIn {
  readonly env: Readonly<Record<string, string>>;
  uri(bucket: string, prefix?: string): string;
}

/** A stand-in of each kind of store. */
export const standIns: Readonly<Record<string, (options?: S3StandInOptions) => Promise<AnyStandIn>>> = {
  S3: s3StandIn,
  GCS: gcsStandIn,
  Azure: azureStandIn,
};
