/** What an MCP server prints, or leaves unread, takes no more of its host than it may. */
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { McpFilter } from '../../src/load/mcp/filter.ts';
import { readServer, type Heard, type StrayLimits } from '../../src/load/mcp/lines.ts';
import { codeOf } from '../host/world.ts';
import { vaultOf, worldWith } from './plugins.ts';

const mega = 1024 * 1024;

interface Printed {
  /** Why it was ended; `null`: it was not. */
  readonly why: string | null;
  readonly heard: number;
  /** The longest that nobody else had a turn. */
  readonly worstMs: number;
}

async function printed(line: string, heard: Heard = 'word', limits?: StrayLimits): Promise<Printed> {
  const stream = new PassThrough({ highWaterMark: 64 * mega });
  let count = 0;
  let [worstMs, last] = [0, performance.now()];
  const timer = setInterval(() => {
    worstMs = Math.max(worstMs, performance.now() - last);
    last = performance.now();
  }, 5);
  const message = (): Heard => {
    count++;
    return heard;
  };
  const why = await new Promise<string | null>((resolve) => {
    readServer(stream, { message, stray: () => undefined, bad: resolve }, limits);
    stream.write(line, () => setTimeout(() => resolve(null), 1000));
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  clearInterval(timer);
  stream.destroy();
  return { why, heard: count, worstMs };
}

const start = '{"jsonrpc":"2.0","method":"x","params":{"a":';
const long = `${start}"${'x'.repeat(64 * 1024)}"}}\n`;

describe('is ended, and soon, who prints', { timeout: 60_000 }, () => {
  const few = { linesPerMinute: 100, bytesPerMinute: 1000, shownBytes: 10 };
  const lines: Readonly<
    Record<string, readonly [line: string, why: RegExp, heard: number, few?: StrayLimits]>
  > = {
    'a notification of lists': [`${start}[${'[],'.repeat(5 * mega)}1]}}\n`, /more than 1000000 lists/, 0],
    brackets: [`${'['.repeat(7 * mega)}${']'.repeat(7 * mega)}\n`, /more than 1000000 lists/, 0],
    'a long notification': [long, /65\d{3} bytes that nobody asked for/, 1],
    'nothing, at length': [`${' '.repeat(15 * mega)}\n`, /no message/, 0],
    'empty lines without end': ['\n'.repeat(1100), /no message/, 0, few],
  };
  test.each(Object.entries(lines))('%s', async (_, [line, why, heard, limits]) => {
    const end = await printed(line, 'word', limits);
    expect(end.why).toMatch(why);
    expect(end.heard).toBe(heard);
    expect(end.worstMs).toBeLessThan(1500);
  });

  test.each(['answer', 'request'] as const)('but not who prints %s as long', async (heard) => {
    expect(await printed(long, heard)).toMatchObject({ why: null, heard: 1 });
  });

  test('an answer is what was asked for', () => {
    const to = { toClient: () => undefined, toServer: () => undefined };
    const filter = new McpFilter(
      {
        identity: { name: 'acme/files', version: '1.0.0' },
        tools: new Map(),
        prompts: new Map(),
        requests: ['sampling/createMessage'],
        callsPerMinute: 10,
      },
      { ...to, log: () => undefined, refused: () => undefined },
    );
    const heard = (message: object): Heard => filter.fromServer({ jsonrpc: '2.0', ...message });
    filter.fromClient({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    expect(filter.underWay).toBe(1);
    expect(heard({ id: 2, result: {} })).toBe('word');
    expect(heard({ id: 1, result: {} })).toBe('answer');
    expect(heard({ id: 1, result: {} })).toBe('word');
    expect(heard({ id: 1, method: 'sampling/createMessage' })).toBe('request');
    expect(heard({ id: 2, method: 'roots/list' })).toBe('word');
    expect(heard({ id: 3, method: 'ping' })).toBe('word');
    expect(heard({ method: 'notifications/message' })).toBe('word');
    expect(heard({ id: 4 })).toBeNull();
    expect(filter.underWay).toBe(0);
  });
});

test('who reads nothing is ended before its host is full', { timeout: 30_000 }, async () => {
  const world = await worldWith('setInterval(() => undefined, 1000);', {
    kind: 'mcp',
    main: null,
    bin: 'index.js',
  });
  const vault = await vaultOf(world, { mode: 'process' });
  const transport = vault.mcp('acme/hello');
  const closed = new Promise<unknown>((resolve) => {
    Object.assign(transport, { onerror: resolve });
  });
  await transport.start();
  const text = 'x'.repeat(4 * mega);
  const sent: Promise<void>[] = [];
  for (let id = 0; id < 20; id++) {
    const message: object = { id, method: 'resources/read', params: { text } };
    sent.push(transport.send(Object.assign({ jsonrpc: '2.0' } as const, message)));
  }
  expect(await closed).toMatchObject({ code: 'CHANNEL_FULL' });
  await Promise.allSettled(sent);
  await transport.close();
});

test('what has no server is not started as one', async () => {
  const vault = await vaultOf(await worldWith('export const hello = () => 1;'), { mode: 'process' });
  expect(await codeOf(vault.mcp('acme/hello').start())).toBe('NO_ENTRY');
});
