/** Plugins that are killed whenever it hits them, whatever they are doing: what was answered is right, the rest hears of it. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PluginHandle } from '@ragnos/plugin';
import { describe, expect, test, vi } from 'vitest';
import { sandboxed } from '../confine/support.ts';
import { dice, processesBelow } from '../host/below.ts';
import { codeOf } from '../host/world.ts';
import { vaultOf, worldWith } from './plugins.ts';
import { serverCode } from './server.ts';

const kills = 6;
const items = 400;
const { seed, roll } = dice();

const code = `
const turn = () => new Promise(setImmediate);
export const echo = (value) => value;
export const sum = async (_, { input }) => { let sum = 0; for await (const n of input) sum += n; return sum; };
export async function* count({ to }) { for (let n = 0; n < to; n++) { yield n; await turn(); } }
export async function* double(_, { input }) { for await (const n of input) yield 2 * n; }
`;

async function* numbers(): AsyncGenerator<number> {
  for (let n = 0; n < items; n++) {
    yield n;
    if (n % 50 === 0) await sleep(1);
  }
}

/** All of a stream, which has to come in order and to its end, unless it throws. */
async function inOrder(stream: AsyncIterable<unknown>, factor: number): Promise<string> {
  let next = 0;
  for await (const item of stream) if (item !== factor * next++) return `${String(item)} out of order`;
  return next === items ? 'right' : `ended after ${next}`;
}

type Work = (plugin: PluginHandle) => Promise<string>;

const works: Readonly<Record<string, Work>> = {
  'answers a call': async (plugin) => {
    const value = roll();
    return (await plugin.call('echo', value)) === value ? 'right' : 'wrong';
  },
  'streams out': async (plugin) => inOrder(stream(await plugin.call('count', { to: items })), 1),
  'is streamed to': async (plugin) => {
    const sum = await plugin.call('sum', null, { input: numbers() });
    return sum === (items * (items - 1)) / 2 ? 'right' : `a sum of ${String(sum)}`;
  },
  'streams both ways': async (plugin) =>
    inOrder(stream(await plugin.call('double', null, { input: numbers() })), 2),
};

function stream(value: unknown): AsyncIterable<unknown> {
  if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value)
    return value as AsyncIterable<unknown>;
  throw new TypeError('no stream');
}

/** Kills one of the processes that are there, the outermost or one below it. */
function killOne(): boolean {
  const below = processesBelow(process.pid);
  const victim = below[Math.floor(roll() * below.length)];
  if (victim === undefined) return false;
  try {
    process.kill(victim, 'SIGKILL');
    return true;
  } catch {
    return false; // it was quicker
  }
}

/** Of this process, in the folders where private ones are made. */
function foldersLeft(): readonly string[] {
  return [tmpdir(), '/dev/shm']
    .flatMap((place) => readdirSync(place))
    .filter((name) => name.startsWith('ragv-') && name.includes(`-${process.pid}-`));
}

async function nothingLeft(): Promise<void> {
  await expect.poll(() => processesBelow(process.pid), { timeout: 5_000 }).toEqual([]);
  await expect.poll(foldersLeft, { timeout: 5_000 }).toEqual([]);
}

const modes = ['process', 'sandbox'] as const;
const title = `killed ${kills} times at random moments (RAGV_SEED=${seed})`;

describe.runIf(process.platform === 'linux').each(modes)(
  `in mode %s, ${title}`,
  { timeout: 120_000 },
  (mode) => {
    test.skipIf(mode === 'sandbox' && !sandboxed).each(Object.entries(works))(
      'while it %s',
      async (_, work) => {
        const world = await worldWith(code, {
          capabilities: { 'fs.write': ['$temp'], limits: { callsPerMinute: 100_000, cpuSeconds: 600 } },
        });
        const vault = await vaultOf(world, { mode });
        const plugin = await vault.load('acme/hello', {
          restart: { backoffMs: 1, maxBackoffMs: 5, limit: 1000 },
        });
        const over = new AbortController();
        const outcomes = new Map<unknown, number>();
        const worker = async (): Promise<void> => {
          while (!over.signal.aborted) {
            const outcome = await work(plugin).catch((error: unknown) => codeOf(Promise.reject(error)));
            outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
          }
        };
        const workers = [worker(), worker(), worker()];
        let killed = 0;
        while (killed < kills) {
          await sleep(roll() * 150);
          if (killOne()) killed++;
          const patience = roll() < 0.7 ? 10_000 : 0; // else the next one hits it while it is started
          await vi.waitUntil(() => patience === 0 || plugin.state === 'running', {
            timeout: patience + 100,
            interval: 5,
          });
        }
        await expect.poll(async () => work(plugin).catch(() => ''), { timeout: 10_000 }).toBe('right');
        over.abort();
        await Promise.all(workers);
        outcomes.delete('right');
        expect(
          [...outcomes.keys()].filter((one) => one !== 'PLUGIN_CRASHED' && one !== 'CHANNEL_CLOSED'),
        ).toEqual([]);
        expect(plugin.metrics().inFlight).toBe(0);
        expect(plugin.metrics().restarts).toBeGreaterThan(0);
        expect(await work(plugin)).toBe('right');
        await plugin.close();
        await nothingLeft();
      },
    );

    test.skipIf(mode === 'sandbox' && !sandboxed)('while it is an MCP server', async () => {
      const world = await worldWith(serverCode, {
        kind: 'mcp',
        main: null,
        bin: 'index.js',
        capabilities: { tools: { add: '0'.repeat(64) }, limits: { callsPerMinute: 100_000 } },
      });
      const vault = await vaultOf(world, { mode });
      let [answers, killed, begun] = [0, 0, 0];
      while (killed < kills) {
        const transport = vault.mcp('acme/hello');
        const client = new Client({ name: 'test', version: '1' });
        let closed = false;
        Object.assign(client, { onclose: () => (closed = true) });
        const connected = client.connect(transport);
        const talk = async (): Promise<never> => {
          await connected;
          for (begun++; ; answers++) await client.ping();
        };
        const talking = talk().catch((error: unknown) => error);
        if (roll() < 0.7) await connected;
        do await sleep(roll() * 100);
        while (!killOne());
        killed++;
        expect(await talking).toBeInstanceOf(Error);
        // One that never was up had no session to close.
        await expect.poll(() => closed || transport.about === null, { timeout: 5_000 }).toBe(true);
        const late = transport.send({ jsonrpc: '2.0' });
        expect(await codeOf(late)).toBe('PLUGIN_CLOSED');
        await nothingLeft();
      }
      expect(begun).toBeGreaterThan(0);

      expect(answers).toBeGreaterThan(0);
    });
  },
);
