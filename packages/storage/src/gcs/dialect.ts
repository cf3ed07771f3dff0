import { randomBytes } from 'node:crypto';
import type { HttpAnswer } from '../http/client.ts';
import { commonRefusal, failed, foundIn, quoted, unreadable } from '../object/answers.ts';
import type { Dialect, Draft, Expected, Page, Payload, Refusal } from '../object/dialect.ts';
import { listed, standardKeyMaxLength } from '../object/storage.ts';
import { encoded, encodedPath } from '../s3/sigv4.ts';
import type { ObjectMeta } from '../storage.ts';
import { parseXml, xmlText } from '../xml.ts';
import { jsonAt, member, textOf } from './json.ts';
import type { GcsSettings } from './settings.ts';

const writesName = 'ragv-writes';
const pageLength = 1000;

export interface GcsDialectOptions {
  readonly settings: GcsSettings;
  /** Throws when the bucket itself is not there. */
  readonly bucketExists: () => Promise<void>;
}

/**
 * Google's storage: its JSON API for what is written and listed, the XML API for what is read, as Google's own clients do; only
 * that one says everything about an object in the headers of a download. An etag of ours is a generation.
 */
export function gcsDialect({ settings, bucketExists }: GcsDialectOptions): Dialect {
  const { base, bucket, description, prefix } = settings;
  const plain = (key: string): string => `${base}/${bucket}/${encodedPath(key)}`;
  const objects = `${base}/storage/v1/b/${bucket}/o`;
  return {
    description,
    prefix,
    keyMaxLength: standardKeyMaxLength,
    bodyMaxLength: 5 * 1024 ** 4,
    get: (key, { start, end }, expected) => ({
      method: 'GET',
      path: plain(key),
      headers: {
        'accept-encoding': 'identity',
        range: `bytes=${start}-${end - 1}`,
        ...(expected === null ? {} : { 'x-goog-if-generation-match': expected }),
      },
    }),
    head: (key) => ({ method: 'HEAD', path: plain(key), headers: { 'accept-encoding': 'identity' } }),
    put: (key, payload, meta, expected, writes): Draft => {
      const { type, wrapped } = related(key, payload, meta, writes);
      return {
        method: 'POST',
        path: `${base}/upload/storage/v1/b/${bucket}/o`,
        query: [
          ['uploadType', 'multipart'],
          ['ifGenerationMatch', expected ?? '0'],
        ],
        headers: { 'content-type': type, 'content-length': String(wrapped.length) },
        payload: wrapped,
      };
    },
    delete: (key, expected) => ({
      method: 'DELETE',
      path: `${objects}/${encoded(key)}`,
      query: [['ifGenerationMatch', expected]],
    }),
    list: (under, from) => ({
      method: 'GET',
      path: objects,
      query: [
        ['prefix', under],
        ['maxResults', String(pageLength)],
        ['fields', 'items(name,size,updated),nextPageToken'],
        ...(from === null ? [] : [['pageToken', from] as const]),
      ],
    }),
    found: (key, answer) =>
      foundIn(
        key,
        answer,
        `x-goog-meta-${writesName}`,
        answer.header('x-goog-generation') ?? unreadable(description, 'an answer without a generation'),
      ),
    putEtag: ({ bytes }) =>
      textOf(jsonAt(bytes, 'generation')) ?? unreadable(description, 'a put without a generation'),
    page: (answer) => pageOf(answer, settings),
    refusal: (answer, draft, condition) => gcsRefusal(answer, draft, condition, description, bucketExists),
  };
}

/** The object's metadata and its bytes as one body; the store checks the digest in it before it keeps anything. */
function related(
  name: string,
  payload: Payload,
  meta: ObjectMeta,
  writes: string,
): { readonly type: string; readonly wrapped: Payload } {
  const boundary = randomBytes(16).toString('hex');
  const type = meta.contentType ?? 'application/octet-stream';
  const json = JSON.stringify({
    name,
    contentType: type,
    ...(meta.cacheControl === undefined ? {} : { cacheControl: meta.cacheControl }),
    md5Hash: payload.md5,
    metadata: { [writesName]: writes },
  });
  const first = Buffer.from(
    `--${boundary}\r\ncontent-type: application/json; charset=UTF-8\r\n\r\n${json}\r\n--${boundary}\r\ncontent-type: ${type}\r\n\r\n`,
  );
  const last = Buffer.from(`\r\n--${boundary}--\r\n`);
  const body = (): ReturnType<Payload['body']> => {
    const inner = payload.body();
    return inner instanceof Uint8Array ? Buffer.concat([first, inner, last]) : around(first, inner, last);
  };
  const length = first.length + payload.length + last.length;
  return { type: `multipart/related; boundary=${boundary}`, wrapped: { ...payload, length, body } };
}

async function* around(
  first: Uint8Array,
  inner: AsyncIterable<Uint8Array>,
  last: Uint8Array,
): AsyncGenerator<Uint8Array> {
  yield first;
  yield* inner;
  yield last;
}

function pageOf(answer: HttpAnswer, { description, prefix }: GcsSettings): Page {
  const items = jsonAt(answer.bytes, 'items') ?? [];
  if (typeof jsonAt(answer.bytes) !== 'object' || !Array.isArray(items))
    return unreadable(description, 'a listing that cannot be read');
  const objects = items.map((item: unknown) => {
    const name = textOf(member(item, 'name')) ?? '';
    return listed(prefix, name, textOf(member(item, 'size')), textOf(member(item, 'updated')));
  });
  const next = textOf(jsonAt(answer.bytes, 'nextPageToken')) ?? '';
  return { objects, next: next === '' ? null : next };
}

export async function gcsRefusal(
  answer: HttpAnswer,
  draft: Draft,
  condition: Expected | undefined,
  where: string,
  bucketExists: () => Promise<void>,
): Promise<Refusal> {
  const { status, bytes } = answer;
  const code = xmlText(parseXml(bytes), 'Code') ?? textOf(jsonAt(bytes, 'error', 'message')) ?? '';
  const said = quoted(code);
  if (status === 412 || status === 304) return { kind: 'lost' };
  if (status === 416) return { kind: 'bad-range' };
  if (status === 404) {
    if (code !== 'NoSuchKey') await bucketExists();
    return { kind: condition === undefined ? 'absent' : 'lost' };
  }
  const common = commonRefusal(answer, where, said);
  if (common !== null) return common;
  if (status === 409) return { kind: 'again', message: `${where}: status 409${said}` };
  if (status === 400 && /md5|crc32c|hash/i.test(code)) return { kind: 'again', message: `${where}${said}` };
  if (status === 403 && /retention|hold/i.test(code)) return failed('STORAGE_CONFLICT', `${where}${said}`);
  if (status === 403)
    return failed(
      'STORAGE_DENIED',
      `${where}: access denied (403)${said}`,
      draft.method === 'GET' || draft.method === 'HEAD'
        ? 'GCS also answers 403 for a key that does not exist where storage.objects.list is not allowed: allow it, and storage.objects.get (docs/storage.md)'
        : 'docs/storage.md has the role that the door needs',
    );
  return failed('STORAGE_DENIED', `${where}: ${draft.method} was refused with status ${status}${said}`);
}
