import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cloudFront, httpPurge, storageKey } from '@ragnos/storage';
import { standIn, type Reply, type StandIn } from './stand-in/server.ts';
import { signatureFault } from './stand-in/sigv4.ts';

const key = storageKey('metadata/timestamp.json');
const digest = 'a'.repeat(64);
const env = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret', CDN_TOKEN: 'hunter2' };
const retry = { backoffMs: 1, attempts: 3 };
const code = (expected: string): unknown => expect.objectContaining({ name: 'StorageError', code: expected });

let server: StandIn;
let reply: Reply;
beforeEach(async () => {
  reply = { status: 201 };
  server = await standIn(() => reply);
});
afterEach(() => server.close());

describe('cloudFront', () => {
  const open = (more: { readonly prefix?: string } = {}) =>
    cloudFront({ distribution: 'E1A2B3', endpoint: server.origin, env, retry, ...more });
  const errorReply = (status: number, name: string): Reply => ({
    status,
    body: `<?xml version="1.0"?>\n<ErrorResponse xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"><Error><Type>Sender</Type><Code>${name}</Code></Error></ErrorResponse>`,
  });
  const sent = (): string => server.asked.at(-1)?.body.toString() ?? '';
  const reference = (): string => /<CallerReference>(.*)<\/CallerReference>/.exec(sent())?.[1] ?? '';

  test('asks for one signed invalidation', async () => {
    await open().purge([key], digest);
    expect(server.asked).toHaveLength(1);
    const [asked] = server.asked;
    expect(asked?.path).toBe('/2020-05-31/distribution/E1A2B3/invalidation');
    const account = {
      accessKeyId: 'id',
      secretAccessKey: 'secret',
      region: 'us-east-1',
      service: 'cloudfront',
    };
    expect(asked === undefined ? '' : signatureFault(asked, account, new Date())).toBeNull();
    expect(sent()).toContain('<Quantity>1</Quantity><Items><Path>/metadata/timestamp.json</Path></Items>');
  });
  test('the same purge is the same invalidation, another is another', async () => {
    await open().purge([key], digest);
    const first = reference();
    await open().purge([key], digest);
    expect(reference()).toBe(first);
    await open().purge([key], 'b'.repeat(64));
    expect(reference()).not.toBe(first);
    await open().purge([key, storageKey('other')], digest);
    expect(reference()).not.toBe(first);
  });
  test('a prefix and odd names are encoded', async () => {
    await open({ prefix: 'my vault/' }).purge([storageKey('a&b')], digest);
    expect(sent()).toContain('<Path>/my%20vault/a%26b</Path>');
  });
  test('nothing to purge asks nothing', async () => {
    await open().purge([], digest);
    expect(server.asked).toEqual([]);
  });
  test('too many at once: asked again, then given up', async () => {
    reply = errorReply(400, 'TooManyInvalidationsInProgress');
    await expect(open().purge([key], digest)).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
    expect(server.asked).toHaveLength(3);
  });
  const refusals = {
    NoSuchDistribution: [404, 'STORAGE_BAD_URI'],
    AccessDenied: [403, 'STORAGE_DENIED'],
  } as const;
  for (const [name, [status, expected]] of Object.entries(refusals))
    test(`${name}: ${expected}`, async () => {
      reply = errorReply(status, name);
      await expect(open().purge([key], digest)).rejects.toThrow(code(expected));
      expect(server.asked).toHaveLength(1);
    });
  test('what is no distribution is refused at once', () =>
    expect(() => cloudFront({ distribution: '../x', env })).toThrow(code('STORAGE_BAD_URI')));
});

describe('httpPurge', () => {
  const url = (): string => `${server.origin}/site/{key}?soft=1`;
  test('a request for each key, with its secret', async () => {
    const purger = httpPurge({ url: url(), header: { name: 'Fastly-Key', env: 'CDN_TOKEN' }, env });
    await purger.purge([key, storageKey('a b')], digest);
    expect(server.asked.map(({ method, path, search }) => `${method} ${path}?${search}`)).toEqual([
      'PURGE /site/metadata/timestamp.json?soft=1',
      'PURGE /site/a%20b?soft=1',
    ]);
    expect(server.asked[0]?.headers.get('fastly-key')).toBe('hunter2');
    expect(purger.description).not.toContain('hunter2');
  });
  test('a body, where the CDN wants one', async () => {
    const body = '{"files":["https://cdn.example/{key}"]}';
    await httpPurge({ url: `${server.origin}/purge`, method: 'POST', body, env }).purge([key], digest);
    expect(server.asked[0]?.body.toString()).toBe(
      '{"files":["https://cdn.example/metadata/timestamp.json"]}',
    );
    expect(server.asked[0]?.headers.get('content-type')).toBe('application/json');
  });
  test('what the CDN did not have is purged', async () => {
    reply = { status: 404 };
    await httpPurge({ url: url(), env }).purge([key], digest);
    expect(server.asked).toHaveLength(1);
  });
  test('a 404 to another method is a wrong address', async () => {
    reply = { status: 404 };
    await expect(httpPurge({ url: url(), method: 'POST', env }).purge([key], digest)).rejects.toThrow(
      code('STORAGE_DENIED'),
    );
  });
  test('a redirect is not followed', async () => {
    reply = { status: 302, headers: { location: 'http://elsewhere.example/' } };
    await expect(httpPurge({ url: url(), env }).purge([key], digest)).rejects.toThrow(code('STORAGE_DENIED'));
  });
  test('no answer: asked again, then given up', async () => {
    server.faults = () => 'dropped';
    await expect(httpPurge({ url: url(), env, retry }).purge([key], digest)).rejects.toThrow(
      code('STORAGE_UNAVAILABLE'),
    );
    expect(server.asked).toHaveLength(3);
  });
  const bad = {
    'http off this machine': { url: 'http://cdn.example/{key}' },
    'a password': { url: 'https://a:b@cdn.example/{key}' },
    'no {key}': { url: 'https://cdn.example/' },
    'a method that is none': { url: 'https://cdn.example/{key}', method: 'GET /' },
    'a header that is none': { url: 'https://cdn.example/{key}', header: { name: 'a: b', env: 'CDN_TOKEN' } },
  };
  for (const [name, options] of Object.entries(bad))
    test(`${name} is refused at once`, () =>
      expect(() => httpPurge({ ...options, env })).toThrow(code('STORAGE_BAD_URI')));
  test('a secret that is not set is said by the name of its variable', () =>
    expect(() => httpPurge({ url: url(), header: { name: 'x', env: 'NO_SUCH' }, env })).toThrow(
      /NO_SUCH is not set/,
    ));
});
