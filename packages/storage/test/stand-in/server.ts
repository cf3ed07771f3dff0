import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

export interface Asked {
  readonly method: string;
  /** As it came, encoded, without the query. */
  readonly path: string;
  /** As it came. */
  readonly search: string;
  readonly query: ReadonlyMap<string, string>;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/**
 * What goes wrong with a request. `lost`: done, and no answer; `dropped`: neither; `cut`: the answer ends in its middle;
 * `silent`: neither done nor answered; `before`: something else happens first; `drip`: answered, a byte each 20 ms; `lostAfter`: done, then something else happens, and then no answer; `status`: that one,
 * and `done` whether it was done all the same.
 */
export type Fault =
  | 'lost'
  | 'dropped'
  | 'cut'
  | 'silent'
  | 'drip'
  | { readonly lostAfter: () => Promise<unknown> }
  | { readonly before: () => Promise<unknown>; readonly fault: Fault }
  | {
      readonly status: number;
      readonly done?: boolean;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };

/** Asked before each request; `index` counts those that came. */
export type Faults = (asked: Asked, index: number) => Fault | undefined;

export interface StandIn {
  readonly origin: string;
  readonly asked: readonly Asked[];
  /** What the next requests meet; replaces what was set before. */
  faults: Faults;
  close(): Promise<void>;
}

/** A server on loopback that hears whole requests only: what breaks off in its body was never asked. */
export async function standIn(
  answer: (asked: Asked) => Reply,
  tls?: { readonly key: string; readonly cert: string },
): Promise<StandIn> {
  const asked: Asked[] = [];
  const state: { faults: Faults } = { faults: () => undefined };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void (async () => {
      const one = await hear(request);
      if (one === null) return;
      const index = asked.push(one) - 1;
      serve(one, state.faults(one, index), answer, response);
    })();
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return {
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    asked,
    get faults() {
      return state.faults;
    },
    set faults(faults) {
      state.faults = faults;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function serve(
  asked: Asked,
  fault: Fault | undefined,
  answer: (asked: Asked) => Reply,
  response: ServerResponse,
): void {
  if (fault === 'silent') return;
  if (fault === 'dropped') return void response.destroy();
  if (typeof fault === 'object' && 'before' in fault)
    return void fault.before().finally(() => serve(asked, fault.fault, answer, response));
  if (typeof fault === 'object' && 'lostAfter' in fault) {
    answer(asked);
    return void fault.lostAfter().finally(() => response.destroy());
  }
  if (typeof fault === 'object') {
    if (fault.done === true) answer(asked);
    const body = asked.method === 'HEAD' ? '' : (fault.body ?? '');
    return void response
      .writeHead(fault.status, { 'content-length': Buffer.byteLength(body), ...fault.headers })
      .end(body);
  }
  const { status, headers = {}, body = '' } = answer(asked);
  if (fault === 'lost') return void response.destroy();
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    ...headers,
    ...(asked.method === 'HEAD' || status === 204 || status === 304
      ? {}
      : { 'content-length': bytes.length }),
  });
  if (fault === 'drip') drip(bytes, response);
  else if (fault === 'cut') {
    response.write(bytes.subarray(0, bytes.length >> 1));
    setTimeout(() => response.destroy(), 10);
  } else response.end(asked.method === 'HEAD' ? undefined : bytes);
}

function drip(bytes: Buffer, response: ServerResponse): void {
  let at = 0;
  const timer = setInterval(() => {
    if (at === bytes.length) response.end();
    else response.write(bytes.subarray(at, ++at));
  }, 20);
  response.on('close', () => clearInterval(timer));
}

async function hear(request: IncomingMessage): Promise<Asked | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) if (chunk instanceof Buffer) chunks.push(chunk);
  } catch {
    return null;
  }
  if (!request.complete) return null;
  const [path = '', search = ''] = (request.url ?? '').split(/\?(.*)/s);
  const headers = new Map<string, string>();
  for (const [name, value] of Object.entries(request.headers))
    if (typeof value === 'string') headers.set(name, value);
  return {
    method: request.method ?? '',
    path,
    search,
    query: new Map(new URLSearchParams(search.replaceAll('+', '%2B'))),
    headers,
    body: Buffer.concat(chunks),
  };
}

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
