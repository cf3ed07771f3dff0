import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { isLoopback } from '../uri.ts';
import { transportFailure, TransportFailure } from './failure.ts';

/** Ready to be sent: signed, its path encoded. */
export interface HttpRequest {
  readonly method: string;
  /** Scheme, host and port. */
  readonly origin: URL;
  /** Encoded, with the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream has its `content-length` among the headers. */
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
}

export interface HttpAnswer {
  readonly status: number;
  header(name: string): string | undefined;
  readonly bytes: Uint8Array;
}

/** One request as it went over the wire, for measuring and for logs. */
export interface RequestEvent {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** `0`: there was no answer. */
  readonly status: number;
  readonly milliseconds: number;
}

/** Bounds of one request; what is over is a `TransportFailure`. */
export interface HttpLimits {
  /** Longest silence: while connecting, before the answer, between two pieces of either body. */
  readonly idleMs: number;
  /** A request with its answer may take this long, and a second more per `slowestBytesPerSecond` of both bodies. */
  readonly totalMs: number;
  readonly slowestBytesPerSecond: number;
  /** An answer that is not a download is refused beyond this. */
  readonly answerMaxLength: number;
  /** Connections to one store. */
  readonly maxConnections: number;
}

export const defaultHttpLimits: HttpLimits = {
  idleMs: 20_000,
  totalMs: 60_000,
  slowestBytesPerSecond: 16_384,
  answerMaxLength: 8 * 1024 * 1024,
  maxConnections: 32,
};

export interface HttpClientOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly limits?: Partial<HttpLimits> | undefined;
  readonly onRequest?: ((event: RequestEvent) => void) | undefined;
}

interface Started {
  readonly answer: IncomingMessage;
  /** The one time limit of this request, the reading of its answer included. */
  readonly timer: NodeJS.Timeout;
  readonly finished: (status: number) => void;
}

/**
 * HTTP/1.1 over node:http: a body streams out with its length announced, which `fetch` cannot do. Follows no redirect,
 * repeats nothing, never decodes. Idle connections are kept, and do not keep the process alive.
 *
 * Calls reject with a `TransportFailure`, with the signal's reason, or with what the body of the request threw itself.
 */
export class HttpClient {
  readonly #limits: HttpLimits;
  readonly #env: HttpClientOptions['env'];
  readonly #onRequest: HttpClientOptions['onRequest'];
  readonly #agents = new Map<string, Agent>();

  constructor(options: HttpClientOptions) {
    this.#limits = { ...defaultHttpLimits, ...options.limits };
    this.#env = options.env;
    this.#onRequest = options.onRequest;
  }

  /** The whole answer, bounded. */
  async exchange(
    request: HttpRequest,
    signal: AbortSignal | undefined,
    answerMaxLength = this.#limits.answerMaxLength,
  ): Promise<HttpAnswer> {
    const started = await this.#start(request, signal, answerMaxLength);
    const { answer } = started;
    const chunks: Uint8Array[] = [];
    let length = 0;
    try {
      for await (const chunk of pieces(answer)) {
        length += chunk.length;
        if (length > answerMaxLength)
          throw new TransportFailure(`${shown(request)}: an answer of more than ${answerMaxLength} bytes`);
        chunks.push(chunk);
      }
      return {
        ...headOf(answer),
        bytes: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks),
      };
    } catch (error) {
      throw failure(request, error, signal);
    } finally {
      this.#end(started);
    }
  }

  /** A download of at most `length` bytes that are not kept. `check` sees the answer's head before its first byte. */
  async *download(
    request: HttpRequest,
    signal: AbortSignal | undefined,
    length: number,
    check: (head: Omit<HttpAnswer, 'bytes'>) => void,
  ): AsyncGenerator<Uint8Array> {
    const started = await this.#start(request, signal, length);
    try {
      check(headOf(started.answer));
      let received = 0;
      for await (const chunk of pieces(started.answer)) {
        received += chunk.length;
        if (received > length)
          throw new TransportFailure(`${shown(request)}: more bytes than the ${length} asked for`);
        yield chunk;
      }
      if (received < length)
        throw new TransportFailure(`${shown(request)}: cut at ${received} of ${length} bytes`);
    } catch (error) {
      throw failure(request, error, signal);
    } finally {
      this.#end(started);
    }
  }

  /** Closes idle connections. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  #end({ answer, timer, finished }: Started): void {
    clearTimeout(timer);
    finished(answer.statusCode ?? 0);
    if (!answer.complete || answer.readableLength > 0) answer.destroy();
  }

  #start(request: HttpRequest, signal: AbortSignal | undefined, answerLength: number): Promise<Started> {
    const { idleMs, totalMs, slowestBytesPerSecond } = this.#limits;
    const { method, origin, path, headers, body } = request;
    const begun = performance.now();
    const finished = (status: number): void =>
      this.#onRequest?.({
        method,
        path: path.split('?')[0] ?? path,
        status,
        milliseconds: performance.now() - begun,
      });
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(reasonOf(signal));
      const length = Number(headers['content-length'] ?? 0) + answerLength;
      const outgoing = this.#request(origin, {
        method,
        path,
        headers,
        timeout: idleMs,
        ...(signal === undefined ? {} : { signal }),
      });
      const late = (what: string) => (): void =>
        void outgoing.destroy(new TransportFailure(`${shown(request)}: ${what}`));
      const timer = setTimeout(late('not done in time'), totalMs + (1000 * length) / slowestBytesPerSecond);
      let source: { readonly error: unknown } | null = null;
      outgoing.on('timeout', late(`no sign of life for ${idleMs / 1000} s`));
      let answered = false;
      outgoing.on('error', (error) => {
        if (answered) return; // whoever reads the answer learns of it there
        clearTimeout(timer);
        finished(0);
        reject(source === null ? failure(request, error, signal) : source.error);
      });
      outgoing.on('response', (answer: IncomingMessage) => {
        answered = true;
        if (!outgoing.writableFinished && !outgoing.writableEnded)
          answer.once('close', () => outgoing.destroy());
        resolve({ answer, timer, finished });
      });
      if (body === undefined || body instanceof Uint8Array) outgoing.end(body);
      else
        pump(body, outgoing).catch((error: unknown) => {
          source = { error };
          outgoing.destroy(new TransportFailure('its source failed'));
        });
    });
  }

  #request(origin: URL, options: RequestOptions): ClientRequest {
    const { request } = process.getBuiltinModule(origin.protocol === 'https:' ? 'node:https' : 'node:http');
    const host = origin.hostname.replace(/^\[(.*)\]$/, '$1');
    return request({ ...options, host, port: origin.port, agent: this.#agent(origin) });
  }

  #agent(origin: URL): Agent {
    let agent = this.#agents.get(origin.origin);
    if (agent === undefined) {
      const { Agent: Http } = process.getBuiltinModule('node:http');
      const { Agent: Https } = process.getBuiltinModule('node:https');
      const options = {
        keepAlive: true,
        maxSockets: this.#limits.maxConnections,
        maxFreeSockets: 8,
        scheduling: 'lifo' as const,
        ...(isLoopback(origin.hostname) ? {} : { proxyEnv: this.#env }),
      };
      agent =
        origin.protocol === 'https:'
          ? new Https({ ...options, minVersion: 'TLSv1.2', rejectUnauthorized: true })
          : new Http(options);
      this.#agents.set(origin.origin, agent);
    }
    return agent;
  }
}

/** Ends early when the store has answered or hung up already. */
async function pump(body: AsyncIterable<Uint8Array>, outgoing: ClientRequest): Promise<void> {
  let over = false;
  const gone = new Promise<void>((resolve) => {
    const end = (): void => {
      over = true;
      resolve();
    };
    outgoing.once('response', end).once('close', end);
  });
  for await (const chunk of body) {
    if (over) return;
    if (!outgoing.write(chunk)) {
      const drained = new Promise<void>((resolve) => outgoing.once('drain', resolve));
      await Promise.race([drained, gone]);
    }
  }
  if (!over) outgoing.end();
}

async function* pieces(answer: IncomingMessage): AsyncGenerator<Uint8Array> {
  for await (const chunk of answer) if (chunk instanceof Uint8Array && chunk.length > 0) yield chunk;
  if (!answer.complete) throw new TransportFailure('the answer was cut');
}

function headOf(answer: IncomingMessage): Omit<HttpAnswer, 'bytes'> {
  return {
    status: answer.statusCode ?? 0,
    header: (name) => {
      const value = answer.headers[name];
      return typeof value === 'string' ? value : value?.[0];
    },
  };
}

function failure(request: HttpRequest, error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason;
  return transportFailure(shown(request), error);
}

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}

/** Without the query, in which a provider may keep a secret. */
function shown({ method, origin, path }: HttpRequest): string {
  return `${method} ${origin.origin}${path.split('?')[0] ?? ''}`;
}
