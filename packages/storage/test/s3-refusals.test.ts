/** What S3 refuses, and what the driver says then; what an address asks of every put. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  openStorage,
  parseStoreUri,
  prepareBucket,
  storageKey,
  type OpenStorageOptions,
  type Storage,
} from '@ragnos/storage';
import { selfSigned } from '@ragnos/testkit';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { payloadOfBytes } from '../src/object/payload.ts';
import { digestHeaders } from '../src/s3/dialect.ts';
import { s3Settings } from '../src/s3/settings.ts';
import { standIn, type Fault } from './stand-in/server.ts';
import { s3StandIn, type S3StandIn } from './stand-in/s3.ts';

const key = storageKey('metadata/timestamp.json');
const utf8 = (text: string): Uint8Array => Buffer.from(text);
const fast: OpenStorageOptions = { retry: { backoffMs: 1, attempts: 4 } };
const code = (expected: string): unknown => expect.objectContaining({ name: 'StorageError', code: expected });

let server: S3StandIn;
let storage: Storage;
let rounds = 0;
const open = (parameters = '', options: OpenStorageOptions = {}): Promise<Storage> =>
  openStorage(server.uri('bucket', `r${rounds}`, parameters), { env: server.env, ...fast, ...options });
const always = (method: string, fault: Fault): void => {
  server.faults = (asked) => (asked.method === method ? fault : undefined);
};

beforeAll(async () => {
  server = await s3StandIn();
  await prepareBucket(server.uri('bucket'), { env: server.env, objectLock: true });
});
afterAll(() => server.close());
beforeEach(async () => {
  server.faults = () => undefined;
  rounds++;
  storage = await open();
});

describe('what the store refuses', () => {
  const refusals: Readonly<Record<string, readonly [fault: Fault, code: string, hint: RegExp]>> = {
    'a redirect': [
      { status: 307, headers: { location: 'http://elsewhere.example/' } },
      'STORAGE_BAD_URI',
      /redirects are not followed/,
    ],
    'a bucket of another region': [
      {
        status: 301,
        headers: { 'x-amz-bucket-region': 'ap-south-1' },
        body: '<Error><Code>PermanentRedirect</Code></Error>',
      },
      'STORAGE_BAD_URI',
      /region=ap-south-1/,
    ],
    'a clock that is wrong': [
      {
        status: 403,
        headers: { date: new Date(Date.now() - 3_600_000).toUTCString() },
        body: '<Error><Code>RequestTimeTooSkewed</Code></Error>',
      },
      'STORAGE_DENIED',
      /set the clock/,
    ],
    'a key that it may not see': [
      { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' },
      'STORAGE_DENIED',
      /403 for a key that does not exist where s3:ListBucket is not allowed/,
    ],
    'an unknown access key': [
      { status: 403, body: '<Error><Code>InvalidAccessKeyId</Code></Error>' },
      'STORAGE_DENIED',
      /./,
    ],
    'a missing bucket': [
      { status: 404, body: '<Error><Code>NoSuchBucket</Code></Error>' },
      'STORAGE_CONFLICT',
      /ragv init/,
    ],
  };
  for (const [name, [fault, expected, hint]] of Object.entries(refusals))
    test(`${name}: ${expected}`, async () => {
      always('GET', fault);
      const error: unknown = await storage.get(key).catch((error: unknown) => error);
      expect(error).toEqual(code(expected));
      const said = error instanceof Error && 'hint' in error ? `${error.message} ${String(error.hint)}` : '';
      expect(said).toMatch(hint);
    });
  test('the clock is said by how much', async () => {
    const date = new Date(Date.now() - 3_600_000).toUTCString();
    always('GET', {
      status: 403,
      headers: { date },
      body: '<Error><Code>RequestTimeTooSkewed</Code></Error>',
    });
    await expect(storage.get(key)).rejects.toThrow(/360\d s ahead/);
  });
  test('a quota: STORAGE_FULL', async () => {
    always('PUT', { status: 403, body: '<Error><Code>QuotaExceeded</Code></Error>' });
    await expect(storage.putIfAbsent(key, utf8('1'))).rejects.toThrow(code('STORAGE_FULL'));
  });
  test('a wrong secret: STORAGE_DENIED, which does not say it', async () => {
    const wrong = await open('', { env: { ...server.env, AWS_SECRET_ACCESS_KEY: 'hunter2' } });
    const error: unknown = await wrong.get(key).catch((error: unknown) => error);
    expect(error).toEqual(code('STORAGE_DENIED'));
    expect(JSON.stringify([error, String(error)])).not.toContain('hunter2');
  });
});

describe('TLS', () => {
  test('a certificate that nobody vouches for is refused at once, whatever the environment says', async () => {
    const tls = await standIn(() => ({ status: 200 }), selfSigned(['127.0.0.1']));
    const env = { ...server.env, NODE_TLS_REJECT_UNAUTHORIZED: '0' };
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const storage = await openStorage(`s3://bucket?endpoint=${tls.origin}`, { env });
      await expect(storage.get(key)).rejects.toMatchObject({
        code: 'STORAGE_UNAVAILABLE',
        hint: expect.stringContaining('NODE_EXTRA_CA_CERTS') as unknown,
      });
      expect(tls.asked).toEqual([]);
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      await tls.close();
    }
  });
  test('one that is vouched for is spoken to', async () => {
    const made = selfSigned(['127.0.0.1']);
    const tls = await standIn(() => ({ status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' }), made);
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, made.cert]);
    try {
      const storage = await openStorage(`s3://bucket?endpoint=${tls.origin}`, { env: server.env });
      expect(await storage.get(key)).toBeNull();
    } finally {
      setDefaultCACertificates([...before]);
      await tls.close();
    }
  });
});

describe('a bucket that is not there is never an empty one', () => {
  const calls: Readonly<Record<string, (storage: Storage) => Promise<unknown>>> = {
    get: (storage) => storage.get(key),
    head: (storage) => storage.head(key),
    put: (storage) => storage.putIfAbsent(key, utf8('1')),
    swap: (storage) => storage.compareAndSwap(key, utf8('1'), {}, 'etag'),
    delete: (storage) => storage.delete(key),
    list: async (storage) => {
      for await (const entry of storage.list('')) expect(entry).toBeUndefined();
    },
  };
  for (const [name, call] of Object.entries(calls))
    test(`on ${name}`, async () => {
      const nowhere = await openStorage(server.uri('nowhere'), { env: server.env, ...fast });
      await expect(call(nowhere)).rejects.toThrow(code('STORAGE_CONFLICT'));
    });
});

describe('Amazon itself', () => {
  const settingsOf = (uri: string) => {
    const address = parseStoreUri(uri);
    if (address.scheme !== 's3') throw new Error('another scheme');
    return s3Settings(address, { AWS_REGION: 'eu-west-1' });
  };
  test('is spoken to at the host of the bucket and its region, with one digest', () => {
    const settings = settingsOf('s3://bucket/vault');
    expect(settings).toMatchObject({
      base: '',
      amazon: true,
      origin: new URL('https://bucket.s3.eu-west-1.amazonaws.com'),
    });
    const headers = digestHeaders(settings, payloadOfBytes(utf8('1')));
    expect(Object.keys(headers)).toEqual(['content-length', 'x-amz-checksum-sha256']);
  });
  test('at its own host where the name of the bucket has a dot, and in China', () => {
    expect(settingsOf('s3://my.bucket')).toMatchObject({
      base: '/my.bucket',
      origin: new URL('https://s3.eu-west-1.amazonaws.com'),
    });
    const china = settingsOf('s3://bucket?region=cn-north-1').origin.host;
    expect(china).toBe('bucket.s3.cn-north-1.amazonaws.com.cn');
  });
});

describe('settings of the address', () => {
  const headersOf = async (
    parameters: string,
    cacheControl: string,
  ): Promise<ReadonlyMap<string, string>> => {
    const put = await (await open(parameters)).putIfAbsent(key, utf8('1'), { cacheControl });
    expect(put.created).toBe(true);
    return server.asked.at(-1)?.headers ?? new Map<string, string>();
  };
  test('lock: what never changes is kept for its days', async () => {
    const headers = await headersOf('&lock=compliance&lock-days=30', 'public, max-age=31536000, immutable');
    expect(headers.get('x-amz-object-lock-mode')).toBe('COMPLIANCE');
    const until = Date.parse(headers.get('x-amz-object-lock-retain-until-date') ?? '');
    expect(Math.round((until - Date.now()) / 86_400_000)).toBe(30);
  });
  test('lock: what is swapped is not', async () =>
    expect((await headersOf('&lock=compliance&lock-days=30', 'no-store')).has('x-amz-object-lock-mode')).toBe(
      false,
    ));
  test('sse', async () => {
    const headers = await headersOf('&sse=aws:kms&kms-key=alias/vault', 'no-store');
    expect(headers.get('x-amz-server-side-encryption')).toBe('aws:kms');
    expect(headers.get('x-amz-server-side-encryption-aws-kms-key-id')).toBe('alias/vault');
  });
  test('a prefix and a key that are too long together', async () => {
    const long = await openStorage(server.uri('bucket', 'p'.repeat(200)), { env: server.env });
    const name = storageKey(Array.from({ length: 4 }, () => 'k'.repeat(220)).join('/'));
    await expect(long.putIfAbsent(name, utf8('1'))).rejects.toThrow(code('STORAGE_BAD_KEY'));
  });
  test('credentials that only a missing package can find', async () => {
    const none = await open('', { env: {} });
    await expect(none.get(key)).rejects.toMatchObject({
      code: 'STORAGE_PACKAGE_MISSING',
      hint: expect.stringContaining('npm install @aws-sdk/credential-provider-node') as unknown,
    });
  });
});
