import { Readable } from 'node:stream';
import { listOf, objectOf } from './objects.ts';
import { brokerMux } from './tunnel.ts';

/** `fetch` as the web has it, made by the broker: it sees the method, and follows redirects only where they are granted. */
export async function brokeredFetch(input: string | URL | Request, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  request.signal.throwIfAborted();
  const mux = brokerMux(`${request.method} ${request.url}`);
  const stream = mux.open({
    kind: 'fetch',
    method: request.method,
    url: request.url,
    headers: [...request.headers],
    redirect: request.redirect,
  });
  const abort = (): void => void stream.destroy(new DOMException('aborted', 'AbortError'));
  request.signal.addEventListener('abort', abort, { once: true });
  stream.once('close', () => request.signal.removeEventListener('abort', abort));
  const head = new Promise<unknown>((resolve, reject) => {
    stream.once('opened', resolve);
    stream.once('error', reject);
    stream.once('close', () => reject(new Error('the broker hung up')));
  });
  if (request.body === null) stream.end();
  else
    Readable.fromWeb(ReadableStream.from(request.body))
      .on('error', (error) => stream.destroy(error))
      .pipe(stream);
  try {
    return response(await head, request.method, stream, (yes) => mux.hold(stream, yes));
  } catch (cause) {
    if (request.signal.aborted) throw request.signal.reason;
    const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    throw Object.assign(new TypeError('fetch failed', { cause }), { code });
  }
}

/** A body that nobody reads keeps no process from its end, as without us. */
async function* heldWhileRead(stream: Readable, hold: (yes: boolean) => void): AsyncGenerator<Uint8Array> {
  const pieces: AsyncIterator<Uint8Array> = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      hold(true);
      const next = await pieces.next();
      hold(false);
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await pieces.return?.();
  }
}

function response(head: unknown, method: string, stream: Readable, hold: (yes: boolean) => void): Response {
  const member = (name: string): unknown => Reflect.get(objectOf(head), name);
  const headers = new Headers();
  for (const pair of listOf(member('headers'))) {
    const [name, value] = listOf(pair);
    headers.append(String(name), String(value));
  }
  const status = Number(member('status'));
  const bodyless = method === 'HEAD' || [101, 204, 205, 304].includes(status);
  if (bodyless) stream.resume();
  hold(false);
  const body = bodyless ? null : ReadableStream.from(heldWhileRead(stream, hold));
  const made = new Response(body, { status, statusText: String(member('statusText')), headers });
  Object.defineProperties(made, {
    url: { value: String(member('url')) },
    redirected: { value: member('redirected') === true },
  });
  return made;
}
