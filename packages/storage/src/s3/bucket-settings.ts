import type { BucketCheck } from '../bucket.ts';
import { xmlEscaped, xmlText, type XmlElement } from '../xml.ts';
import type { S3Settings } from './settings.ts';

/** A setting that S3 keeps as a document of its own below the bucket. */
export interface Setting {
  readonly check: BucketCheck;
  /** The query that names the document. */
  readonly name: string;
  readonly required: boolean;
  /** Whether the document says what it should. */
  readonly good: (root: XmlElement) => boolean;
  readonly want: string;
  readonly advice: string;
  /** What `aws s3api` is to be told. */
  readonly command: string;
  /** `null`: cannot be had in a bucket that is there already. */
  readonly document: string | null;
}

export const namespace = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const blocks = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'];

/** In the order in which they are mended: what can be taken back first. */
export function bucketSettings(
  { bucket, encryption }: Pick<S3Settings, 'bucket' | 'encryption'>,
  lockWanted: boolean,
): readonly Setting[] {
  const algorithm = encryption?.algorithm ?? 'AES256';
  const key = encryption?.kmsKey;
  const keyElement = key === undefined ? '' : `<KMSMasterKeyID>${xmlEscaped(key)}</KMSMasterKeyID>`;
  const keyJson = key === undefined ? '' : `,"KMSMasterKeyID":"${key}"`;
  return [
    {
      check: 'encryption',
      name: 'encryption',
      required: encryption !== null,
      good: (root) =>
        /^(?:AES256|aws:kms(?::dsse)?)$/.test(
          xmlText(root, 'Rule', 'ApplyServerSideEncryptionByDefault', 'SSEAlgorithm') ?? '',
        ),
      want: 'objects are encrypted',
      advice: 'objects lie unencrypted',
      command:
        `put-bucket-encryption --bucket ${bucket} --server-side-encryption-configuration ` +
        `'{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"${algorithm}"${keyJson}}}]}'`,
      document:
        `<ServerSideEncryptionConfiguration ${namespace}><Rule><ApplyServerSideEncryptionByDefault>` +
        `<SSEAlgorithm>${algorithm}</SSEAlgorithm>${keyElement}` +
        '</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>',
    },
    {
      check: 'public-access',
      name: 'publicAccessBlock',
      required: false,
      good: (root) => blocks.every((name) => xmlText(root, name)?.toLowerCase() === 'true'),
      want: 'public access is blocked',
      advice: 'a mistaken policy could open the bucket to everybody; serve it through a CDN or ragv serve',
      command:
        `put-public-access-block --bucket ${bucket} --public-access-block-configuration ` +
        blocks.map((name) => `${name}=true`).join(','),
      document:
        `<PublicAccessBlockConfiguration ${namespace}>` +
        `${blocks.map((name) => `<${name}>true</${name}>`).join('')}</PublicAccessBlockConfiguration>`,
    },
    {
      check: 'versioning',
      name: 'versioning',
      required: lockWanted,
      good: (root) => xmlText(root, 'Status') === 'Enabled',
      want: 'versions are kept',
      advice: 'without versions, what is overwritten or deleted is gone',
      command: `put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled`,
      document: `<VersioningConfiguration ${namespace}><Status>Enabled</Status></VersioningConfiguration>`,
    },
    {
      check: 'object-lock',
      name: 'object-lock',
      required: lockWanted,
      good: (root) => xmlText(root, 'ObjectLockEnabled') === 'Enabled',
      want: 'Object Lock is on',
      advice: 'without Object Lock, whoever holds the credentials of the door can remove what was published',
      command: `put-object-lock-configuration --bucket ${bucket} --object-lock-configuration ObjectLockEnabled=Enabled`,
      document: null,
    },
  ];
}
