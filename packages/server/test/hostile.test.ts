import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fsStorage, memoryStorage, StorageError, storageKey } from '@ragnos/storage';
import { content, running, target } from './running.ts';
import { ask, opened, parse, rawBytes } from './raw.ts';

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'ragv-server-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

const traversals = [
  '/../secret',
  '/metadata/../secret',
  '/metadata/../../secret',
  '/targets/../../secret',
  '/targets/%2e%2e/%2e%2e/secret',
  '/targets/..%2f..%2fsecret',
  '/targets/.%2e/.%2e/secret',
  '/targets/%252e%252e/secret',
  '/targets/..%5c..%5csecret',
  '/targets/..\\..\\secret',
  '/targets/dir%2ffile',
  '/targets/a%00.txt',
  '/targets/a\x01.txt',
  '/targets/%c0%ae%c0%ae/secret',
  '/targets/%ff',
  '/targets/%zz',
  '/targets/%',
  '/targets//etc/passwd',
  '//targets/x',
  '//secret',
  '/./metadata/timestamp.json',
  '/metadata/./timestamp.json',
  '/metadata//timestamp.json',
  '/metadata/timestamp.json/',
  '/metadata/timestamp.json%00',
  '/metadata/timestamp.json.',
  '/metadata/TIMESTAMP.json',
  '/%6detadata/timestamp.json',
  '/keys/root.p8',
  '/staging/seen.json',
  '/.storage/locks/0',
  '/targets/C:/secret',
  '/targets/nul',
  '/targets/.storage',
  '/secret',
  '*',
  'secret',
  '',
];

test.for(traversals)('traversal %j finds nothing', async (path) => {
  const root = await folder();
  await mkdir(join(root, 'public/metadata'), { recursive: true });
  await mkdir(join(root, 'public/targets/dir'), { recursive: true });
  await writeFile(join(root, 'secret'), 'SECRET');
  await writeFile(join(root, 'public/secret'), 'SECRET');
  await writeFile(join(root, 'public/targets/dir/file'), 'SECRET');
  await writeFile(join(root, 'public/metadata/timestamp.json'), 'SECRET');
  const { server } = await running({ storage: fsStorage({ root: join(root, 'public') }) });
  const answer = await ask(server.port, path);
  expect([400, 404]).toContain(answer.status);
  expect(answer.body.toString()).not.toContain('SECRET');
});

const malformed: Readonly<Record<string, string>> = {
  'no version': 'GET /\r\n\r\n',
  'no host': 'GET / HTTP/1.1\r\n\r\n',
  binary: '\x16\x03\x01\x02\x00\x01\x00\x01',
  'two lengths': 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
  'length and chunks (smuggling)':
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n',
  'bare line feed in a name': 'GET / HTTP/1.1\r\nHost: x\r\nA\nB: c\r\n\r\n',
  'space before the colon': 'GET / HTTP/1.1\r\nHost : x\r\n\r\n',
  'folded header': 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n',
  'endless headers': `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(10_000)}\r\n`,
  'a long header': `GET / HTTP/1.1\r\nHost: x\r\nA: ${'b'.repeat(100_000)}\r\n\r\n`,
  'a long target': `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
};
test.for(Object.entries(malformed))(
  'malformed: %s is refused, and the next client is served',
  async ([, bytes]) => {
    const { server } = await running();
    const { status } = parse(await rawBytes(server.port, bytes));
    expect([400, 404, 405, 408, 414, 431, 505]).toContain(status);
    expect((await ask(server.port, '/healthz')).status).toBe(200);
  },
);

test('a request smuggled in a body that nobody reads gets no answer', async () => {
  const { server } = await running();
  const inner = 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n';
  const bytes = await rawBytes(
    server.port,
    `GET /${target} HTTP/1.1\r\nHost: x\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
  );
  expect(bytes.toString().match(/HTTP\/1\.1 /g)).toHaveLength(1);
});

test('absolute form is served (RFC 9112, 3.2.2)', async () => {
  const { server } = await running();
  expect((await ask(server.port, `http://elsewhere.example/${target}?a=b`)).body).toEqual(content);
});

test('slowloris: a head that drips is cut off in bounded time', async () => {
  const { server } = await running({ limits: { headersTimeout: 200, requestTimeout: 400 } });
  const socket = await opened(server.port);
  const began = performance.now();
  const drip = setInterval(() => socket.write('A: b\r\n'), 20);
  socket.write('GET / HTTP/1.1\r\n');
  socket.resume();
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  clearInterval(drip);
  expect(performance.now() - began).toBeLessThan(3000);
});

test('a client that does not read is cut off, and makes the server hold little', async () => {
  const storage = memoryStorage();
  const key = storageKey('targets/large.bin');
  let pulled = 0;
  const length = 64 * 1024 * 1024;
  const lazy: typeof storage = {
    ...storage,
    head: async () => ({ key, size: length, etag: 'e', modified: new Date() }),
    get: async () => ({
      info: { key, size: length, etag: 'e', modified: new Date() },
      body: (async function* () {
        for (; pulled < length; pulled += 65_536) yield new Uint8Array(65_536);
      })(),
    }),
  };
  const { server } = await running({ storage: lazy, limits: { idleTimeout: 300 } });
  const socket = await opened(server.port);
  socket.pause();
  socket.write(`GET /${key} HTTP/1.1\r\nHost: x\r\n\r\n`);
  await expect.poll(() => server.connections(), { timeout: 5000 }).toBe(1);
  await expect.poll(() => server.connections(), { timeout: 5000 }).toBe(0);
  expect(pulled).toBeLessThan(32 * 1024 * 1024);
  socket.destroy();
});

test('a store that fails in the middle cuts the connection: a short body never looks whole', async () => {
  const failures: string[] = [];
  const storage = memoryStorage();
  const key = storageKey('targets/x.bin');
  await storage.putIfAbsent(key, content);
  const broken: typeof storage = {
    ...storage,
    get: async (k, options) => {
      const found = await storage.get(k, options);
      if (found === null) return null;
      const body = (async function* () {
        yield content.subarray(0, 4);
        throw new Error('disk failed');
      })();
      return { ...found, body };
    },
  };
  const { server } = await running({ storage: broken, log: { failure: (what) => failures.push(what) } });
  const answer = await ask(server.port, `/${key}`);
  expect(answer.body.length).toBeLessThan(content.length);
  await expect.poll(() => failures).toHaveLength(1);
});

test('a store that does not answer is 503 before anything is said', async () => {
  const storage = memoryStorage();
  const down: typeof storage = {
    ...storage,
    head: () => Promise.reject(new StorageError('STORAGE_UNAVAILABLE', 'down')),
  };
  const { server } = await running({ storage: down });
  for (const path of ['/metadata/timestamp.json', '/metadata/2.root.json', '/targets/a']) {
    const answer = await ask(server.port, path);
    expect(answer.status).toBe(503);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('retry-after')).toBe('1');
  }
});
