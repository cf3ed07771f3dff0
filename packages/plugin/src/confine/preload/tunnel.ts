import type { Mux, MuxStream } from './mux.ts';
import { denied } from './denied.ts';

let mux: Mux | null = null;

/** The way to the broker; threads have none. */
export function tunnelThrough(through: Mux): void {
  mux = through;
}

export function brokerMux(what: string): Mux {
  if (mux === null) throw denied('net.connect', what);
  return mux;
}

/**
 * A connection that the broker made, with what programs expect of a socket. Its events are a socket's: `connect` when it is
 * there, `error` with the broker's reason.
 */
export function dial(host: string, port: number): MuxStream {
  const through = brokerMux(`${host}:${port}`);
  const stream = through.open({ kind: 'connect', host, port });
  let timer: NodeJS.Timeout | undefined;
  let idleMs = 0;
  const touch = (): void => {
    clearTimeout(timer);
    if (idleMs > 0) timer = setTimeout(() => stream.emit('timeout'), idleMs).unref();
  };
  const self = (): MuxStream => stream;
  const members = {
    connecting: true,
    pending: true,
    timeout: 0,
    remoteAddress: host,
    remotePort: port,
    setNoDelay: self,
    setKeepAlive: self,
    ref: () => {
      through.hold(stream, true);
      return stream;
    },
    unref: () => {
      through.hold(stream, false);
      return stream;
    },
    address: () => ({}),
    destroySoon: () => void stream.end(() => stream.destroy()),
    setTimeout: (ms: number, listener?: () => void) => {
      idleMs = ms;
      if (listener !== undefined) stream.once('timeout', listener);
      touch();
      return stream;
    },
  };
  Object.assign(stream, members);
  stream.once('opened', () => {
    Object.assign(stream, { connecting: false, pending: false });
    stream.emit('connect');
    stream.emit('ready');
  });
  stream.once('end', () => void stream.end()); // as a socket does that nobody asked to stay half open
  stream.onActivity = touch;
  stream.once('close', () => clearTimeout(timer));
  return stream;
}
