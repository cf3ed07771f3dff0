/** A loopback web server that lies: it serves a folder, and for chosen paths the answers of an attacker. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { join, normalize } from 'node:path';

/** Answers a request itself and returns true, or returns false to let the folder answer. */
export type Lie = (path: string, response: ServerResponse) => boolean;

export interface EvilServer {
  /** Bytes that went out through `endless`, to show how much a victim swallowed. */
  readonly sent: () => number;
  close(): Promise<void>;
}

/** Serves `folder` on 127.0.0.1:`port`; every connection is dropped by `close`. */
export async function evilServer(folder: string, port: number, lie: Lie = () => false): Promise<EvilServer> {
  let sent = 0;
  const server = createServer((request, response) => {
    response.on('close', () => (sent += response.socket?.bytesWritten ?? 0));
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://127.0.0.1').pathname);
    if (lie(path, response)) return;
    void answer(join(folder, normalize(path)), response);
  });
  await new Promise<void>((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', resolve),
  );
  return {
    sent: () => sent,
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

async function answer(file: string, response: ServerResponse): Promise<void> {
  const info = await stat(file).catch(() => null);
  if (info === null || !info.isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, { 'content-length': info.size });
  createReadStream(file).pipe(response);
}
