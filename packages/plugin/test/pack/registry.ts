import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeArchive } from '@ragnos/plugin';

export interface Package {
  readonly json: Readonly<Record<string, unknown>> & { readonly name: string; readonly version: string };
  readonly files?: Readonly<Record<string, string>>;
  /** What the registry claims; the right one unless given. */
  readonly integrity?: string;
}

export interface Registry extends AsyncDisposable {
  readonly url: string;
  /** The archive of `name@version`, as it is served. */
  archive(name: string, version: string): Uint8Array;
  /** Paths that were asked for. */
  readonly asked: readonly string[];
}

/** A registry on loopback with packages made for the test: npm is real, the network is not. */
export async function startRegistry(...packages: readonly Package[]): Promise<Registry> {
  const archives = new Map<string, Uint8Array>();
  for (const { json, files } of packages)
    archives.set(`${json.name}@${json.version}`, await archiveOf(json, files));
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://registry').pathname).slice(1);
    asked.push(path);
    const [name = '', file] = path.split('/-/');
    const own = packages.filter(({ json }) => json.name === name);
    const bytes = archives.get(
      `${name}@${own.find(({ json }) => file === fileName(json))?.json.version ?? ''}`,
    );
    if (file === undefined && own.length > 0) response.end(JSON.stringify(packument(name, own)));
    else if (bytes === undefined) response.writeHead(404).end('{"error":"not found"}');
    else response.end(bytes);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

  function packument(name: string, own: readonly Package[]): unknown {
    const versions = Object.fromEntries(
      own.map(({ json, integrity }) => {
        const bytes = archives.get(`${name}@${json.version}`) ?? Buffer.alloc(0);
        const dist = { tarball: `${url}${name}/-/${fileName(json)}`, integrity: integrity ?? sri(bytes) };
        return [json.version, { ...json, dist }];
      }),
    );
    return { name, 'dist-tags': { latest: own.at(-1)?.json.version }, versions };
  }

  return {
    url,
    asked,
    archive: (name, version) => archives.get(`${name}@${version}`) ?? Buffer.alloc(0),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

function fileName({ name, version }: Package['json']): string {
  return `${name.slice(name.lastIndexOf('/') + 1)}-${version}.tgz`;
}

export function sri(bytes: Uint8Array): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}

export function archiveOf(
  json: object,
  files: Readonly<Record<string, string>> = { 'index.js': 'export {};\n' },
): Promise<Uint8Array> {
  const all = { 'package.json': JSON.stringify(json), ...files };
  return writeArchive(
    Object.entries(all).map(([path, text]) => ({
      path: `package/${path}`,
      mode: 0o644,
      body: Buffer.from(text),
    })),
  );
}
