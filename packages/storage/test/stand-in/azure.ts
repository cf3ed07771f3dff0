import { createHash, createHmac, randomBytes } from 'node:crypto';
import { escaped, standIn, type Asked, type Reply, type StandIn } from './server.ts';
import { sliceOf, Table, type StoredItem } from './table.ts';

export interface AzureStandIn extends StandIn {
  readonly env: Readonly<Record<string, string>>;
  readonly containers: Map<string, Table>;
  uri(container: string, prefix?: string): string;
}

const account = 'standin';
const pageMax = 1000;

/** Azure's blob service in a process: shared keys, digests and conditions are checked, names listed in the order of UTF-16. */
export async function azureStandIn(): Promise<AzureStandIn> {
  const key = randomBytes(64);
  const containers = new Map<string, Table>();
  const server = await standIn((asked) => {
    const fault = sharedKeyFault(asked, key);
    if (fault !== null) return refused(403, fault);
    const md5 = asked.headers.get('content-md5');
    if (md5 !== undefined && md5 !== createHash('md5').update(asked.body).digest('base64'))
      return refused(400, 'Md5Mismatch');
    return answer(asked, containers);
  });
  return Object.assign(server, {
    env: { AZURE_STORAGE_KEY: key.toString('base64') },
    containers,
    uri: (container: string, prefix = '') =>
      `azure://${account}/${container}/${prefix}?endpoint=${server.origin}/${account}`,
  });
}

/** As Microsoft documents "Authorize with Shared Key", from the request as it came. */
function sharedKeyFault(asked: Asked, key: Buffer): string | null {
  const { method, headers } = asked;
  const header = (name: string): string => headers.get(name) ?? '';
  const date = Date.parse(header('x-ms-date'));
  if (Number.isNaN(date) || Math.abs(Date.now() - date) > 15 * 60_000) return 'AuthenticationFailed';
  const length = header('content-length') === '0' ? '' : header('content-length');
  const own = [...headers.keys()].filter((name) => name.startsWith('x-ms-')).toSorted();
  const query = [...asked.query].map(([name, value]) => `\n${name.toLowerCase()}:${value}`).toSorted();
  const text =
    `${method}\n${header('content-encoding')}\n${header('content-language')}\n${length}\n${header('content-md5')}\n` +
    `${header('content-type')}\n${header('date')}\n${header('if-modified-since')}\n${header('if-match')}\n` +
    `${header('if-none-match')}\n${header('if-unmodified-since')}\n${header('range')}\n` +
    `${own.map((name) => `${name}:${header(name).trim()}\n`).join('')}/${account}${asked.path}${query.join('')}`;
  const right = createHmac('sha256', key).update(text, 'utf8').digest('base64');
  return header('authorization') === `SharedKey ${account}:${right}` ? null : 'AuthenticationFailed';
}

function refused(status: number, code: string): Reply {
  const body = `\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>It says ${code}</Message></Error>`;
  return { status, headers: { 'content-type': 'application/xml', 'x-ms-error-code': code }, body };
}

function answer(asked: Asked, containers: Map<string, Table>): Reply {
  const [, name = '', blob = ''] = /^\/standin\/([^/]+)\/?(.*)$/s.exec(decodeURIComponent(asked.path)) ?? [];
  const table = containers.get(name);
  if (asked.query.get('restype') === 'container' && asked.query.get('comp') !== 'list') {
    if (asked.method === 'PUT') containers.set(name, table ?? new Table());
    else if (table === undefined) return refused(404, 'ContainerNotFound');
    return { status: asked.method === 'PUT' ? 201 : 200 };
  }
  if (table === undefined) return refused(404, 'ContainerNotFound');
  if (asked.query.get('comp') === 'list') return list(asked, table);
  const item = table.get(blob);
  if (asked.method === 'PUT') return put(asked, blob, table, item);
  if (item === undefined) return refused(404, 'BlobNotFound');
  const match = asked.headers.get('if-match');
  if (match !== undefined && match !== etagOf(item)) return refused(412, 'ConditionNotMet');
  if (asked.method === 'DELETE') return { status: table.delete(blob) ? 202 : 404 };
  const headers = {
    ...Object.fromEntries(item.headers),
    etag: etagOf(item),
    'last-modified': item.modified.toUTCString(),
  };
  if (asked.method === 'HEAD')
    return { status: 200, headers: { ...headers, 'content-length': String(item.bytes.length) } };
  const slice = sliceOf(asked.headers.get('x-ms-range'), item.bytes.length);
  if (slice === null) return refused(416, 'InvalidRange');
  if (slice === undefined) return { status: 200, headers, body: item.bytes };
  const range = `bytes ${slice.start}-${slice.end - 1}/${item.bytes.length}`;
  return {
    status: 206,
    headers: { ...headers, 'content-range': range },
    body: item.bytes.subarray(slice.start, slice.end),
  };
}

function put({ headers, body }: Asked, blob: string, table: Table, item: StoredItem | undefined): Reply {
  if (headers.get('x-ms-blob-type') !== 'BlockBlob') return refused(400, 'InvalidHeaderValue');
  const expected = headers.get('if-match');
  if (headers.get('if-none-match') === '*' && item !== undefined) return refused(409, 'BlobAlreadyExists');
  if (expected !== undefined && (item === undefined || expected !== etagOf(item)))
    return refused(412, 'ConditionNotMet');
  const kept = new Map([...headers].filter(([name]) => name.startsWith('x-ms-meta-')));
  for (const name of ['content-type', 'cache-control']) {
    const value = headers.get(`x-ms-blob-${name}`);
    if (value !== undefined) kept.set(name, value);
  }
  return { status: 201, headers: { etag: etagOf(table.put(blob, body, kept)) } };
}

function list({ query }: Asked, table: Table): Reply {
  const marker = query.get('marker') ?? '';
  const max = Math.min(pageMax, Number(query.get('maxresults') ?? pageMax));
  const all = table
    .page(query.get('prefix') ?? '', null, Infinity)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .filter(([name]) => name > marker);
  const page = all.slice(0, max);
  const blobs = page.map(
    ([name, item]) =>
      `<Blob><Name>${escaped(name)}</Name><Properties><Last-Modified>${item.modified.toUTCString()}</Last-Modified><Etag>${etagOf(item)}</Etag><Content-Length>${item.bytes.length}</Content-Length></Properties><OrMetadata /></Blob>`,
  );
  const next = all.length > max ? escaped(page.at(-1)?.[0] ?? '') : '';
  const body = `\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://127.0.0.1/${account}" ContainerName="c"><MaxResults>${max}</MaxResults><Blobs>${blobs.join('')}</Blobs><NextMarker>${next}</NextMarker></EnumerationResults>`;
  return { status: 200, headers: { 'content-type': 'application/xml' }, body };
}

function etagOf({ generation }: StoredItem): string {
  return `"0x${generation.toString(16).toUpperCase()}"`;
}
