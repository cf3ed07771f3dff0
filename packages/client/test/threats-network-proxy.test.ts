// THREATS.md, "Network": a proxy from the environment. Absolute form for http, CONNECT for https, loopback never.
import { httpFetcher } from '@ragnos/client';
import type { HttpOptions } from '@ragnos/client';
import { body, faultyServer, selfSigned, status } from '@ragnos/testkit';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { bytes, text } from './setup.ts';

let proxy: Server;
let seen: string[];
let tunnelTo = 0;
beforeEach(async () => {
  seen = [];
  tunnelTo = 0;
  proxy = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
    response.end('by proxy');
  });
  proxy.on('connect', (request, socket) => {
    seen.push(`CONNECT ${request.url} ${request.headers['proxy-authorization'] ?? '-'}`);
    if (tunnelTo === 0) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const upstream = connect(tunnelTo, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    for (const end of [upstream, socket]) end.on('error', () => undefined);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
});
afterEach(() => {
  proxy.closeAllConnections();
  proxy.close();
});

function proxyUrl(user = ''): string {
  const address = proxy.address();
  return `http://${user}127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
}

async function get(url: string, options: HttpOptions): Promise<string> {
  const chunks: Uint8Array[] = [];
  const fetcher = httpFetcher({ backoffMs: 1, attempts: 2, ...options });
  try {
    for await (const chunk of fetcher.fetch(new URL(url), { maxLength: 1000 })) chunks.push(chunk);
  } finally {
    fetcher.close();
  }
  return text(Buffer.concat(chunks));
}

test('http: the whole URL is asked of the proxy, with its password', async () => {
  const env = { HTTP_PROXY: proxyUrl('user:secret@') };
  expect(await get('http://plugins.example/metadata/timestamp.json', { allowHttp: true, env })).toBe(
    'by proxy',
  );
  const basic = Buffer.from('user:secret').toString('base64');
  expect(seen).toEqual([`GET http://plugins.example/metadata/timestamp.json Basic ${basic}`]);
});

test('https: a tunnel, in which the certificate of the repository is checked as ever', async () => {
  const tls = selfSigned(['plugins.example']);
  const server = await faultyServer({ tls });
  server.on('x', body(bytes('through the tunnel')));
  tunnelTo = server.port;
  const env = { https_proxy: proxyUrl() };
  expect(await get('https://plugins.example/x', { env, ca: tls.cert })).toBe('through the tunnel');
  expect(seen).toEqual(['CONNECT plugins.example:443 -']);
  await expect(get('https://plugins.example/x', { env })).rejects.toMatchObject({ code: 'TLS' });
  await expect(get('https://other.example/x', { env, ca: tls.cert })).rejects.toMatchObject({ code: 'TLS' });
  await server.close();
});

test('a proxy that refuses the tunnel', async () => {
  const error = get('https://plugins.example/x', { env: { HTTPS_PROXY: proxyUrl() } });
  await expect(error).rejects.toMatchObject({
    code: 'DOWNLOAD',
    hint: 'the proxy refused; check HTTPS_PROXY and NO_PROXY',
  });
});

test('loopback and NO_PROXY never go through it', async () => {
  const server = await faultyServer();
  server.on('x', body(bytes('direct')));
  server.on('y', status(404));
  const env = { HTTP_PROXY: proxyUrl(), NO_PROXY: 'plugins.invalid' };
  expect(await get(new URL('x', server.url).href, { env })).toBe('direct');
  await expect(get('http://plugins.invalid/x', { env, allowHttp: true })).rejects.toMatchObject({
    code: 'DOWNLOAD',
  });
  expect(seen).toEqual([]);
  await server.close();
});
