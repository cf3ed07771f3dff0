import http from 'node:http';
import type net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseEndpoint } from '../../src/capabilities/endpoint.ts';
import { isPublicAddress } from '../../src/confine/broker/addresses.ts';
import {
  addressesOf,
  BrokerDeniedError,
  canonicalHost,
  checkGranted,
  inTime,
} from '../../src/confine/broker/dial.ts';
import type { ConfinedProcess } from '../../src/confine/api.ts';
import { ask, grant, runner, sandboxed, start, text, tree } from './support.ts';

const endpoints = (...texts: string[]) => texts.flatMap((one) => parseEndpoint(one) ?? []);

describe('addresses', () => {
  const inside = `0.0.0.0 10.1.2.3 100.64.0.1 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1 192.0.2.1
    198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 64:ff9b::7f00:1 fe80::1 fe80::1%eth0
    fc00::1 fd12::1 ff02::1 2001::1 2001:db8::1 2002:7f00:1:: 3fff::1 100::1`;
  test.each(inside.split(/\s+/))('%s is no public server', (address) =>
    expect(isPublicAddress(address)).toBe(false),
  );
  test.each('1.1.1.1 8.8.8.8 172.32.0.1 193.0.0.1 2606:4700::1111 2a00:1450::1'.split(' '))(
    '%s is one',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );

  test.each([
    ['EXAMPLE.com.', 'example.com'],
    ['0x7f.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['[::1]', '::1'],
    ['::FFFF:127.0.0.1', '::ffff:7f00:1'],
    ['exämple.com', 'xn--exmple-cua.com'],
    ['a/b', null],
    ['a@b', null],
    ['a b', null],
    ['', null],
  ])('the host %j is %j', (raw, canonical) => expect(canonicalHost(raw)).toBe(canonical));

  const resolve =
    (...found: string[]) =>
    async () =>
      Promise.resolve(found);
  test('a name of a private address is refused, of a public one not; of both, the public one is taken', async () => {
    await expect(addressesOf('a.example', resolve('10.0.0.1'))).rejects.toMatchObject({
      code: 'ERR_ACCESS_DENIED',
    });
    await expect(addressesOf('a.example', resolve('169.254.169.254'))).rejects.toMatchObject({
      code: 'ERR_ACCESS_DENIED',
    });
    expect(await addressesOf('a.example', resolve('1.1.1.1'))).toEqual(['1.1.1.1']);
    expect(await addressesOf('a.example', resolve('10.0.0.1', '1.1.1.1', '::1'))).toEqual(['1.1.1.1']);
  });
  test('a name whose server says nothing is given up, in time or with its connection', async () => {
    const never = new Promise<readonly string[]>(() => undefined);
    const over = new AbortController();
    const about = { what: 'a.example was not looked up', timeMs: 20, signal: over.signal };
    await expect(inTime(never, about)).rejects.toThrow('a.example was not looked up within 20 ms');
    const waiting = inTime(never, { ...about, timeMs: 60_000 });
    over.abort(new Error('gone'));
    await expect(waiting).rejects.toThrow('gone');
    await expect(inTime(never, about)).rejects.toThrow('gone');
    expect(await inTime(Promise.resolve(1), { ...about, signal: new AbortController().signal })).toBe(1);
  });
  test('localhost is the machine itself, whatever a resolver says', async () => {
    expect(await addressesOf('localhost', resolve('127.0.0.1', '10.0.0.1'))).toEqual(['127.0.0.1']);
    await expect(addressesOf('localhost', resolve('10.0.0.1'))).rejects.toMatchObject({
      code: 'ERR_ACCESS_DENIED',
    });
  });
});

describe('endpoints', () => {
  const outcome = (check: () => void): boolean => {
    try {
      check();
      return true;
    } catch (error) {
      return !(error instanceof BrokerDeniedError);
    }
  };
  const granted = endpoints(
    'api.example.com:443',
    '*.example.org:443',
    'GET,HEAD read.example.com:443',
    '*:8443',
  );
  const cases: readonly (readonly [string, number, string | null, boolean])[] = [
    ['api.example.com', 443, null, true],
    ['api.example.com', 80, null, false],
    ['x.example.org', 443, null, true],
    ['example.org', 443, null, false],
    ['evilexample.org', 443, null, false],
    ['read.example.com', 443, 'GET', true],
    ['read.example.com', 443, 'POST', false],
    ['read.example.com', 443, null, false],
    ['any.example.net', 8443, null, true],
    ['127.0.0.1', 8443, null, false],
    ['localhost', 8443, null, false],
  ];
  test.each(cases)('%s:%i for %s: %s', (host, port, method, allowed) => {
    const check = (): void => checkGranted(granted, { host, port, method });
    expect(outcome(check)).toBe(allowed);
  });
});

/** The first two of what the plugin below answers. */
async function statusAndLength(answer: Promise<unknown>): Promise<unknown> {
  const value: unknown = Reflect.get(Object(await answer), 'value');
  return Array.isArray(value) ? value.slice(0, 2) : await answer;
}

describe('through the broker', () => {
  const seen: string[] = [];
  const server = http.createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`.trim());
    if (request.url === '/to-other')
      return void response.writeHead(302, { location: `http://127.0.0.1:${otherPort}/` }).end();
    if (request.url === '/to-self') return void response.writeHead(307, { location: '/end' }).end();
    if (request.url === '/loop') return void response.writeHead(302, { location: '/loop' }).end();
    if (request.url === '/big') return void response.end(Buffer.alloc(5_000_000, 'x'));
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    request.pipe(response);
  });
  const other = http.createServer((request, response) => {
    seen.push(`other ${request.url} ${JSON.stringify(request.headers)}`);
    response.end('other');
  });
  let port = 0;
  let otherPort = 0;
  beforeAll(async () => {
    for (const one of [server, other])
      await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve));
    const portOf = (one: net.Server): number => Number(Reflect.get(Object(one.address()), 'port'));
    port = portOf(server);
    otherPort = portOf(other);
  });
  afterAll(() => {
    for (const one of [server, other]) {
      one.close();
      one.closeAllConnections();
    }
  });

  const code = `import http from 'node:http';
    const get = (options) => new Promise((resolve, reject) => http.get(options, (r) => { let length = 0; r.on('data', (d) => length += d.length).on('end', () => resolve([r.statusCode, length])); }).on('error', reject));
    export async function call({ url, init, tunnel }) {
      if (tunnel) return get(url);
      const response = await fetch(url, init);
      return [response.status, (await response.text()).length, response.url, response.redirected, response.headers.getSetCookie()];
    }`;

  async function plugin(mode: 'process' | 'sandbox', connect: string, some = {}): Promise<ConfinedProcess> {
    return start({
      ...tree({ 'main.mjs': code }),
      mode,
      runner,
      grant: grant({ connect: endpoints(...connect.split(' & ')) }),
      ...some,
    });
  }

  for (const mode of ['process', 'sandbox'] as const)
    describe.skipIf(mode === 'sandbox' && !sandboxed)(`in mode ${mode}`, () => {
      test('requests, bodies, headers, redirects to what is granted, tunnels', async () => {
        const one = await plugin(mode, `127.0.0.1:${port}`);
        const at = `http://127.0.0.1:${port}`;
        expect(await ask(one, { url: `${at}/a`, init: { method: 'POST', body: 'hello' } })).toEqual({
          value: [200, 5, `${at}/a`, false, ['a=1', 'b=2']],
        });
        expect(await ask(one, { url: `${at}/to-self` })).toEqual({
          value: [200, 0, `${at}/end`, true, ['a=1', 'b=2']],
        });
        expect(await statusAndLength(ask(one, { url: `${at}/big` }))).toEqual([200, 5_000_000]);
        expect(await ask(one, { url: `${at}/big`, tunnel: true })).toEqual({ value: [200, 5_000_000] });
        expect(one.usage().networkBytes).toBeGreaterThan(5_000_000);
      });

      test('a redirect to what is not granted goes nowhere', async () => {
        const one = await plugin(mode, `127.0.0.1:${port}`);
        seen.length = 0;
        expect(await ask(one, { url: `http://127.0.0.1:${port}/to-other` })).toMatchObject({
          code: 'ERR_ACCESS_DENIED',
        });
        expect(seen).toEqual(['GET /to-other']);
        expect(one.usage().denied).toBe(1);
      });

      test('a redirect to another origin leaves the credentials behind', async () => {
        const one = await plugin(mode, `127.0.0.1:${port} & 127.0.0.1:${otherPort}`);
        seen.length = 0;
        const names = [
          'authorization',
          'cookie',
          'x-api-key',
          'private-token',
          'x-amz-security-token',
          'referer',
        ];
        const init = {
          headers: { ...Object.fromEntries(names.map((name) => [name, 'secret'])), accept: 'text/plain' },
        };
        expect(await statusAndLength(ask(one, { url: `http://127.0.0.1:${port}/to-other`, init }))).toEqual([
          200, 5,
        ]);
        expect(seen[0]).toBe('GET /to-other secret');
        expect(seen[1]).toContain('other / ');
        expect(seen[1]).toContain('"accept":"text/plain"');
        expect(seen[1]).not.toContain('secret');
      });

      test('a method that is not granted, and a tunnel in which it could hide', async () => {
        const one = await plugin(mode, `GET 127.0.0.1:${port}`);
        const url = `http://127.0.0.1:${port}/a`;
        expect(await statusAndLength(ask(one, { url }))).toEqual([200, 0]);
        expect(await ask(one, { url, init: { method: 'DELETE' } })).toMatchObject({
          code: 'ERR_ACCESS_DENIED',
        });
        expect(await ask(one, { url, tunnel: true })).toMatchObject({ code: 'ERR_ACCESS_DENIED' });
      });

      test('a body that nobody reads keeps no program from its end, one that is read does', async () => {
        const url = `http://127.0.0.1:${port}/big`;
        const program = async (body: string): Promise<string> => {
          const one = await start({
            ...tree({
              'main.mjs': `const { status, body } = await fetch('${url}'); console.log(status); ${body}`,
            }),
            mode,
            grant: grant({ connect: endpoints(`127.0.0.1:${port}`) }),
          });
          const said = await text(one.stdout);
          expect((await one.exited).code).toBe(0);
          return said;
        };
        expect(await program('')).toBe('200\n');
        const length = 'let sum = 0; for await (const piece of body) sum += piece.length; console.log(sum)';
        expect(await program(length)).toBe('200\n5000000\n');
        expect(await program('for await (const _ of body) break')).toBe('200\n');
      });

      test('redirects, bytes and connections have an end', async () => {
        const one = await plugin(mode, `127.0.0.1:${port}`, {
          limits: { connectionBytes: 1_000_000, redirects: 3 },
        });
        expect(await ask(one, { url: `http://127.0.0.1:${port}/loop` })).toHaveProperty('failed');
        expect(await ask(one, { url: `http://127.0.0.1:${port}/big` })).toHaveProperty('failed');
        expect(
          await statusAndLength(ask(one, { url: `http://127.0.0.1:${port}/a`, init: { redirect: 'error' } })),
        ).toEqual([200, 0]);
      });
    });

  test.skipIf(!sandboxed)(
    'Python through the proxy of its sandbox: what is granted, and nothing else',
    async () => {
      const plugin = await start({
        ...tree({
          'main.py': `import sys, urllib.request, socket
for port in sys.argv[1:]:
    try: print(urllib.request.urlopen('http://127.0.0.1:' + port + '/a', timeout=5).status)
    except Exception as e: print(type(e).__name__, getattr(e, 'code', ''))
try: print(socket.create_connection(('127.0.0.1', int(sys.argv[1])), 2))
except OSError as e: print('alone')`,
        }),
        mode: 'sandbox',
        runtime: 'python',
        args: [String(port), String(otherPort)],
        grant: grant({ connect: endpoints(`127.0.0.1:${port}`) }),
      });
      expect(await text(plugin.stdout)).toBe('200\nHTTPError 403\nalone\n');
    },
  );
});
