import type net from 'node:net';
import type { Endpoint } from '../../capabilities/endpoint.ts';
import type { DeniedReason } from '../api.ts';
import type { ConfineLimits } from '../limits.ts';
import type { Channel, Message } from '../preload/lanes.ts';
import { listOf } from '../preload/objects.ts';
import { Mux, type MuxStream, type OpenRequest } from '../preload/mux.ts';
import {
  addressesOf,
  BrokerDeniedError,
  canonicalHost,
  checkGranted,
  connectTo,
  inTime,
  type Resolve,
} from './dial.ts';
import { brokeredFetch, portOf } from './fetch.ts';

/**
 * The only way from a confined process to the network: it asks, the broker looks at the grant, looks the name up once, and
 * connects to the address that it looked at. Holds on every Node, and for programs that are no Node.
 */
export class Broker {
  readonly #mux: Mux;
  readonly #grant: readonly Endpoint[];
  readonly #limits: ConfineLimits;
  readonly #resolve: Resolve;
  readonly #denied: (what: string, why: DeniedReason) => void;
  readonly #closed = new AbortController();
  #bytes = 0;

  constructor(
    lane: Channel,
    grant: readonly Endpoint[],
    limits: ConfineLimits,
    resolve: Resolve,
    denied: (what: string, why: DeniedReason) => void,
  ) {
    this.#mux = new Mux(lane);
    this.#grant = grant;
    this.#limits = limits;
    this.#resolve = resolve;
    this.#denied = denied;
  }

  get connections(): number {
    return this.#mux.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether it is what an open connection carries. @throws FrameError that is more than it may */
  receive(message: Message): boolean {
    const opened = openRequest(message.value);
    if (opened === null) return this.#mux.receive(message);
    if (this.#mux.size >= this.#limits.connections)
      this.#mux.refuse(opened.id, `more than ${this.#limits.connections} connections at once`, 'EMFILE');
    else {
      const stream = this.#mux.accept(opened.id);
      if (stream !== null) void this.#serve(stream, opened.request);
    }
    return false;
  }

  close(): void {
    this.#closed.abort();
    this.#mux.close(new Error('the plugin has ended'));
  }

  async #serve(stream: MuxStream, request: OpenRequest): Promise<void> {
    stream.on('error', () => undefined); // it has been told
    const ended = new AbortController();
    const signal = AbortSignal.any([ended.signal, this.#closed.signal]);
    stream.once('close', () => ended.abort());
    const tooLong = setTimeout(
      () => stream.destroy(new Error('open for too long')),
      this.#limits.connectionTimeMs,
    );
    stream.once('close', () => clearTimeout(tooLong));
    try {
      if (request.kind === 'fetch') {
        const dial = async (url: URL, method: string): Promise<net.Socket> =>
          this.#dial(url.hostname, portOf(url), method, stream, signal);
        await brokeredFetch(request, stream, dial, this.#limits.redirects, signal);
        return;
      }
      const socket = await this.#dial(request.host, request.port, null, stream, signal);
      stream.confirm({ address: socket.remoteAddress, port: socket.remotePort });
      socket.on('error', (error) => stream.destroy(error));
      socket.pipe(stream).pipe(socket);
    } catch (error) {
      if (error instanceof BrokerDeniedError) this.#denied(error.what, error.reason);
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #dial(
    name: string,
    port: number,
    method: string | null,
    stream: MuxStream,
    signal: AbortSignal,
  ): Promise<net.Socket> {
    const host = canonicalHost(name);
    if (host === null) throw new BrokerDeniedError(name.slice(0, 100), 'not-granted', 'that is no host');
    checkGranted(this.#grant, { host, port, method });
    const { connectTimeMs: timeMs } = this.#limits;
    const lookUp = { what: `${host} was not looked up`, timeMs, signal };
    const addresses = await inTime(addressesOf(host, this.#resolve), lookUp);
    const socket = await connectTo(addresses, port, timeMs, signal);
    let own = 0;
    const count = (): void => {
      const now = socket.bytesRead + socket.bytesWritten;
      this.#bytes += now - own;
      own = now;
      if (own > this.#limits.connectionBytes) stream.destroy(new Error('too many bytes over one connection'));
    };
    stream.onActivity = count;
    const counting = setInterval(count, 250).unref();
    socket.once('close', () => {
      clearInterval(counting);
      count();
    });
    socket.setTimeout(this.#limits.connectionIdleMs, () =>
      stream.destroy(new Error('nothing came for too long')),
    );
    stream.once('close', () => socket.destroy());
    return socket;
  }
}

interface Opened {
  readonly id: number;
  readonly request: OpenRequest;
}

/** What a plugin's process asks for; null if it asks for nothing, or not in our words. */
function openRequest(value: unknown): Opened | null {
  if (typeof value !== 'object' || value === null || !('open' in value) || !('id' in value)) return null;
  const { id, open } = value;
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || typeof open !== 'object' || open === null)
    return null;
  const member = (name: string): unknown => Reflect.get(open, name);
  const text = (name: string): string => {
    const found = member(name);
    return typeof found === 'string' ? found : '';
  };
  if (text('kind') === 'connect') {
    const port = member('port');
    if (typeof port !== 'number' || !(Number.isInteger(port) && port > 0 && port < 65_536)) return null;
    return { id, request: { kind: 'connect', host: text('host'), port } };
  }
  const headers = listOf(member('headers')).slice(0, 200).flatMap(readHeader);
  const method = text('method').toUpperCase();
  if (!/^[A-Z]{3,10}$/.test(method) || method === 'CONNECT' || method === 'TRACE') return null;
  return { id, request: { kind: 'fetch', method, url: text('url'), headers, redirect: text('redirect') } };
}

function readHeader(pair: unknown): [string, string][] {
  const [name, value] = listOf(pair);
  return typeof name === 'string' && typeof value === 'string' ? [[name, value]] : [];
}
