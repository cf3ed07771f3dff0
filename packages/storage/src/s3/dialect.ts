import { StorageError } from '../errors.ts';
import { standardKeyMaxLength, listed } from '../object/storage.ts';
import type { Dialect, Draft, Expected, Payload } from '../object/dialect.ts';
import type { ObjectMeta } from '../storage.ts';
import { parseXml, xmlText } from '../xml.ts';
import { foundIn, unreadable } from '../object/answers.ts';
import { s3Refusal } from './refusal.ts';
import type { S3Settings } from './settings.ts';
import { encodedPath } from './sigv4.ts';

const writesHeader = 'x-amz-meta-ragv-writes';
const pageLength = 1000;
const dayMs = 86_400_000;

export interface S3DialectOptions {
  readonly settings: S3Settings;
  /** Throws when the bucket itself is not there. */
  readonly bucketExists: () => Promise<void>;
}

/** S3's REST API. Etags are opaque, and sent as they came until a store turns out to want them without their quotes. */
export function s3Dialect({ settings, bucketExists }: S3DialectOptions): Dialect {
  const { base, description, prefix, encryption, lock } = settings;
  const pathOf = (key: string): string => `${base}/${encodedPath(key)}`;
  let quotes = true;
  let conditionalDeletes = true;
  const spelled = (etag: string): string => (quotes ? etag : etag.replaceAll('"', ''));

  const putHeaders = (payload: Payload, meta: ObjectMeta, expected: Expected, writes: string) => ({
    ...digestHeaders(settings, payload),
    [writesHeader]: writes,
    ...(meta.contentType === undefined ? {} : { 'content-type': meta.contentType }),
    ...(meta.cacheControl === undefined ? {} : { 'cache-control': meta.cacheControl }),
    ...(expected === null ? { 'if-none-match': '*' } : { 'if-match': spelled(expected) }),
    ...(encryption === null ? {} : { 'x-amz-server-side-encryption': encryption.algorithm }),
    ...(encryption?.kmsKey === undefined
      ? {}
      : { 'x-amz-server-side-encryption-aws-kms-key-id': encryption.kmsKey }),
  });

  return {
    description,
    prefix,
    keyMaxLength: standardKeyMaxLength,
    bodyMaxLength: 5 * 1024 ** 3,
    get: (key, { start, end }, expected) => ({
      method: 'GET',
      path: pathOf(key),
      headers: {
        range: `bytes=${start}-${end - 1}`,
        ...(expected === null ? {} : { 'if-match': expected }),
      },
    }),
    head: (key) => ({ method: 'HEAD', path: pathOf(key) }),
    put: (key, payload, meta, expected, writes): Draft => ({
      method: 'PUT',
      path: pathOf(key),
      headers: {
        ...putHeaders(payload, meta, expected, writes),
        // What is swapped is meant to change; what is put once is not.
        ...(lock === null || !isImmutable(meta)
          ? {}
          : {
              'x-amz-object-lock-mode': lock.mode,
              'x-amz-object-lock-retain-until-date': new Date(Date.now() + lock.days * dayMs).toISOString(),
            }),
      },
      payload,
    }),
    delete: (key, expected) => ({
      method: 'DELETE',
      path: pathOf(key),
      ...(conditionalDeletes ? { headers: { 'if-match': spelled(expected) } } : {}),
    }),
    list: (under, from) => ({
      method: 'GET',
      path: `${base}${base === '' ? '/' : ''}`,
      query: [
        ['list-type', '2'],
        ['encoding-type', 'url'],
        ['max-keys', String(pageLength)],
        ['prefix', under],
        ...(from === null ? [] : [['continuation-token', from] as const]),
      ],
    }),
    found: (key, answer) =>
      foundIn(
        key,
        answer,
        writesHeader,
        answer.header('etag') ?? unreadable(description, 'an answer without an etag'),
      ),
    putEtag: (answer) => answer.header('etag') ?? unreadable(description, 'a put without an etag'),
    page(answer) {
      const root = parseXml(answer.bytes);
      if (root?.name !== 'ListBucketResult') return unreadable(description, 'a listing that cannot be read');
      const plain = xmlText(root, 'EncodingType') !== 'url';
      const objects = root.children
        .filter(({ name }) => name === 'Contents')
        .map((entry) => {
          const name = xmlText(entry, 'Key') ?? '';
          const size = xmlText(entry, 'Size');
          return listed(prefix, plain ? name : urlDecoded(name), size, xmlText(entry, 'LastModified'));
        });
      const truncated = xmlText(root, 'IsTruncated') === 'true';
      const token = xmlText(root, 'NextContinuationToken') ?? '';
      if (truncated && token === '') return unreadable(description, 'a cut listing without a token');
      return { objects, next: truncated ? token : null };
    },
    refusal(answer, draft, condition) {
      if (answer.status === 501 && draft.method === 'DELETE' && conditionalDeletes) {
        conditionalDeletes = false; // S3 has had them since 2025; not everybody who speaks S3 has
        return { kind: 'again', message: `${description}: no conditional deletes` };
      }
      return s3Refusal({ answer, draft, condition, settings, bucketExists });
    },
    respell(draft) {
      const sent = draft.headers?.['if-match'] ?? '';
      if (!sent.includes('"')) return false;
      quotes = false;
      return true;
    },
  };
}

/** Object Lock wants one of the two; Amazon knows both and documents either. */
export function digestHeaders({ amazon }: S3Settings, payload: Payload): Readonly<Record<string, string>> {
  return {
    'content-length': String(payload.length),
    'x-amz-checksum-sha256': Buffer.from(payload.sha256, 'hex').toString('base64'),
    ...(amazon ? {} : { 'content-md5': payload.md5 }),
  };
}

function isImmutable(meta: ObjectMeta): boolean {
  return meta.cacheControl?.includes('immutable') === true;
}

function urlDecoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    throw new StorageError('STORAGE_UNAVAILABLE', 'a listing with a name that is not encoded properly');
  }
}
