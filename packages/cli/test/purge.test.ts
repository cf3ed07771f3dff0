import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { containing, helloPlugin, world } from './ragv.ts';

test(
  'after each commit the CDN is told to forget the timestamp; if it does not answer, the commit stands',
  { timeout: 120_000 },
  async () => {
    const asked: string[] = [];
    let status = 200;
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${String(request.headers['x-token'] ?? '')}`);
      response.writeHead(status).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      const operator = world({ RAGV_KEY_PASSWORD: 'a password of the test', CDN_TOKEN: 'token of the test' });
      const vault = join(operator.folder, 'vault');
      expect(await operator.ragv(`init ${vault} --vendor acme --key-type ed25519`)).toMatchObject({
        exit: 0,
      });
      const config = readFileSync(join(vault, 'ragv.toml'), 'utf8');
      const purge = `purge = { url = "http://127.0.0.1:${port}/{key}", header = { name = "x-token", env = "CDN_TOKEN" } }\n`;
      writeFileSync(join(vault, 'ragv.toml'), config.replace('\n[lifetimes]', `\n${purge}\n[lifetimes]`));
      const hello = helloPlugin(join(operator.folder, 'hello'), '1.0.0');
      expect(await operator.ragv(`publish ${hello} --vault ${vault}`)).toMatchObject({ exit: 0 });
      expect(asked).toEqual(['PURGE /metadata/timestamp.json token of the test']);
      status = 403;
      helloPlugin(hello, '1.1.0');
      const said = await operator.ragv(`publish ${hello} --vault ${vault}`);
      expect(said).toMatchObject({ exit: 0, stderr: containing('still has the timestamp before') });
      expect(said.stderr).not.toContain('token of the test');
      status = 200;
      const before = asked.length;
      expect(await operator.ragv(`refresh --force --vault ${vault}`)).toMatchObject({ exit: 0 });
      expect(asked.length).toBeGreaterThan(before);
      expect(await operator.ragv(`key rotate timestamp --key-type ed25519 --vault ${vault}`)).toMatchObject({
        exit: 0,
      });
      expect(readFileSync(join(vault, 'ragv.toml'), 'utf8')).toContain(purge.trim()); // kept when the file is written anew
    } finally {
      server.close();
    }
  },
);
