/** Serves a folder on a free loopback port and prints the port: the same plain server for every peer. */
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join, normalize } from 'node:path';

const folder = process.argv[2];
const server = createServer((request, response) => {
  const file = join(folder, normalize(decodeURIComponent((request.url ?? '/').split('?')[0] ?? '/')));
  const info = statSync(file, { throwIfNoEntry: false });
  if (info === undefined || !info.isFile()) return void response.writeHead(404).end();
  response.writeHead(200, { 'content-length': info.size });
  createReadStream(file).pipe(response);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) console.log(address.port);
});
