import { once } from 'node:events';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { gzipSync } from 'node:zlib';

/** Answers one request, well or badly. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface FaultyServer {
  readonly url: URL;
  readonly port: number;
  /** Replaces the answers of a path (without a leading slash); several are given in turn, the last one again and again. */
  on(path: string, ...answers: readonly Answer[]): void;
  /** `GET /path range` of each request, in order. */
  readonly requests: readonly string[];
  /** Connections accepted so far: tells keep-alive. */
  connections(): number;
  close(): Promise<void>;
}

export interface ServerOptions {
  /** What answers paths that have no answer of their own; default 404. */
  readonly otherwise?: Answer;
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A real server on loopback, for what only a network can show. */
export async function faultyServer(options: ServerOptions = {}): Promise<FaultyServer> {
  const answers = new Map<string, Answer[]>();
  const requests: string[] = [];
  let connections = 0;
  const listener: RequestListener = (request, response) => {
    const path = (request.url ?? '').replace(/^\//, '');
    const range = request.headers.range;
    requests.push(`${request.method} /${path}${range === undefined ? '' : ` ${range}`}`);
    const queue = answers.get(path) ?? [];
    const answer = (queue.length > 1 ? queue.shift() : queue[0]) ?? options.otherwise ?? status(404);
    answer(request, response);
  };
  const server: Server =
    options.tls === undefined ? createServer(listener) : createTlsServer(options.tls, listener);
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    url: new URL(`${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/`),
    port,
    on: (path, ...given) => void answers.set(path, [...given]),
    requests,
    connections: () => connections,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** An honest answer, ranges included. */
export function body(bytes: Uint8Array, options: { readonly ranges?: boolean } = {}): Answer {
  return (request, response) => {
    const first =
      options.ranges === false ? undefined : /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    if (first === undefined) {
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
      return;
    }
    const rest = bytes.subarray(Number(first));
    const range = `bytes ${first}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(206, { 'content-length': rest.length, 'content-range': range }).end(rest);
  };
}

export function status(code: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_request, response) => void response.writeHead(code, headers).end();
}

/** Announces all of `bytes`, sends the first `after`, then closes the connection. */
export function cut(bytes: Uint8Array, after: number): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    response.write(bytes.subarray(0, after), () => response.destroy());
  };
}

/** Sends without end, as fast as it is read. */
export const endless: Answer = (_request, response) => {
  response.writeHead(200);
  endlessly(response);
};

/** The body of `endless`, after a head of your own. */
export function endlessly(response: ServerResponse): void {
  let open = true;
  response.on('close', () => (open = false)); // `destroyed` comes too late, or not at all
  const more = (error?: unknown): void => {
    if (open && !error) response.write(new Uint8Array(16_384), more);
  };
  more();
}

/** One byte every `everyMs`. */
export function drip(bytes: Uint8Array, everyMs: number): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-length': bytes.length });
    let sent = 0;
    const timer = setInterval(() => response.write(bytes.subarray(sent, ++sent)), everyMs);
    response.on('close', () => clearInterval(timer));
  };
}

/** Sends the head and `after` bytes, then nothing more; with no `bytes`, not even a head. */
export function stall(bytes: Uint8Array | null = null, after = 0): Answer {
  return (_request, response) => {
    if (bytes === null) return;
    response.writeHead(200, { 'content-length': bytes.length });
    response.flushHeaders();
    if (after > 0) response.write(bytes.subarray(0, after));
  };
}

/** Compressed, whatever was asked for. */
export function gzipped(bytes: Uint8Array): Answer {
  return (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(bytes));
  };
}

export function redirect(location: string, code = 302): Answer {
  return status(code, { location });
}
