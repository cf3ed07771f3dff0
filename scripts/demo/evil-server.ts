/** A loopback web server that lies: it serves a folder, and for chosen paths the answers of an attacker. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { join, normalize } from 'node:path';

/** Answers a request itself and returns true, or returns false to let the folder answer. */
export type Lie = (path: string, response: ServerResponse) => boolean;

export interface EvilServer {
  readonly port: number;
  /** Bytes that victims took so far. */
  readonly sent: () => number;
  /** What was posted: the host that was meant, the path, and the beginning of the body. */
  readonly posted: () => readonly string[];
  close(): Promise<void>;
}

/** Serves `folder` on 127.0.0.1:`port` (0: any free one); every connection is dropped by `close`. */
export async function evilServer(folder: string, port: number, lie: Lie = () => false): Promise<EvilServer> {
  const sockets = new Set<Socket>();
  const posted: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://127.0.0.1').pathname);
    if (request.method === 'POST') {
      void take(request, `${request.headers.host} ${path}`, posted).finally(() =>
        response.end('nothing new'),
      );
      return;
    }
    if (lie(path, response)) return;
    void answer(join(folder, normalize(path)), response);
  });
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', resolve),
  );
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    sent: () => [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0),
    posted: () => posted,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Writes until the victim hangs up, `limit` bytes at the most: a bound that keeps the demo itself harmless. */
export function endless(response: ServerResponse, limit: number): boolean {
  const chunk = Buffer.alloc(65_536, 0x20);
  let left = limit;
  const pour = (): void => {
    while (left > 0) {
      left -= chunk.length;
      if (!response.write(chunk)) return void response.once('drain', pour);
    }
    response.end();
  };
  response.writeHead(200, { 'content-type': 'application/json' });
  pour();
  return true;
}

/** Adds what comes, or as much of it as anybody here wants to know. */
async function take(request: IncomingMessage, to: string, posted: string[]): Promise<void> {
  let body = '';
  request.setEncoding('utf8');
  for await (const piece of request) if (body.length < 65_536) body += String(piece);
  posted.push(`${to}\n${body}`);
}

async function answer(file: string, response: ServerResponse): Promise<void> {
  const info = await stat(file).catch(() => null);
  if (info === null || !info.isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-length': info.size });
  createReadStream(file).pipe(response);
}
