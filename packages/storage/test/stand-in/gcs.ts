import { createHash } from 'node:crypto';
import { standIn, type Asked, type Reply, type StandIn } from './server.ts';
import { sliceOf, Table, type StoredItem } from './table.ts';

export interface GcsStandIn extends StandIn {
  readonly env: Readonly<Record<string, string>>;
  readonly buckets: Map<string, Bucket>;
  uri(bucket: string, prefix?: string): string;
}

interface Bucket {
  readonly table: Table;
  readonly settings: string;
}

const token = 'a-token';
const pageMax = 1000;
const upload = /^\/upload\/storage\/v1\/b\/([^/]+)\/o$/;
const oneObject = /^\/storage\/v1\/b\/([^/]+)\/o\/([^/]+)$/;
const allObjects = /^\/storage\/v1\/b\/([^/]+)\/o$/;
const oneBucket = /^\/storage\/v1\/b\/([^/]+)$/;
const plain = /^\/([^/]+)\/(.+)$/;

/** Google's storage in a process: its JSON API for writing and listing, its XML API for reading. */
export async function gcsStandIn(): Promise<GcsStandIn> {
  const buckets = new Map<string, Bucket>();
  const server = await standIn((asked) =>
    asked.headers.get('authorization') === `Bearer ${token}`
      ? answer(asked, buckets)
      : json(401, 'Invalid Credentials'),
  );
  return Object.assign(server, {
    env: { GOOGLE_OAUTH_ACCESS_TOKEN: token, GOOGLE_CLOUD_PROJECT: 'project' },
    buckets,
    uri: (bucket: string, prefix = '') => `gcs://${bucket}/${prefix}?endpoint=${server.origin}`,
  });
}

function json(status: number, message: string): Reply {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ error: { code: status, message } }),
  };
}

function xml(status: number, code: string): Reply {
  return {
    status,
    body: `<?xml version='1.0' encoding='UTF-8'?><Error><Code>${code}</Code><Message>It says ${code}</Message></Error>`,
  };
}

function answer(asked: Asked, buckets: Map<string, Bucket>): Reply {
  const { method, path, query, body } = asked;
  if (path === '/storage/v1/b' && method === 'POST') {
    const name = /"name":"([^"]+)"/.exec(body.toString())?.[1] ?? '';
    buckets.set(name, { table: new Table(), settings: body.toString() });
    return { status: 200, body };
  }
  const [, named = ''] =
    upload.exec(path) ?? oneObject.exec(path) ?? allObjects.exec(path) ?? oneBucket.exec(path) ?? [];
  const bucket = buckets.get(named === '' ? (plain.exec(path)?.[1] ?? '') : named);
  if (bucket === undefined)
    return named === '' ? xml(404, 'NoSuchBucket') : json(404, 'The specified bucket does not exist.');
  if (oneBucket.test(path)) return { status: 200, body: bucket.settings };
  if (upload.test(path)) return insert(asked, bucket.table);
  if (allObjects.test(path)) return list(query, bucket.table);
  const encodedName = oneObject.exec(path)?.[2];
  if (encodedName !== undefined && method === 'DELETE') {
    const name = decodeURIComponent(encodedName);
    const item = bucket.table.get(name);
    if (item === undefined) return json(404, `No such object: ${name}`);
    if (query.get('ifGenerationMatch') !== String(item.generation)) return json(412, 'conditionNotMet');
    bucket.table.delete(name);
    return { status: 204 };
  }
  return read(asked, decodeURIComponent(plain.exec(path)?.[2] ?? ''), bucket.table);
}

function read({ method, headers }: Asked, name: string, table: Table): Reply {
  const item = table.get(name);
  if (item === undefined) return xml(404, 'NoSuchKey');
  const expected = headers.get('x-goog-if-generation-match');
  if (expected !== undefined && expected !== String(item.generation)) return xml(412, 'PreconditionFailed');
  const given = {
    ...Object.fromEntries(item.headers),
    'x-goog-generation': String(item.generation),
    'last-modified': item.modified.toUTCString(),
    etag: `"${item.md5}"`,
  };
  if (method === 'HEAD')
    return { status: 200, headers: { ...given, 'content-length': String(item.bytes.length) } };
  const slice = sliceOf(headers.get('range'), item.bytes.length);
  if (slice === null) return xml(416, 'InvalidRange');
  if (slice === undefined) return { status: 200, headers: given, body: item.bytes };
  const range = `bytes ${slice.start}-${slice.end - 1}/${item.bytes.length}`;
  return {
    status: 206,
    headers: { ...given, 'content-range': range },
    body: item.bytes.subarray(slice.start, slice.end),
  };
}

interface Resource {
  readonly name: string;
  readonly contentType: string;
  readonly cacheControl?: string;
  readonly md5Hash?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

function insert({ headers, query, body }: Asked, table: Table): Reply {
  const boundary = /^multipart\/related; boundary=([\w-]+)$/.exec(headers.get('content-type') ?? '')?.[1];
  if (query.get('uploadType') !== 'multipart' || boundary === undefined) return json(400, 'Bad request');
  const [first, second, rest] = partsOf(body, boundary);
  if (first === undefined || second === undefined || rest !== undefined)
    return json(400, 'Malformed multipart body.');
  const resource = JSON.parse(first.toString()) as Resource;
  if (
    resource.md5Hash !== undefined &&
    resource.md5Hash !== createHash('md5').update(second).digest('base64')
  )
    return json(400, 'Provided MD5 hash does not match');
  const expected = query.get('ifGenerationMatch');
  const generation = table.get(resource.name)?.generation ?? 0;
  if (expected !== undefined && !/^\d+$/.test(expected))
    return json(400, 'Invalid value for ifGenerationMatch');
  if (expected !== undefined && Number(expected) !== generation) return json(412, 'conditionNotMet');
  const kept = new Map([['content-type', resource.contentType]]);
  if (resource.cacheControl !== undefined) kept.set('cache-control', resource.cacheControl);
  for (const [name, value] of Object.entries(resource.metadata ?? {})) kept.set(`x-goog-meta-${name}`, value);
  return {
    status: 200,
    body: JSON.stringify(described(resource.name, table.put(resource.name, Buffer.from(second), kept))),
  };
}

/** The bodies of the parts. */
function partsOf(body: Buffer, boundary: string): readonly Buffer[] {
  const parts: Buffer[] = [];
  const end = Buffer.from(`\r\n--${boundary}`);
  let at = Buffer.byteLength(`--${boundary}`);
  while (body.subarray(at, at + 2).toString() === '\r\n') {
    const start = body.indexOf('\r\n\r\n', at) + 4;
    const stop = body.indexOf(end, start);
    if (start < 4 || stop < 0) return [];
    parts.push(body.subarray(start, stop));
    at = stop + end.length;
  }
  return body.subarray(at).toString() === '--\r\n' ? parts : [];
}

function described(name: string, item: StoredItem): object {
  return {
    name,
    generation: String(item.generation),
    size: String(item.bytes.length),
    updated: item.modified.toISOString(),
  };
}

function list(query: ReadonlyMap<string, string>, table: Table): Reply {
  const token = query.get('pageToken');
  const max = Math.min(pageMax, Number(query.get('maxResults') ?? pageMax));
  const after = token === undefined ? null : Buffer.from(token, 'base64').toString();
  const items = table.page(query.get('prefix') ?? '', after, max + 1);
  const page = items.slice(0, max);
  const nextPageToken =
    items.length > max ? Buffer.from(page.at(-1)?.[0] ?? '').toString('base64') : undefined;
  const body = {
    ...(page.length === 0 ? {} : { items: page.map(([name, item]) => described(name, item)) }),
    nextPageToken,
  };
  return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
