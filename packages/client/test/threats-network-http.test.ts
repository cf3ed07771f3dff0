// THREATS.md, "Network", over real connections: what one request can meet.
import type { Fetcher, HttpOptions } from '@ragnos/client';
import { fileFetcher, httpFetcher } from '@ragnos/client';
import type { FaultyServer } from '@ragnos/testkit';
import {
  body,
  cut,
  drip,
  endless,
  endlessly,
  faultyServer,
  gzipped,
  redirect,
  selfSigned,
  stall,
  status,
} from '@ragnos/testkit';
import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { bytes, codeOf, temporary, text } from './setup.ts';

const payload = bytes('0123456789'.repeat(10_000));
let server: FaultyServer;
beforeEach(async () => {
  server = await faultyServer();
});
afterEach(() => server.close());

const quick: HttpOptions = { idleTimeoutMs: 5_000, slowestBytesPerSecond: 1e9, backoffMs: 1, env: {} };
/** For answers that never end; a busy machine must not make others late. */
const impatient: HttpOptions = { ...quick, idleTimeoutMs: 300, totalTimeoutMs: 800 };

async function all(
  fetcher: Fetcher,
  url: URL,
  options: { readonly maxLength?: number; readonly offset?: number; readonly signal?: AbortSignal } = {},
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of fetcher.fetch(url, { maxLength: 1_000_000, ...options })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function get(
  path: string,
  options: Parameters<typeof all>[2] = {},
  http: HttpOptions = quick,
): Promise<Uint8Array> {
  return all(httpFetcher(http), new URL(path, server.url), options);
}

describe('refused, each with its own code', () => {
  const table: Record<string, [answer: Parameters<FaultyServer['on']>[1], code: string, requests: number]> = {
    'endless data': [endless, 'DOWNLOAD_LENGTH', 1],
    'more than announced to us': [body(new Uint8Array(1_000_001)), 'DOWNLOAD_LENGTH', 1],
    'a cut body': [cut(payload, 5_000), 'CUT', 1],
    'a stall before the head': [stall(), 'STALLED', 1],
    'a stall after the head': [stall(payload), 'STALLED', 1],
    'a stall in the body': [stall(payload, 100), 'STALLED', 1],
    'a slow drip': [drip(payload, 20), 'STALLED', 1],
    '404': [status(404), 'NOT_FOUND_REMOTE', 1],
    '410': [status(410), 'NOT_FOUND_REMOTE', 1],
    '403, which is not 404': [status(403), 'FORBIDDEN_REMOTE', 1],
    '401': [status(401), 'FORBIDDEN_REMOTE', 1],
    '400': [status(400), 'HTTP_STATUS', 1],
    '204': [status(204), 'HTTP_STATUS', 1],
    '304 to nothing asked': [status(304), 'HTTP_STATUS', 1],
    '500, asked again': [status(500), 'HTTP_STATUS', 4],
    '429, asked again': [status(429), 'HTTP_STATUS', 4],
    'gzip where none was asked': [gzipped(payload), 'ENCODING', 1],
    'a range that was not asked for': [status(206, { 'content-range': 'bytes 0-1/2' }), 'DOWNLOAD', 1],
    'redirect to another origin': [redirect('http://127.0.0.1:1/x'), 'REDIRECT', 1],
    'redirect to another host': [redirect('//other.example/x'), 'REDIRECT', 1],
    'redirect with credentials': [redirect('http://user:secret@127.0.0.1/x'), 'REDIRECT', 1],
    'redirect to a file': [redirect('file:///etc/passwd'), 'REDIRECT', 1],
    'redirect to nowhere': [status(302), 'REDIRECT', 1],
    'redirect in a circle': [redirect('/x'), 'REDIRECT', 6],
  };
  test.each(Object.entries(table))('%s', async (_name, [answer, code, requests]) => {
    server.on('x', answer);
    const http = code === 'STALLED' ? impatient : quick;
    await expect(get('x', {}, http)).rejects.toMatchObject({ code });
    expect(server.requests).toHaveLength(requests);
  });

  test('nobody listens', async () => {
    const { port } = server;
    await server.close();
    server = await faultyServer();
    const error = all(httpFetcher(quick), new URL(`http://127.0.0.1:${port}/x`));
    await expect(error).rejects.toMatchObject({ code: 'DOWNLOAD', transient: true });
  });

  test('an abort is the reason given, at once, also in the middle of a body', async () => {
    server.on('x', stall(payload, 100));
    const controller = new AbortController();
    const reason = new Error('enough');
    setTimeout(() => controller.abort(reason), 30);
    await expect(get('x', { signal: controller.signal }, { env: {} })).rejects.toBe(reason);
    await expect(get('x', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('what works', () => {
  test('a file, over one kept connection', async () => {
    const fetcher = httpFetcher(quick);
    for (const path of ['a', 'b', 'c']) {
      server.on(path, body(payload));
      expect(await all(fetcher, new URL(path, server.url))).toEqual(Buffer.from(payload));
    }
    expect(server.connections()).toBe(1);
    fetcher.close();
  });

  test('a 404 and a redirect keep the connection, an endless error page does not hold us', async () => {
    const fetcher = httpFetcher(quick);
    server.on('a', (_request, response) => void response.writeHead(404).end('a short page'));
    server.on('b', redirect('/c'));
    server.on('c', body(payload));
    expect(await codeOf(all(fetcher, new URL('a', server.url)))).toBe('NOT_FOUND_REMOTE');
    expect((await all(fetcher, new URL('b', server.url))).length).toBe(payload.length);
    expect(server.connections()).toBe(1);
    server.on('d', (_request, response) => {
      response.writeHead(404);
      endlessly(response);
    });
    expect(await codeOf(all(fetcher, new URL('d', server.url)))).toBe('NOT_FOUND_REMOTE');
    fetcher.close();
  });

  test('the server recovers between two attempts', async () => {
    server.on('x', status(503), status(500), body(payload));
    expect((await get('x')).length).toBe(payload.length);
  });

  test('a redirect within the origin', async () => {
    server.on('x', redirect('/y', 307));
    server.on('y', body(payload));
    expect((await get('x')).length).toBe(payload.length);
  });

  test('from an offset, with 206; and with 200 from a server that knows no ranges', async () => {
    server.on('x', body(payload), body(payload, { ranges: false }));
    const rest = Buffer.from(payload.subarray(12_345));
    expect(await get('x', { offset: 12_345 })).toEqual(rest);
    expect(await get('x', { offset: 12_345 })).toEqual(rest);
    expect(server.requests).toEqual(['GET /x bytes=12345-', 'GET /x bytes=12345-']);
  });

  test('a 206 for another range is refused', async () => {
    const lie = { 'content-range': `bytes 0-9/${payload.length}`, 'content-length': '0' };
    server.on('x', status(206, lie));
    await expect(get('x', { offset: 10 })).rejects.toMatchObject({ code: 'DOWNLOAD' });
  });

  test('a slow writer is not a slow server', async () => {
    server.on('x', body(payload));
    let received = 0;
    for await (const chunk of httpFetcher({ ...quick, idleTimeoutMs: 300 }).fetch(new URL('x', server.url), {
      maxLength: 1_000_000,
    })) {
      received += chunk.length;
      if (received === chunk.length) await new Promise((resolve) => setTimeout(resolve, 450));
    }
    expect(received).toBe(payload.length);
  });
});

describe('TLS and plain HTTP', () => {
  test('http off loopback needs to be allowed', async () => {
    const fetch = (url: string, http: HttpOptions): Promise<Uint8Array> =>
      all(httpFetcher(http), new URL(url));
    for (const url of [
      'http://plugins.example/x',
      'http://127.0.0.1.example/x',
      'http://10.0.0.1/x',
      'ftp://x/y',
    ])
      await expect(fetch(url, quick)).rejects.toMatchObject({ code: 'INSECURE_URL' });
  });

  test('a certificate nobody vouches for is fatal, also with NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    const tls = selfSigned(['127.0.0.1']);
    const secure = await faultyServer({ tls });
    secure.on('x', body(payload), redirect(server.url.href));
    const url = new URL('x', secure.url);
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      await expect(all(httpFetcher(quick), url)).rejects.toMatchObject({ code: 'TLS' });
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
    expect(secure.requests).toEqual([]);
    const trusting = httpFetcher({ ...quick, ca: tls.cert });
    expect((await all(trusting, url)).length).toBe(payload.length);
    await expect(all(trusting, url)).rejects.toMatchObject({ code: 'REDIRECT' }); // to http
    trusting.close();
    await secure.close();
  });

  test('a certificate for another host is fatal', async () => {
    const tls = selfSigned(['other.example']);
    const secure = await faultyServer({ tls });
    const fetcher = httpFetcher({ ...quick, ca: tls.cert });
    await expect(all(fetcher, new URL('x', secure.url))).rejects.toMatchObject({ code: 'TLS' });
    await secure.close();
  });
});

describe('file: URLs', () => {
  const fetch = (path: string, options: Parameters<typeof all>[2] = {}): Promise<Uint8Array> =>
    all(fileFetcher(), new URL(path), options);

  test('a file, from an offset, within its bound', async () => {
    const folder = temporary();
    await writeFile(join(folder, 'ä b#c'), 'hello');
    const { href } = pathToFileURL(join(folder, 'ä b#c'));
    expect(text(await fetch(href))).toBe('hello');
    expect(text(await fetch(href, { offset: 2 }))).toBe('llo');
    await expect(fetch(href, { maxLength: 4 })).rejects.toMatchObject({ code: 'DOWNLOAD_LENGTH' });
  });

  test('absent, a folder, a pipe, a broken link: not found, and never a hang', async () => {
    const folder = temporary();
    await mkdir(join(folder, 'folder'));
    await symlink('nowhere', join(folder, 'link'));
    if (process.platform !== 'win32') execFileSync('mkfifo', [join(folder, 'pipe')]);
    else await mkdir(join(folder, 'pipe'));
    for (const name of ['absent', 'folder', 'link', 'pipe', 'absent/x'])
      expect(`${name} ${await codeOf(fetch(pathToFileURL(join(folder, name)).href))}`).toBe(
        `${name} NOT_FOUND_REMOTE`,
      );
  });

  test('an encoded slash is part of a published name, another host is refused', async () => {
    const folder = temporary();
    await writeFile(join(folder, '1.a%2Fb.json'), 'role');
    expect(text(await fetch(`${pathToFileURL(folder).href}/1.a%2Fb.json`))).toBe('role');
    await expect(fetch('file://server/share/x')).rejects.toMatchObject({ code: 'INSECURE_URL' });
    await expect(fetch('https://server/x')).rejects.toMatchObject({ code: 'INSECURE_URL' });
  });
});
