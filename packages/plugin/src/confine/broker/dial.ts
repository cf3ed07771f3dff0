import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { hostCovers, isAddress, isLocalName, type Endpoint } from '../../capabilities/endpoint.ts';
import type { DeniedReason } from '../api.ts';
import { isLoopback, isPublicAddress } from './addresses.ts';

/** Why the broker does not do what it was asked: with Node's code for a refusal, since the plugin reads it. */
export class BrokerDeniedError extends Error {
  readonly code = 'ERR_ACCESS_DENIED';
  readonly what: string;
  readonly reason: DeniedReason;
  constructor(what: string, reason: DeniedReason, why: string) {
    super(`not granted to this plugin: net.connect ${what}: ${why}`);
    this.what = what;
    this.reason = reason;
  }
}

export type Resolve = (host: string) => Promise<readonly string[]>;

/** All addresses as the system knows them. */
export const systemResolve: Resolve = async (host) =>
  (await lookup(host, { all: true, order: 'verbatim' })).map(({ address }) => address);

export interface Destination {
  readonly host: string;
  readonly port: number;
  /** `null` = a tunnel, in which a method cannot be seen. */
  readonly method: string | null;
}

/** The form in which hosts are compared: lower case, no final dot, addresses in their one spelling. `null`: no host. */
export function canonicalHost(raw: string): string | null {
  const bare = raw.startsWith('[') || !raw.includes(':') ? raw : `[${raw}]`;
  if (/[\s/?#@\\%]/.test(bare) || !URL.canParse(`http://${bare}/`)) return null;
  return new URL(`http://${bare}/`).hostname.replace(/\.$/, '').replace(/^\[(.*)\]$/, '$1');
}

/** @throws BrokerDeniedError no endpoint allows it */
export function checkGranted(grant: readonly Endpoint[], { host, port, method }: Destination): void {
  const what = `${method === null ? '' : `${method} `}${host}:${port}`;
  const fits = grant.filter(
    (endpoint) => hostCovers(endpoint.host, host) && (endpoint.port === 0 || endpoint.port === port),
  );
  if (fits.length === 0)
    throw new BrokerDeniedError(what, 'not-granted', 'no endpoint of the grant names it');
  if (fits.some(({ methods }) => methods === null || (method !== null && methods.includes(method)))) return;
  throw new BrokerDeniedError(
    what,
    'method-not-granted',
    method === null
      ? 'only fetch is granted there, which shows its method'
      : 'the method is not granted there',
  );
}

/**
 * Looks the name up once, and answers with the addresses that may be connected to. A name is a public server's, or
 * localhost where the grant says so; private addresses are named as what they are, or not reached.
 * @throws BrokerDeniedError
 */
export async function addressesOf(host: string, resolve: Resolve): Promise<readonly string[]> {
  if (isAddress(host)) return [host]; // named literally, or it would not be granted
  const found = await resolve(host);
  const allowed = found.filter(isLocalName(host) ? isLoopback : isPublicAddress);
  if (allowed.length > 0) return allowed;
  if (found.length === 0) throw new Error(`${host} has no address`);
  throw new BrokerDeniedError(
    host,
    'not-public',
    `it resolves to ${found.slice(0, 3).join(', ')}, which is no public address`,
  );
}

/** What `asked` settles with, unless that takes too long: a name server's silence would hold a connection's place for ever. */
export async function inTime<T>(
  asked: Promise<T>,
  { what, timeMs, signal }: { readonly what: string; readonly timeMs: number; readonly signal: AbortSignal },
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${what} within ${timeMs} ms`)), timeMs);
  const abort = (): void => late.reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([late.promise, asked]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/** Connects to the addresses that were checked, in their order. */
export async function connectTo(
  addresses: readonly string[],
  port: number,
  timeMs: number,
  signal: AbortSignal,
): Promise<net.Socket> {
  let last: unknown = new Error('no address');
  const until = performance.now() + timeMs;
  for (const address of addresses.slice(0, 4)) {
    const left = until - performance.now();
    if (left <= 0) break;
    try {
      return await connectOnce(address, port, left, signal);
    } catch (error) {
      signal.throwIfAborted();
      last = error;
    }
  }
  throw last;
}

async function connectOnce(
  host: string,
  port: number,
  timeMs: number,
  signal: AbortSignal,
): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    // What the other end does not read stays with whoever writes: in there each piece is an object, however small.
    const options = { host, port, signal, allowHalfOpen: true, noDelay: true, writableHighWaterMark: 1 };
    const socket = net.connect(options);
    const timer = setTimeout(() => socket.destroy(new Error(`${host}:${port} did not answer`)), timeMs);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}
