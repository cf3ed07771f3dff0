import http from 'node:http';
import https from 'node:https';
import type net from 'node:net';
import tls from 'node:tls';
import type { MuxStream, OpenRequest } from '../preload/mux.ts';
import { canonicalHost } from './dial.ts';

export type FetchRequest = Extract<OpenRequest, { readonly kind: 'fetch' }>;

/** Checks a destination and connects to it. */
export type Dial = (url: URL, method: string) => Promise<net.Socket>;

/** A response's head, as the plugin is told it. */
export interface FetchHead {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly url: string;
  readonly redirected: boolean;
}

const ownHeaders =
  /^(?:host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|accept-encoding|content-length)$/i;
/** What another origin is told too: nobody knows all the names under which keys are sent. */
const harmless =
  /^(?:accept|accept-language|cache-control|content-encoding|content-language|content-type|pragma|range|user-agent)$/i;
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Makes a plugin's request: the body comes from the stream, the response's goes to it. Every hop of a redirect is dialled,
 * and so checked, anew. @throws whatever dialling throws, before anything was confirmed
 */
export async function brokeredFetch(
  request: FetchRequest,
  stream: MuxStream,
  dial: Dial,
  maxRedirects: number,
  signal: AbortSignal,
): Promise<void> {
  let url = httpUrl(request.url);
  let { method } = request;
  let headers = request.headers.filter(([name]) => !ownHeaders.test(name));
  let hasBody = method !== 'GET' && method !== 'HEAD';
  for (let hop = 0; ; hop++) {
    const socket = await dial(url, method);
    const response = await exchange(url, method, headers, hasBody ? stream : null, socket, signal);
    const status = response.statusCode ?? 0;
    const { location } = response.headers;
    if (!redirects.has(status) || location === undefined || request.redirect === 'manual') {
      stream.confirm(headOf(response, url, hop > 0));
      response.on('error', (error) => stream.destroy(error)).pipe(stream);
      return;
    }
    response.destroy();
    if (request.redirect === 'error') throw new Error(`${url.href} redirects`);
    if (hop >= maxRedirects) throw new Error(`more than ${maxRedirects} redirects`);
    const next = httpUrl(location, url);
    if (next.origin !== url.origin) headers = headers.filter(([name]) => harmless.test(name));
    if (status === 303 || (status < 303 && method === 'POST')) {
      if (method !== 'HEAD') method = 'GET';
      headers = headers.filter(([name]) => !/^content-/i.test(name));
      hasBody = false;
    } else if (hasBody) throw new Error(`${url.href} redirects a ${method}, whose body is gone`);
    url = next;
  }
}

function httpUrl(text: string, base?: URL): URL {
  const url = new URL(text, base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new Error(`${url.protocol} is not fetched`);
  if (canonicalHost(url.hostname) === null) throw new Error(`${url.hostname} is no host`);
  return url;
}

export function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

async function exchange(
  url: URL,
  method: string,
  headers: FetchRequest['headers'],
  body: MuxStream | null,
  socket: net.Socket,
  signal: AbortSignal,
): Promise<http.IncomingMessage> {
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const createConnection = (): net.Socket =>
    secure
      ? tls.connect({ socket, host, ...(/[a-z]/i.test(host) && !host.includes(':') && { servername: host }) })
      : socket;
  const target = `${url.pathname}${url.search}`;
  const all = [...headers.flat(), 'host', url.host, 'accept-encoding', 'identity', 'connection', 'close'];
  return new Promise((resolve, reject) => {
    const options = { method, path: target, headers: all, createConnection, signal };
    const sent = (secure ? https : http).request(options);
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.once('upgrade', (_, upgraded) => {
      upgraded.destroy();
      reject(new Error('the server changes the protocol'));
    });
    if (body === null) sent.end();
    else body.pipe(sent);
  });
}

function headOf(response: http.IncomingMessage, url: URL, redirected: boolean): FetchHead {
  const { rawHeaders } = response;
  const headers = rawHeaders.flatMap((name, at): [string, string][] =>
    at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? '']] : [],
  );
  return {
    status: response.statusCode ?? 0,
    statusText: response.statusMessage ?? '',
    headers: headers.filter(([name]) => !/^(?:connection|transfer-encoding|keep-alive)$/i.test(name)),
    url: url.href,
    redirected,
  };
}
