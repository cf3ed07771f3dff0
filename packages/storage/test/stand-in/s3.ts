import { createHash } from 'node:crypto';
import { escaped, standIn, type Asked, type Reply, type StandIn } from './server.ts';
import { signatureFault, type Account } from './sigv4.ts';
import { sliceOf, Table, type StoredItem } from './table.ts';

export interface S3StandInOptions {
  /** As Ceph 16 does: an etag in its quotes is not understood. */
  readonly unquoted?: boolean;
  /** As old servers and some emulators do. */
  readonly ignoresConditions?: boolean;
  /** Knows no conditions for deletions. */
  readonly plainDeletes?: boolean;
  /** 403 instead of 404 for keys that are not there, as S3 does without s3:ListBucket. */
  readonly hidesAbsence?: boolean;
  /** Refuses puts once public access is blocked, as Ceph 16 does. */
  readonly breaksWhenBlocked?: boolean;
  /** Settings that it does not know. */
  readonly unsupported?: readonly string[];
  readonly now?: () => Date;
}

export interface S3StandIn extends StandIn {
  readonly account: Account;
  readonly env: Readonly<Record<string, string>>;
  readonly buckets: Map<string, Bucket>;
  uri(bucket: string, prefix?: string, parameters?: string): string;
}

interface Bucket {
  readonly table: Table;
  readonly settings: Map<string, string>;
}

const pageMax = 1000;
const kept =
  /^(?:content-type|cache-control|x-amz-meta-.*|x-amz-server-side-encryption.*|x-amz-object-lock-.*)$/;

/** S3 in a process, strict where a driver could go wrong: signatures, digests, conditions, encodings. */
export async function s3StandIn(options: S3StandInOptions = {}): Promise<S3StandIn> {
  const account = {
    accessKeyId: 'STANDIN',
    secretAccessKey: 'not/a+secret',
    region: 'eu-test-1',
    service: 's3',
  };
  const buckets = new Map<string, Bucket>();
  const server = await standIn((asked) => {
    const fault = signatureFault(asked, account, options.now?.() ?? new Date());
    if (fault !== null) return refused(403, fault);
    return bodyFault(asked) ?? answer(asked, buckets, options);
  });
  return Object.assign(server, {
    account,
    env: { AWS_ACCESS_KEY_ID: account.accessKeyId, AWS_SECRET_ACCESS_KEY: account.secretAccessKey },
    buckets,
    uri: (bucket: string, prefix = '', parameters = '') =>
      `s3://${bucket}/${prefix}?endpoint=${server.origin}&region=${account.region}${parameters}`,
  });
}

function refused(status: number, code: string, more = ''): Reply {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>It says ${code} &amp; no more</Message>${more}</Error>`;
  return { status, headers: { 'content-type': 'application/xml', date: new Date().toUTCString() }, body };
}

function bodyFault({ method, headers, body }: Asked): Reply | null {
  const digest = createHash('sha256').update(body);
  const hex = digest.copy().digest('hex');
  if (headers.get('x-amz-content-sha256') !== hex) return refused(400, 'XAmzContentSHA256Mismatch');
  if (method !== 'PUT') return null;
  if (headers.get('content-length') === undefined) return refused(411, 'MissingContentLength');
  const checksum = headers.get('x-amz-checksum-sha256');
  if (checksum !== undefined && checksum !== digest.digest('base64')) return refused(400, 'BadDigest');
  const md5 = headers.get('content-md5');
  if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64'))
    return refused(400, 'BadDigest');
  return null;
}

function answer(asked: Asked, buckets: Map<string, Bucket>, options: S3StandInOptions): Reply {
  const [, name = '', key = ''] = /^\/([^/]+)\/?(.*)$/s.exec(decodeURIComponent(asked.path)) ?? [];
  if (key === '' && asked.method === 'PUT' && asked.search === '') {
    if (buckets.has(name)) return refused(409, 'BucketAlreadyOwnedByYou');
    const lock = asked.headers.get('x-amz-bucket-object-lock-enabled') === 'true';
    buckets.set(name, {
      table: new Table(),
      settings: new Map(
        lock
          ? [
              [
                'object-lock',
                '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>',
              ],
            ]
          : [],
      ),
    });
    return { status: 200 };
  }
  const bucket = buckets.get(name);
  if (bucket === undefined) return refused(404, 'NoSuchBucket');
  return key === '' ? onBucket(asked, name, bucket, buckets, options) : onObject(asked, key, bucket, options);
}

function onBucket(
  asked: Asked,
  name: string,
  bucket: Bucket,
  buckets: Map<string, Bucket>,
  options: S3StandInOptions,
): Reply {
  if (asked.method === 'HEAD') return { status: 200 };
  if (asked.query.get('list-type') === '2') return list(asked, bucket.table);
  if (asked.query.has('versions')) return versions(bucket.table);
  const [setting] = asked.query.keys();
  if (setting === undefined)
    return asked.method === 'DELETE'
      ? { status: buckets.delete(name) ? 204 : 404 }
      : refused(405, 'MethodNotAllowed');
  if (options.unsupported?.includes(setting) === true) return refused(501, 'NotImplemented');
  if (asked.method === 'PUT') bucket.settings.set(setting, asked.body.toString());
  else if (asked.method === 'DELETE') bucket.settings.delete(setting);
  else {
    const body = bucket.settings.get(setting);
    if (body !== undefined) return { status: 200, body };
    return setting === 'versioning'
      ? { status: 200, body: '<VersioningConfiguration/>' }
      : refused(404, 'NoSuchConfiguration');
  }
  return { status: asked.method === 'PUT' ? 200 : 204 };
}

function onObject(asked: Asked, key: string, { table, settings }: Bucket, options: S3StandInOptions): Reply {
  const item = table.get(key);
  if (asked.method === 'DELETE') {
    const expected = asked.headers.get('if-match');
    if (expected !== undefined && options.plainDeletes === true) return refused(501, 'NotImplemented');
    if (
      expected !== undefined &&
      item !== undefined &&
      options.ignoresConditions !== true &&
      expected !== ownTag(item, options)
    )
      return refused(412, 'PreconditionFailed');
    table.delete(key);
    return { status: 204 };
  }
  if (asked.method === 'PUT') return put(asked, key, table, settings, options);
  if (asked.method !== 'GET' && asked.method !== 'HEAD') return refused(405, 'MethodNotAllowed');
  if (item === undefined) {
    const reply = options.hidesAbsence === true ? refused(403, 'AccessDenied') : refused(404, 'NoSuchKey');
    return asked.method === 'HEAD' ? { status: reply.status } : reply;
  }
  const match = asked.headers.get('if-match');
  if (match !== undefined && match !== etagOf(item)) return refused(412, 'PreconditionFailed');
  const headers = {
    ...Object.fromEntries(item.headers),
    etag: etagOf(item),
    'last-modified': item.modified.toUTCString(),
  };
  const slice = sliceOf(asked.headers.get('range'), item.bytes.length);
  if (slice === null) return refused(416, 'InvalidRange');
  if (asked.method === 'HEAD')
    return { status: 200, headers: { ...headers, 'content-length': String(item.bytes.length) } };
  if (slice === undefined) return { status: 200, headers, body: item.bytes };
  const range = `bytes ${slice.start}-${slice.end - 1}/${item.bytes.length}`;
  return {
    status: 206,
    headers: { ...headers, 'content-range': range },
    body: item.bytes.subarray(slice.start, slice.end),
  };
}

function put(
  asked: Asked,
  key: string,
  table: Table,
  settings: Bucket['settings'],
  options: S3StandInOptions,
): Reply {
  const { headers, body } = asked;
  const item = table.get(key);
  const expected = headers.get('if-match');
  if (options.breaksWhenBlocked === true && settings.has('publicAccessBlock'))
    return refused(403, 'AccessDenied');
  if (options.ignoresConditions !== true) {
    if (headers.get('if-none-match') === '*' && item !== undefined) return refused(412, 'PreconditionFailed');
    if (expected !== undefined && item === undefined) return refused(404, 'NoSuchKey');
    if (expected !== undefined && item !== undefined && expected !== ownTag(item, options))
      return refused(412, 'PreconditionFailed');
  }
  if (headers.has('x-amz-object-lock-mode') && !settings.has('object-lock'))
    return refused(400, 'InvalidRequest');
  const stored = table.put(key, body, new Map([...headers].filter(([name]) => kept.test(name))));
  return { status: 200, headers: { etag: etagOf(stored) } };
}

function list({ query }: Asked, table: Table): Reply {
  const prefix = query.get('prefix') ?? '';
  const token = query.get('continuation-token');
  const max = Math.min(pageMax, Number(query.get('max-keys') ?? pageMax));
  const items = table.page(
    prefix,
    token === undefined ? null : Buffer.from(token, 'base64').toString(),
    max + 1,
  );
  const page = items.slice(0, max);
  const more = items.length > max;
  const encode = (name: string): string =>
    query.get('encoding-type') === 'url'
      ? encodeURIComponent(name).replaceAll('%2F', '/').replaceAll('%20', '+')
      : escaped(name);
  const contents = page.map(
    ([name, item]) =>
      `<Contents><Key>${encode(name)}</Key><LastModified>${item.modified.toISOString()}</LastModified><ETag>&quot;${item.md5}&quot;</ETag><Size>${item.bytes.length}</Size><StorageClass>STANDARD</StorageClass></Contents>`,
  );
  const next = more
    ? `<NextContinuationToken>${Buffer.from(page.at(-1)?.[0] ?? '').toString('base64')}</NextContinuationToken>`
    : '';
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType><IsTruncated>${more}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`;
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

function versions(table: Table): Reply {
  const entries = table
    .page('', null, pageMax)
    .map(([name]) => `<Version><Key>${escaped(name)}</Key><VersionId>null</VersionId></Version>`);
  return { status: 200, body: `<ListVersionsResult>${entries.join('')}</ListVersionsResult>` };
}

function etagOf({ md5 }: StoredItem): string {
  return `"${md5}"`;
}

/** As it wants to have it back. */
function ownTag(item: StoredItem, { unquoted = false }: S3StandInOptions): string {
  return unquoted ? item.md5 : etagOf(item);
}
