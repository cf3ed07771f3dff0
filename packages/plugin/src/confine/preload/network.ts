import { denied, refuse, refuseAll, replace } from './denied.ts';
import { brokeredFetch } from './fetch.ts';
import type { MuxStream } from './mux.ts';
import { builtIn, objectOf } from './objects.ts';
import { call, get, globals, ownKeys, startsWith } from './primordials.ts';
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
  const net = builtIn('net');
  replace(prototypeOf(net, 'Socket'), 'connect', refuse('net.connect', 'a socket of its own'));
  refuseAll(prototypeOf(net, 'Server'), ['listen', '_listen2'], 'net.connect', 'listening: ');
  replace(net, '_createServerHandle', refuse('net.connect', 'listening'));
  const noFetch = async (): Promise<never> => {
    throw denied('net.connect', 'fetch');
  };
  replace(globals, 'fetch', setup.connect ? brokeredFetch : noFetch);
  if (!setup.connect) return;
  replace(net, 'connect', connect);
  replace(net, 'createConnection', connect);
}

function prototypeOf(module: object, name: string): object {
  return objectOf(get(objectOf(get(module, name)), 'prototype'));
}

function connect(first: unknown, second: unknown, third: unknown): MuxStream {
  const { host, port, listener } = readTarget(first, second, third);
  return listenerOf(dial(host, port), listener);
}

function listenerOf(stream: MuxStream, listener: Listener | undefined): MuxStream {
  if (listener !== undefined) call(objectOf(get(stream, 'once')), stream, ['connect', listener]);
  return stream;
}

/** A stream's handle, like that of standard input, has a class that makes others. */
export function guardHandle(handle: unknown): void {
  const prototype = prototypeOf(objectOf(handle), 'constructor');
  refuseAll(prototype, ['connect', 'bind', 'listen'], 'net.connect', 'a local socket: ');
}

/** Node's own agent took `net.createConnection` when it was made; the one for https asks `tls` each time. */
export function guardHttp(setup: Setup): void {
  if (setup.connect) replace(prototypeOf(builtIn('http'), 'Agent'), 'createConnection', connect);
}

export function guardTls(setup: Setup): void {
  if (!setup.connect) return;
  const tls = builtIn('tls');
  const net = builtIn('net');
  const isIP = objectOf(get(net, 'isIP'));
  const original = objectOf(get(tls, 'connect'));
  replace(tls, 'connect', (first: unknown, second: unknown, third: unknown, fourth: unknown): unknown => {
    const { host, port, options, listener } = readTarget(first, second, third, fourth);
    const over: unknown = get(options, 'socket');
    const servername = call(isIP, net, [host]) === 0 ? { servername: host } : {};
    const socket = over ?? dial(host, port);
    return call(original, tls, [{ ...servername, ...options, host, port, socket }, listener]);
  });
}

/** Also what makes a socket, since its handle is a member of it. */
export function guardDgram(): void {
  const dgram = builtIn('dgram');
  const methods = ['bind', 'connect', 'send', 'addMembership'];
  refuseAll(prototypeOf(dgram, 'Socket'), methods, 'net.connect', 'UDP: ');
  refuseAll(dgram, ['createSocket', '_createSocketHandle', 'Socket'], 'net.connect', 'UDP: ');
}

/** A question to a name server is a message to whoever owns the name. The broker looks up what it connects to. */
export function guardDns(): void {
  const dns = builtIn('dns');
  guardQuestions(dns);
  guardQuestions(objectOf(get(dns, 'promises')));
}

const questions = ['lookup', 'resolve', 'reverse', 'Resolver'];

function guardQuestions(target: object): void {
  const names = ownKeys(target);
  for (let at = 0; at < names.length; at++) {
    const name = names[at];
    for (let kind = 0; kind < questions.length; kind++)
      if (typeof name === 'string' && startsWith(name, questions[kind] ?? ''))
        replace(target, name, refuse('net.connect', `dns.${name}`));
  }
}

/** The arguments of `net.connect` and `tls.connect` in all their forms. @throws a path: there are no local sockets */
function readTarget(...args: readonly unknown[]): Target {
  let listener: Listener | undefined;
  let given: object = {};
  for (let at = args.length - 1; at >= 0; at--) {
    const arg = args[at];
    if (isListener(arg)) listener = arg;
    else if (typeof arg === 'object' && arg !== null) given = arg;
  }
  const options = { ...given };
  const first = args[0];
  const second = args[1];
  const asked: unknown = typeof first === 'object' ? get(options, 'port') : first;
  const port = typeof asked === 'string' || typeof asked === 'number' ? +asked : -1;
  const host: unknown = typeof second === 'string' ? second : get(options, 'host');
  const path: unknown = typeof first === 'string' ? first : get(options, 'path');
  if (get(options, 'socket') === undefined && !(port > 0 && port < 65_536))
    throw denied('net.connect', `the local socket ${typeof path === 'string' ? path : ''}`);
  return { host: typeof host === 'string' ? host : 'localhost', port, options, listener };
}

function isListener(value: unknown): value is Listener {
  return typeof value === 'function';
}
