import net from 'node:net';
import { denied, refuse, replace } from './denied.ts';
import { brokeredFetch } from './fetch.ts';
import type { MuxStream } from './mux.ts';
import { builtIn, objectOf } from './objects.ts';
import type { Setup } from './setup.ts';
import { dial } from './tunnel.ts';

type Listener = () => void;
interface Target {
  readonly host: string;
  readonly port: number;
  readonly options: object;
  readonly listener: Listener | undefined;
}

/** At the start, since standard streams give sockets away: nothing connects or listens but through the broker. */
export function guardNet(setup: Setup): void {
  replace(net.Socket.prototype, 'connect', refuse('net.connect', 'a socket of its own'));
  replace(net.Server.prototype, 'listen', refuse('net.connect', 'listening'));
  replace(
    globalThis,
    'fetch',
    setup.connect ? brokeredFetch : async () => Promise.reject(denied('net.connect', 'fetch')),
  );
  if (!setup.connect) return;
  const connect = (...args: readonly unknown[]): MuxStream => {
    const { host, port, listener } = readTarget(args);
    const stream = dial(host, port);
    if (listener !== undefined) stream.once('connect', listener);
    return stream;
  };
  replace(net, 'connect', connect);
  replace(net, 'createConnection', connect);
}

/** Node's own agent took `net.createConnection` when it was made; the one for https asks `tls` each time. */
export function guardHttp(setup: Setup): void {
  if (!setup.connect) return;
  const agent = objectOf(Reflect.get(builtIn('http'), 'Agent'));
  replace(objectOf(Reflect.get(agent, 'prototype')), 'createConnection', net.createConnection);
}

export function guardTls(setup: Setup): void {
  if (!setup.connect) return;
  const tls = builtIn('tls');
  const original: unknown = Reflect.get(tls, 'connect');
  if (typeof original !== 'function') return;
  replace(tls, 'connect', (...args: readonly unknown[]): unknown => {
    const { host, port, options, listener } = readTarget(args);
    const over: unknown = Reflect.get(options, 'socket');
    const servername = net.isIP(host) === 0 ? { servername: host } : {};
    const socket = over ?? dial(host, port);
    const made: unknown = Reflect.apply(original, tls, [
      { ...servername, ...options, host, port, socket },
      listener,
    ]);
    return made;
  });
}

export function guardDgram(): void {
  const dgram = builtIn('dgram');
  const prototype = objectOf(Reflect.get(objectOf(Reflect.get(dgram, 'Socket')), 'prototype'));
  for (const name of ['bind', 'connect', 'send', 'addMembership'])
    replace(prototype, name, refuse('net.connect', 'UDP'));
  replace(dgram, 'createSocket', refuse('net.connect', 'UDP'));
}

/** A question to a name server is a message to whoever owns the name. The broker looks up what it connects to. */
export function guardDns(): void {
  const dns = builtIn('dns');
  for (const target of [dns, objectOf(Reflect.get(dns, 'promises'))])
    for (const name of Object.keys(target))
      if (/^(?:lookup|resolve|reverse|Resolver)/.test(name))
        replace(target, name, refuse('net.connect', `dns.${name}`));
}

/** The arguments of `net.connect` and `tls.connect` in all their forms. @throws a path: there are no local sockets */
function readTarget(args: readonly unknown[]): Target {
  const listener = args.find((arg): arg is Listener => typeof arg === 'function');
  const options: object = args.find((arg): arg is object => typeof arg === 'object' && arg !== null) ?? {};
  const [first, second] = args;
  const port = Number(typeof first === 'object' ? Reflect.get(options, 'port') : first);
  const named: unknown = typeof second === 'string' ? second : Reflect.get(options, 'host');
  const path: unknown = Reflect.get(options, 'path');
  if (Reflect.get(options, 'socket') === undefined && !(port > 0 && port < 65_536))
    throw denied('net.connect', `the local socket ${String(typeof first === 'string' ? first : path)}`);
  return { host: typeof named === 'string' ? named : 'localhost', port, options, listener };
}
