import type { HttpAnswer } from '../http/client.ts';
import { commonRefusal, failed, foundIn, quoted, unreadable } from '../object/answers.ts';
import type { Dialect, Draft, Expected, Page, Refusal } from '../object/dialect.ts';
import { listed, standardKeyMaxLength } from '../object/storage.ts';
import { encodedPath } from '../s3/sigv4.ts';
import { parseXml, xmlText } from '../xml.ts';
import type { AzureSettings } from './settings.ts';

const writesHeader = 'x-ms-meta-ragvwrites';
const pageLength = 1000;

/** The Blob service's REST API: block blobs, put in one request. */
export function azureDialect(settings: AzureSettings): Dialect {
  const { base, description, prefix } = settings;
  const pathOf = (key: string): string => `${base}/${encodedPath(key)}`;
  return {
    description,
    prefix,
    order: 'utf-16',
    keyMaxLength: standardKeyMaxLength,
    bodyMaxLength: 5000 * 1024 ** 2,
    get: (key, { start, end }, expected) => ({
      method: 'GET',
      path: pathOf(key),
      headers: {
        'x-ms-range': `bytes=${start}-${end - 1}`,
        ...(expected === null ? {} : { 'if-match': expected }),
      },
    }),
    head: (key) => ({ method: 'HEAD', path: pathOf(key) }),
    put: (key, payload, meta, expected, writes): Draft => ({
      method: 'PUT',
      path: pathOf(key),
      headers: {
        'content-length': String(payload.length),
        'content-md5': payload.md5,
        'x-ms-blob-type': 'BlockBlob',
        [writesHeader]: writes,
        ...(meta.contentType === undefined ? {} : { 'x-ms-blob-content-type': meta.contentType }),
        ...(meta.cacheControl === undefined ? {} : { 'x-ms-blob-cache-control': meta.cacheControl }),
        ...(expected === null ? { 'if-none-match': '*' } : { 'if-match': expected }),
      },
      payload,
    }),
    delete: (key, expected) => ({ method: 'DELETE', path: pathOf(key), headers: { 'if-match': expected } }),
    list: (under, from) => ({
      method: 'GET',
      path: base,
      query: [
        ['restype', 'container'],
        ['comp', 'list'],
        ['prefix', under],
        ['maxresults', String(pageLength)],
        ...(from === null ? [] : [['marker', from] as const]),
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
    page: (answer) => pageOf(answer, settings),
    refusal: (answer, draft, condition) => azureRefusal(answer, draft, condition, description),
  };
}

function pageOf(answer: HttpAnswer, { description, prefix }: AzureSettings): Page {
  // A byte order mark comes first.
  const root = parseXml(answer.bytes[0] === 0xef ? answer.bytes.subarray(3) : answer.bytes);
  const blobs = root?.children.find(({ name }) => name === 'Blobs');
  if (root?.name !== 'EnumerationResults' || blobs === undefined)
    return unreadable(description, 'a listing that cannot be read');
  const objects = blobs.children
    .filter(({ name }) => name === 'Blob')
    .map((blob) => {
      const size = xmlText(blob, 'Properties', 'Content-Length');
      return listed(prefix, xmlText(blob, 'Name') ?? '', size, xmlText(blob, 'Properties', 'Last-Modified'));
    });
  const next = xmlText(root, 'NextMarker') ?? '';
  return { objects, next: next === '' ? null : next };
}

export function azureRefusal(
  answer: HttpAnswer,
  draft: Draft,
  condition: Expected | undefined,
  where: string,
): Refusal {
  const { status } = answer;
  const code = answer.header('x-ms-error-code') ?? xmlText(parseXml(answer.bytes), 'Code') ?? '';
  const said = quoted(code);
  if (status === 412 || code === 'BlobAlreadyExists') return { kind: 'lost' };
  if (status === 416) return { kind: 'bad-range' };
  if (status === 404) {
    if (code === 'ContainerNotFound')
      return failed(
        'STORAGE_CONFLICT',
        `${where}: there is no such container`,
        'make it with ragv init --store',
      );
    if (code !== 'BlobNotFound')
      return failed(
        'STORAGE_UNAVAILABLE',
        `${where}: status 404${said}`,
        'is the endpoint that of a blob service?',
      );
    return { kind: condition === undefined ? 'absent' : 'lost' };
  }
  if (code === 'Md5Mismatch' || code === 'OperationTimedOut')
    return { kind: 'again', message: `${where}${said}` };
  const common = commonRefusal(answer, where, said);
  if (common !== null) return common;
  if (status === 409) {
    const held = 'a lease or an immutability policy holds it';
    return failed('STORAGE_CONFLICT', `${where}: ${draft.method} was refused${said}`, held);
  }
  if (status === 403)
    return failed(
      'STORAGE_DENIED',
      `${where}: access denied (403)${said}`,
      'is the key that of the account, the clock right, and the role Storage Blob Data Contributor? (docs/storage.md)',
    );
  return failed('STORAGE_DENIED', `${where}: ${draft.method} was refused with status ${status}${said}`);
}
