/** A name that leads elsewhere the second time it is looked up: the broker connects to the address it checked, or not at all. */
import http from 'node:http';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { parseEndpoint } from '../../src/capabilities/endpoint.ts';
import { ask, grant, runner, start, tree } from './support.ts';

const code = `import http from 'node:http';
  const tunnel = (url) => new Promise((resolve, reject) => http.get(url, { agent: false }, (r) => r.setEncoding('utf8').on('data', resolve)).on('error', reject));
  const direct = async (url) => (await fetch(url)).text();
  export const call = ({ way, url }) => (way === 'tunnel' ? tunnel : direct)(url);`;

const name = 'rebound.example';
const [first, second] = ['93.184.215.14', '127.0.0.1'] as const;

/** What stands behind each address; the public one is played by a port of ours, for the kernel is never asked for it. */
const asked: string[] = [];
const reached: string[] = [];
const outside = http.createServer((request, response) => {
  reached.push('outside');
  if (request.url === '/again') response.writeHead(302, { location: `http://${name}:${portOf(inside)}/` });
  response.end('outside');
});
const inside = http.createServer((_, response) => {
  reached.push('inside');
  response.end('inside');
});

function member(value: unknown, name: string): unknown {
  return Reflect.get(Object(value), name);
}

function portOf(server: net.Server): number {
  return Number(member(server.address(), 'port'));
}

beforeAll(async () => {
  for (const server of [outside, inside])
    await new Promise<void>((resolve) => server.listen(0, second, resolve));
});
afterAll(() => {
  for (const server of [outside, inside]) server.close().closeAllConnections();
});
afterEach(() => {
  vi.restoreAllMocks();
  asked.length = 0;
  reached.length = 0;
});

/** A plugin that may reach the name, which is public once, and this machine from then on. */
async function plugin() {
  const connect = net.connect.bind(net);
  vi.spyOn(net, 'connect').mockImplementation((options: unknown) => {
    const [host, port] = [String(member(options, 'host')), Number(member(options, 'port'))];
    asked.push(host);
    const where = host === first ? { host: second, port: portOf(outside) } : { host, port };
    // What the system's own resolver would say by then.
    const lookup: net.LookupFunction = (_, __, answer) => answer(null, [{ address: second, family: 4 }]);
    return connect({ ...where, lookup, allowHalfOpen: true });
  });
  let times = 0;
  const started = await start({
    ...tree({ 'main.mjs': code }),
    runner,
    grant: grant({ connect: [parseEndpoint(`${name}:${portOf(inside)}`)].filter((one) => one !== null) }),
    resolve: async () => Promise.resolve([times++ === 0 ? first : second]),
  });
  return { started, url: `http://${name}:${portOf(inside)}`, looked: () => times };
}

test.each(['fetch', 'tunnel'])('%s: one look-up, and its address is what is connected to', async (way) => {
  const { started, url, looked } = await plugin();
  expect(await ask(started, { way, url })).toEqual({ value: 'outside' });
  expect(asked).toEqual([first]);
  expect(looked()).toBe(1);
  expect(member(await ask(started, { way, url }), 'failed')).toMatch(/fetch failed|not granted/);
  expect(reached).toEqual(['outside']);
  expect(started.usage().denied).toBe(1);
});

test('a redirect to its own name is looked up anew, and refused', async () => {
  const { started, url } = await plugin();
  expect(await ask(started, { way: 'fetch', url: `${url}/again` })).toMatchObject({
    code: 'ERR_ACCESS_DENIED',
  });
  expect(asked).toEqual([first]);
  expect(reached).toEqual(['outside']);
});
