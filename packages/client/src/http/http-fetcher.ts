import type { IncomingMessage, RequestOptions } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { CutError, DownloadError, InsecureUrlError, RedirectError, StalledError } from '../errors.ts';
import type { Fetcher } from '../fetcher.ts';
import { defineFetcher, shown } from '../fetcher.ts';
import type { Line } from './agents.ts';
import { Lines } from './agents.ts';
import { bytesToSkip, redirectTarget } from './answer.ts';
import { requestFailure } from './failures.ts';
import type { HttpOptions, HttpSettings } from './options.ts';
import { isLoopback, settings } from './options.ts';

export interface HttpFetcher extends Fetcher {
  /** Closes idle connections; only needed where a test counts them. */
  close(): void;
}

/** `http:` and `https:`; see `HttpOptions` for what it bounds. */
export function httpFetcher(options: HttpOptions = {}): HttpFetcher {
  const set = settings(options);
  const lines = new Lines(set);
  const fetcher = defineFetcher({
    open: (url, request) => retrying(set, request.signal, () => openOnce(set, lines, url, request)),
  });
  return { ...fetcher, close: () => lines.close() };
}

const discardLength = 16_384;
const discardMs = 1_000;

interface Request {
  readonly offset: number;
  readonly maxLength: number;
  readonly signal: AbortSignal | undefined;
}

/** A GET changes nothing, so it may be asked again as long as no byte of the answer was handed on. */
async function retrying<T>(
  set: HttpSettings,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (tried >= set.attempts || !(error instanceof DownloadError) || !error.transient) throw error;
      if (error instanceof StalledError) throw error; // it has taken its time already
    }
    const pause = set.backoffMs * 2 ** (tried - 1) * (0.5 + Math.random());
    await sleep(pause, undefined, signal === undefined ? {} : { signal });
  }
}

/** Monotonic; `performance` would load perf_hooks, 5 ms. */
function uptimeMs(): number {
  return process.uptime() * 1000;
}

function check(set: HttpSettings, url: URL): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new InsecureUrlError(`${shown(url)}: expected http or https`);
  if (url.protocol === 'http:' && !set.allowHttp && !isLoopback(url.hostname))
    throw new InsecureUrlError(`${shown(url)}: http without TLS`, {
      hint: 'use https, or allow it with --allow-http',
    });
}

async function openOnce(
  set: HttpSettings,
  lines: Lines,
  url: URL,
  request: Request,
): Promise<AsyncIterable<Uint8Array>> {
  const deadline = uptimeMs() + set.totalTimeoutMs + (1000 * request.maxLength) / set.slowestBytesPerSecond;
  let current = url;
  for (let hops = 0; ; hops++) {
    check(set, current);
    const answer = await send(set, await lines.to(current), current, request);
    try {
      const next = redirectTarget(current, answer);
      if (next === null) {
        const skip = bytesToSkip(current, answer, request.offset, request.maxLength);
        return body(set, current, answer, skip, deadline);
      }
      if (hops >= set.maxRedirects)
        throw new RedirectError(`${shown(url)}: more than ${set.maxRedirects} redirects`);
      current = next;
    } catch (error) {
      await discard(answer);
      throw error;
    }
    await discard(answer);
  }
}

/** Reads a short body to its end, so that the connection is kept (every refresh begins with a 404), and cuts a long one. */
function discard(answer: IncomingMessage): Promise<void> {
  let left = discardLength;
  const timer = setTimeout(() => answer.destroy(), discardMs);
  return new Promise((resolve) => {
    answer.on('close', () => {
      clearTimeout(timer);
      resolve();
    });
    answer.on('error', () => undefined);
    answer.on('data', (chunk: Uint8Array) => {
      left -= chunk.length;
      if (left < 0) answer.destroy();
    });
  });
}

function send(
  set: HttpSettings,
  line: Line,
  url: URL,
  { offset, signal }: Request,
): Promise<IncomingMessage> {
  const options: RequestOptions = {
    headers: {
      'accept-encoding': 'identity',
      'user-agent': set.userAgent,
      ...(offset === 0 ? {} : { range: `bytes=${offset}-` }),
    },
    ...(signal === undefined ? {} : { signal }),
  };
  return new Promise((resolve, reject) => {
    const request = line.request(url, options);
    const timer = setTimeout(() => request.destroy(stalled(url, set.idleTimeoutMs)), set.idleTimeoutMs);
    request.on('response', (answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(requestFailure(url, error));
    });
    request.end();
  });
}

function stalled(url: URL, ms: number): StalledError {
  return new StalledError(`${shown(url)}: nothing arrived for ${ms / 1000} s`, { hint: 'try again later' });
}

/** The body without its first `skip` bytes. The clock runs only while we wait for the server, not while our caller writes. */
async function* body(
  set: HttpSettings,
  url: URL,
  answer: IncomingMessage,
  skip: number,
  deadline: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks: AsyncIterator<unknown> = answer[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const left = deadline - uptimeMs();
      const slow = left < set.idleTimeoutMs;
      const timer = setTimeout(
        () =>
          answer.destroy(
            slow ? new StalledError(`${shown(url)}: too slow`) : stalled(url, set.idleTimeoutMs),
          ),
        Math.max(0, Math.min(left, set.idleTimeoutMs)),
      );
      const next = await chunks.next().finally(() => clearTimeout(timer));
      ended = next.done === true;
      if (ended) break;
      const chunk: unknown = next.value;
      if (!(chunk instanceof Uint8Array)) continue;
      if (skip < chunk.length) yield skip === 0 ? chunk : chunk.subarray(skip);
      skip = Math.max(0, skip - chunk.length);
    }
    if (!answer.complete || skip > 0)
      throw new CutError(`${shown(url)}: the connection ended before the file did`);
  } catch (error) {
    if (error instanceof DownloadError) throw error;
    throw new CutError(`${shown(url)}: the connection was cut`, { cause: error });
  } finally {
    if (!ended) answer.destroy();
  }
}
