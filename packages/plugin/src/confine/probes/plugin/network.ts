import type http from 'node:http';
import type net from 'node:net';
import { answered, type Attempts, use } from './target.ts';

const host = '127.0.0.1';

/** Says its name to the server, which is the evidence: the server is the host's. */
async function tell(socket: net.Socket, id: string): Promise<string> {
  socket.on('error', () => undefined);
  socket.write(`GET /${id} HTTP/1.0\r\n\r\n`);
  return answered(socket);
}

async function request(options: http.RequestOptions): Promise<unknown> {
  return new Promise((resolve, reject) => {
    use.http
      .request(options, (response) => resolve(response.resume().statusCode))
      .on('error', reject)
      .end();
  });
}

export const networkAttempts: Attempts = {
  'net-tcp': async ({ tcp }, id) => tell(use.net.connect(tcp, host), id),
  'net-socket': async ({ tcp }, id) => tell(new use.net.Socket().connect(tcp, host), id),
  'net-stdin-class': async ({ tcp }, id) => {
    const Socket = process.stdin.constructor as typeof net.Socket;
    return tell(new Socket().connect(tcp, host), id);
  },
  'net-binding': ({ tcp }, id) => {
    const { TCP, TCPConnectWrap } = binding('tcp_wrap');
    const handle = Reflect.construct(TCP ?? Object, [0]) as {
      connect: (wrap: unknown, host: string, port: number) => number;
    };
    const failed = handle.connect(Reflect.construct(TCPConnectWrap ?? Object, []), host, tcp);
    if (failed !== 0) throw new Error(`errno ${failed}`);
    return id; // the server counts connections that say nothing as this one
  },
  'net-unix': async ({ socket }, id) => tell(use.net.connect(socket), id),
  'net-abstract': async ({ abstract }, id) => tell(use.net.connect(`\0${abstract}`), id),
  'net-udp': async ({ udp }, id) =>
    new Promise((resolve, reject) => {
      const socket = use.dgram.createSocket('udp4').on('error', reject);
      socket.send(id, udp, host, (error) => (error === null ? resolve('sent') : reject(error)));
    }),
  'net-dns': async ({ udp }, id) => {
    const resolver = new use.dns.Resolver({ timeout: 300, tries: 1 });
    resolver.setServers([`${host}:${udp}`]);
    return new Promise((resolve, reject) => {
      resolver.resolve4(`${id}.example`, (error) => (error === null ? resolve('') : reject(error)));
    });
  },
  'net-http': async ({ tcp }, id) => request({ host, port: tcp, path: `/${id}` }),
  'net-http2': async ({ tcp }, id) =>
    new Promise((_, reject) => {
      const session = use.http2.connect(`http://${host}:${tcp}`).on('error', reject);
      session.on('connect', () =>
        session
          .request({ ':path': `/${id}`, id })
          .on('error', reject)
          .end(),
      );
      setTimeout(() => reject(new Error('no answer')), 500);
    }),
  'net-fetch': async ({ tcp }, id) => (await fetch(`http://${host}:${tcp}/${id}`)).status,
  'net-websocket': async ({ tcp }, id) =>
    new Promise((_, reject) => {
      new WebSocket(`ws://${host}:${tcp}/${id}`).addEventListener('error', () =>
        reject(new Error('refused')),
      );
    }),
  'net-listen': async ({ tcp }, id) => {
    const server = use.net.createServer();
    await new Promise<void>((resolve, reject) => server.on('error', reject).listen(0, host, resolve));
    const { port } = server.address() as net.AddressInfo;
    return tell(use.net.connect(tcp, host), `${id}?${port}`).catch(() => port); // the host looks whether it is there
  },
  'net-private-name': async ({ redirecting }, id) =>
    request({
      host: 'rebind.example',
      port: redirecting,
      path: `/direct/${id}`,
      lookup: (_, options, done) =>
        options.all ? done(null, [{ address: host, family: 4 }]) : done(null, host, 4),
    }),
  'net-decimal-address': async ({ tcp }, id) => (await fetch(`http://2130706433:${tcp}/${id}`)).status,
  'net-mapped-address': async ({ tcp }, id) =>
    request({ host: '::ffff:127.0.0.1', port: tcp, path: `/${id}` }),
  'net-redirect': async ({ redirecting }, id) =>
    (await fetch(`http://${host}:${redirecting}/to/${id}`)).status,
  'net-method': async ({ getOnly }, id) =>
    (await fetch(`http://${host}:${getOnly}/${id}`, { method: 'POST', body: id })).status,
  'net-method-tunnel': async ({ getOnly }, id) =>
    request({ host, port: getOnly, path: `/${id}`, method: 'POST' }),
};

function binding(name: string): Record<string, new () => unknown> {
  const get: unknown = Reflect.get(process, 'binding');
  if (typeof get !== 'function') throw new Error('no process.binding');
  return Reflect.apply(get, process, [name]) as Record<string, new () => unknown>;
}
