import { expect, test } from 'vitest';
import { storageKey } from '@ragnos/storage';
import { content, running, sha256, target } from './running.ts';
import { ask } from './raw.ts';

test('a target: length, type, tag and the caching rule of INTEROP', async () => {
  const { server } = await running();
  const got = await ask(server.port, `/${target}`);
  expect(got.status).toBe(200);
  expect(got.body).toEqual(content);
  expect(got.headers.get('content-length')).toBe('10');
  expect(got.headers.get('content-type')).toBe('text/plain; charset=utf-8');
  expect(got.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(got.headers.get('etag')).toMatch(/^"[^"]+"$/);
  expect(got.headers.get('accept-ranges')).toBe('bytes');
});

test('timestamp.json is never stored; versioned metadata is immutable', async () => {
  const { server } = await running();
  expect((await ask(server.port, '/metadata/timestamp.json')).headers.get('cache-control')).toBe('no-store');
  expect((await ask(server.port, '/metadata/1.root.json')).headers.get('cache-control')).toMatch(/immutable/);
});

test('security headers are on every answer', async () => {
  const { server } = await running();
  for (const path of [`/${target}`, '/metadata/9.root.json', '/', '/healthz', '/nowhere']) {
    const { headers } = await ask(server.port, path);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*sandbox/);
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
    expect(headers.get('x-powered-by')).toBeUndefined();
  }
});

test('HEAD is GET without the body', async () => {
  const { server } = await running();
  for (const path of [`/${target}`, '/metadata/timestamp.json', '/', '/healthz', '/absent']) {
    const get = await ask(server.port, path);
    const head = await ask(server.port, path, {}, 'HEAD');
    expect(head.status).toBe(get.status);
    expect(head.body).toHaveLength(0);
    for (const name of ['etag', 'content-length', 'content-type', 'cache-control'])
      expect(head.headers.get(name)).toBe(get.headers.get(name));
  }
});

test('an absent root is 404, and nothing keeps that answer', async () => {
  const { server, storage } = await running();
  const absent = await ask(server.port, '/metadata/2.root.json');
  expect(absent.status).toBe(404);
  expect(absent.headers.get('cache-control')).toBe('no-store');
  await storage.putIfAbsent(storageKey('metadata/2.root.json'), Buffer.from('{"root":2}'));
  expect((await ask(server.port, '/metadata/2.root.json')).body.toString()).toBe('{"root":2}');
});

test('what somebody else commits shows on the next request', async () => {
  const { server, storage } = await running();
  const key = storageKey('metadata/timestamp.json');
  for (let version = 2; version < 12; version++) {
    const { etag = '' } = (await storage.head(key)) ?? {};
    await storage.compareAndSwap(key, Buffer.from(`{"v":${version}}`), {}, etag);
    const answers = await Promise.all([1, 2, 3].map(() => ask(server.port, `/${key}`)));
    for (const answer of answers) expect(answer.body.toString()).toBe(`{"v":${version}}`);
  }
});

test('a role whose name holds a slash is asked for by its encoded name', async () => {
  const { server } = await running();
  expect((await ask(server.port, '/metadata/1.a%2Fb.json')).body.toString()).toBe('{"role":"a/b"}');
});

test('other methods are 405 with Allow, whether the file is there or not', async () => {
  const { server } = await running();
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'PROPFIND']) {
    const answer = await ask(server.port, `/${target}`, {}, method);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  }
});

test('no listing of folders', async () => {
  const { server } = await running();
  for (const path of ['/metadata', '/metadata/', '/targets', '/targets/', '/targets/dir', '/targets/dir/'])
    expect((await ask(server.port, path)).status).toBe(404);
});

test('only given origins may read', async () => {
  const { server } = await running({ cors: ['https://ok.example'] });
  const allowed = await ask(server.port, `/${target}`, { Origin: 'https://ok.example' });
  expect(allowed.headers.get('access-control-allow-origin')).toBe('https://ok.example');
  expect(allowed.headers.get('vary')).toBe('Origin');
  expect(allowed.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  const other = await ask(server.port, `/${target}`, { Origin: 'https://ok.example.evil' });
  expect(other.headers.get('access-control-allow-origin')).toBeUndefined();
  expect(other.headers.get('vary')).toBe('Origin');
  const asked = { Origin: 'https://ok.example', 'Access-Control-Request-Method': 'GET' };
  expect((await ask(server.port, `/${target}`, asked, 'OPTIONS')).status).toBe(204);
  const closed = await running();
  expect((await ask(closed.server.port, `/${target}`, asked, 'OPTIONS')).status).toBe(405);
});

test('the landing page names the first root and repeats nothing from the request', async () => {
  const { server } = await running();
  const page = await ask(server.port, '/', { 'X-Forwarded-Host': '<script>' });
  const text = page.body.toString();
  expect(text).toContain(sha256('{"root":1}'));
  expect(text).toContain(`ragv trust init ${server.url}`);
  expect(text).not.toContain('<script>');
  const off = await running({ landingPage: false });
  expect((await ask(off.server.port, '/')).status).toBe(404);
});

test('healthz says whether there is a repository', async () => {
  const { server, storage } = await running();
  expect((await ask(server.port, '/healthz')).status).toBe(200);
  await storage.delete(storageKey('metadata/timestamp.json'));
  expect((await ask(server.port, '/healthz')).status).toBe(503);
});
