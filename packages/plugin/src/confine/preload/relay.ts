import type http from 'node:http';
import type { Duplex } from 'node:stream';
import { dial } from './tunnel.ts';

// Node's modules are asked for when this runs: published, it is in one file with the preload of every plugin.

/**
 * For programs that are no Node: an HTTP proxy on the sandbox's own loopback, which nobody else can reach, that asks the
 * broker for every connection; and the program, told of it in the usual variables. Settles with the program's exit code.
 */
export async function relay(command: readonly string[]): Promise<number> {
  const { createServer } = process.getBuiltinModule('node:http');
  const server = createServer(forward).on(
    'connect',
    (request: http.IncomingMessage, socket: Duplex, head: Buffer) => {
      const url = URL.canParse(`http://${request.url}`) ? new URL(`http://${request.url}`) : null;
      const far = dial(url?.hostname ?? '', Number(url?.port || 443));
      socket.on('error', () => void far.destroy());
      far.once('error', (error) =>
        socket.end(`HTTP/1.1 ${statusOf(error)}\r\nConnection: close\r\n\r\n${error.message}\n`),
      );
      far.once('connect', () => {
        socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
        far.write(head);
        far.pipe(socket).pipe(far);
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const proxy = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
  const names = ['http_proxy', 'https_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'all_proxy'];
  const [file = '', ...args] = command;
  const child = process.getBuiltinModule('node:child_process').spawn(file, args, {
    stdio: ['inherit', 'inherit', 'inherit'],
    env: {
      ...process.env,
      ...Object.fromEntries(names.map((name) => [name, proxy])),
      NO_PROXY: '',
      no_proxy: '',
    },
  });
  process.on('SIGTERM', () => void child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.once('error', () => resolve(127));
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGKILL' ? 137 : 143)));
  });
}

/** `GET http://host/path`: what a client asks a proxy for where there is nothing to encrypt. */
function forward(request: http.IncomingMessage, response: http.ServerResponse): void {
  const url = URL.canParse(request.url ?? '') ? new URL(request.url ?? '') : null;
  if (url?.protocol !== 'http:') return void response.writeHead(400).end();
  const { 'proxy-connection': _, ...headers } = request.headers;
  const sent = process.getBuiltinModule('node:http').request({
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers: { ...headers, host: url.host, connection: 'close' },
    createConnection: () => dial(url.hostname, Number(url.port || 80)),
  });
  sent.once('error', (error) =>
    response.writeHead(Number(statusOf(error).slice(0, 3))).end(`${error.message}\n`),
  );
  sent.once('response', (answer) =>
    answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers)),
  );
  request.pipe(sent);
}

function statusOf(error: Error): string {
  return 'code' in error && error.code === 'ERR_ACCESS_DENIED' ? '403 Not granted' : '502 Bad gateway';
}
