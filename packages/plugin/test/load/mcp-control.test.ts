/** What is no call, pings and notifications, has a rate of its own in each direction: a flood of it starves neither side. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { controlPerMinute, McpFilter, type McpRules } from '../../src/load/mcp/filter.ts';
import type { JsonRpcObject } from '../../src/load/mcp/json-rpc.ts';
import { vaultOf, worldWith } from './plugins.ts';
import { serverCode } from './server.ts';

const rules: McpRules = {
  identity: { name: 'acme/files', version: '1.0.0' },
  tools: new Map([['add', 'a'.repeat(64)]]),
  prompts: new Map(),
  requests: ['roots/list'],
  callsPerMinute: 10,
};

function ends() {
  const [toClient, toServer]: [JsonRpcObject[], JsonRpcObject[]] = [[], []];
  const [log, refused]: [string[], string[]] = [[], []];
  const filter = new McpFilter(rules, {
    toClient: (message) => void toClient.push(message),
    toServer: (message) => void toServer.push(message),
    log: (line) => void log.push(line),
    refused: ({ code }) => void refused.push(code),
  });
  return { filter, toClient, toServer, log, refused };
}

const extra = 50;
const many = controlPerMinute + extra;

describe('a flood of what is no call', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  test('pings of the client: refused beyond the rate, and calls go on', () => {
    const { filter, toClient, toServer, refused } = ends();
    for (let id = 0; id < many; id++) {
      filter.fromClient({ jsonrpc: '2.0', id, method: 'ping' });
      filter.fromServer({ jsonrpc: '2.0', id, result: {} });
    }
    expect(toServer).toHaveLength(controlPerMinute);
    expect(toClient.filter((message) => 'error' in message)).toHaveLength(extra);
    expect(toClient.at(-1)).toMatchObject({ id: many - 1, error: { code: -32_000 } });
    expect(refused).toEqual(['CALL_RATE']); // told of once, counted each time
    expect(filter.metrics()).toEqual({ refused: extra, dropped: 0 });
    filter.fromClient({ jsonrpc: '2.0', id: 'call', method: 'tools/call', params: { name: 'add' } });
    expect(toServer.at(-1)).toMatchObject({ method: 'tools/call' });
    vi.advanceTimersByTime(60_000);
    filter.fromClient({ jsonrpc: '2.0', id: 'later', method: 'ping' });
    expect(toServer.at(-1)).toMatchObject({ id: 'later' });
  });

  const ofClient = ['notifications/cancelled', 'notifications/progress', 'notifications/made/up'];
  test.each(ofClient)('%s of the client: dropped beyond the rate', (method) => {
    const { filter, toServer, refused } = ends();
    for (let n = 0; n < many; n++) filter.fromClient({ jsonrpc: '2.0', method, params: { requestId: n } });
    expect(toServer).toHaveLength(controlPerMinute);
    expect(refused).toEqual(['CALL_RATE']);
    expect(filter.metrics()).toEqual({ refused: 0, dropped: extra });
  });

  test.each([
    ['notifications/tools/list_changed', {}],
    ['notifications/progress', { progressToken: 1, progress: 1 }],
    ['notifications/cancelled', { requestId: 1 }],
    ['notifications/message', { data: 'x' }],
  ])('%s of the server: dropped beyond the rate, and answers go on', (method, params) => {
    const { filter, toClient, log, refused } = ends();
    const call = { name: 'add', _meta: { progressToken: 1 } };
    filter.fromClient({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: call });
    for (let n = 0; n < many; n++) filter.fromServer({ jsonrpc: '2.0', method, params });
    const passed = method === 'notifications/cancelled' ? 0 : controlPerMinute; // it asked for nothing
    expect([...toClient, ...log]).toHaveLength(passed);
    expect(refused).toEqual(['CALL_RATE']);
    expect(filter.metrics()).toEqual({ refused: 0, dropped: extra });
    filter.fromServer({ jsonrpc: '2.0', id: 1, result: { content: [] } });
    expect(toClient.at(-1)).toMatchObject({ id: 1, result: { content: [] } });
  });

  test.each(['ping', 'roots/list', 'sampling/createMessage'])(
    '%s that the server asks: answered by us beyond the rate',
    (method) => {
      const { filter, toClient, toServer } = ends();
      for (let id = 0; id < many; id++) {
        filter.fromServer({ jsonrpc: '2.0', id, method });
        filter.fromClient({ jsonrpc: '2.0', id: toClient.at(-1)?.['id'], result: {} });
      }
      expect(toServer.filter((message) => 'error' in message).length).toBe(
        method === 'sampling/createMessage' ? many : extra,
      );
      expect(toClient).toHaveLength(method === 'sampling/createMessage' ? 0 : controlPerMinute);
    },
  );
});

test('a transport counts what did not pass', { timeout: 30_000 }, async () => {
  const world = await worldWith(serverCode, { kind: 'mcp', main: null, bin: 'index.js' });
  const vault = await vaultOf(world, { mode: 'process' });
  const transport = vault.mcp('acme/hello');
  expect(transport.metrics()).toEqual({ refused: 0, dropped: 0 });
  await transport.start();
  const initialized: object = { method: 'notifications/initialized' };
  for (let n = 0; n < 2 * controlPerMinute; n++)
    await transport.send(Object.assign({ jsonrpc: '2.0' } as const, initialized));
  await transport.send(Object.assign({ jsonrpc: '2.0' } as const, { id: 1, method: 'server/discover' }));
  await transport.close();
  const { refused, dropped } = transport.metrics();
  expect(refused).toBe(1);
  expect(dropped).toBeGreaterThan(controlPerMinute / 2);
});
