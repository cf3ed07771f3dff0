import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, normalize, sep } from 'node:path';

export interface FolderServer {
  /** With a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

async function fileAt(folder: string, path: string): Promise<Uint8Array | null> {
  const file = normalize(join(folder, path));
  if (path.includes('\0') || !file.startsWith(folder + sep)) return null;
  try {
    return (await stat(file)).isFile() ? await readFile(file) : null;
  } catch {
    return null;
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

type LookUp = (path: string) => Promise<Uint8Array | null> | Uint8Array | null;

/**
 * Files of `folder` on loopback, 404 for the rest. Paths are decoded, as every server does; but role files are looked for
 * as they were asked for first: tough and ours lay them out encoded.
 */
export function serveFolder(folder: string): Promise<FolderServer> {
  return serve((path) => fileAt(folder, path));
}

/** The same from memory, for names that no disk takes; paths have no slash at the beginning. */
export function serveFiles(files: ReadonlyMap<string, Uint8Array>): Promise<FolderServer> {
  return serve((path) => files.get(path.slice(1)) ?? null);
}

async function serve(lookUp: LookUp): Promise<FolderServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    void (async () => {
      const asIs = path.includes('/metadata/') ? await lookUp(path) : null;
      const bytes = asIs ?? (await lookUp(decoded(path)));
      if (bytes === null) response.writeHead(404, { 'content-length': 0 }).end();
      else response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    })();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a server without a port');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
