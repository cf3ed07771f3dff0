/** Plugins that loop, flood, leak, die, or write garbage: the host lives on, and says what happened. */
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startScript } from '@ragnos/testkit/start-script';
import { describe, expect, test } from 'vitest';
import { isGone, processesBelow } from '../host/below.ts';
import { codeOf, tempFolder } from '../host/world.ts';
import { agreed, moduleFiles, publishModule, vaultOf, worldWith } from './plugins.ts';
import { World } from '../host/world.ts';

const code = `
import fs from 'node:fs';
export const echo = (value) => value;
export const pid = () => process.pid;
export const temp = () => process.env.TMPDIR ?? null;
export const die = () => process.abort();
export const exit = ({ code }) => process.exit(code);
export const reject = () => { Promise.reject(new Error('nobody caught me')); return new Promise(() => {}); };
export const loop = () => { for (;;); };
export const leak = async () => { const all = []; for (;;) { all.push(Buffer.alloc(4e6, 1)); await new Promise((r) => setTimeout(r, 2)); } };
export const raw = ({ text }) => { fs.writeSync(3, Buffer.from(text, 'base64')); return new Promise(() => {}); };
export const floodEvents = async (_, { emit }) => { for (let n = 0; n < 1e6; n++) emit('e', n); return 'done'; };
export const floodLog = () => { for (let n = 0; n < 20_000; n++) console.error('line', n); return 'done'; };
export const long = () => { process.stderr.write('y'.repeat(1e6) + '\\n'); return 'done'; };
export const answerTwice = (_, context) => 1;
`;

const frame = (lane: number, json: string): string => {
  const body = Buffer.from(json);
  const head = Buffer.alloc(9);
  head.writeUInt32LE(5 + body.length, 0);
  head.writeUInt8(lane, 4);
  head.writeUInt32LE(body.length, 5);
  return Buffer.concat([head, body]).toString('base64');
};

describe('garbage on its channel ends it for good', () => {
  const garbage: Readonly<Record<string, string>> = {
    'no frame': Buffer.from('hello, this is no frame at all'.repeat(10)).toString('base64'),
    'a frame without end': Buffer.from([0xff, 0xff, 0xff, 0x7f, 1]).toString('base64'),
    'no JSON': frame(1, '{nope'),
    'a message that is none': frame(1, '7'),
    'an answer to a call that was never made': frame(1, '{"t":"ok","id":4711,"v":{"value":1}}'),
    'an item of what is no stream': frame(1, '{"t":"item","id":1,"v":{"value":1}}'),
    'bytes for a place that is not there': frame(
      1,
      '{"t":"ok","id":1,"v":{"value":{},"at":[[["__proto__","x"],1]]}}',
    ),
    'an event without a name': frame(1, '{"t":"event","v":{"value":1}}'),
    'a pull of minus one': frame(1, '{"t":"pull","id":1,"n":-1}'),
    'a pull of what was never sent': frame(1, '{"t":"pull","id":1,"n":1}'),
    'a pong that nobody asked for': frame(1, '{"t":"pong","id":1}'),
    'a second word that it is up': frame(1, '{"t":"up","functions":[],"error":null}'),
    'a lane that is none': frame(9, '{}'),
  };
  test.each(Object.entries(garbage))('%s', { timeout: 30_000 }, async (_name, text) => {
    const vault = await vaultOf(await worldWith(code), { mode: 'process' });
    const hello = await vault.load('acme/hello');
    const ended: unknown[] = [];
    hello.on('ended', (about) => ended.push(about));
    expect(await codeOf(hello.call('raw', { text }))).toBe('CHANNEL_GARBAGE');
    await expect.poll(() => hello.state).toBe('stopped');
    expect(ended).toMatchObject([{ again: false, error: { code: 'CHANNEL_GARBAGE' } }]);
    expect(await codeOf(hello.call('echo', 1))).toBe('CHANNEL_GARBAGE');
    expect(hello.metrics().restarts).toBe(0);
  });
});

describe('one that ends by itself', { timeout: 60_000 }, () => {
  test.each(['die', 'reject', 'exit'])('%s: what waits hears it, and it is started again', async (name) => {
    const vault = await vaultOf(await worldWith(code), { mode: 'process' });
    const hello = await vault.load('acme/hello', { restart: { backoffMs: 20 } });
    const [waiting, dying] = [codeOf(hello.call('echo', 'x')), codeOf(hello.call(name, { code: 3 }))];
    expect(['no error', 'PLUGIN_CRASHED']).toContain(await waiting);
    expect(await dying).toBe('PLUGIN_CRASHED');
    expect(await hello.call('echo', 'again')).toBe('again');
    expect(hello.metrics().restarts).toBe(1);
    expect(hello.state).toBe('running');
  });

  test('too often is given up; never, if so wished', async () => {
    const world = await worldWith(code);
    const vault = await vaultOf(world, { mode: 'process' });
    const hello = await vault.load('acme/hello', { restart: { backoffMs: 5, limit: 2 } });
    for (let n = 0; n < 3; n++) expect(await codeOf(hello.call('die'))).toBe('PLUGIN_CRASHED');
    await expect.poll(() => hello.state).toBe('stopped');
    expect(await codeOf(hello.call('echo', 1))).toBe('PLUGIN_GAVE_UP');
    const once = await vault.load('acme/hello', { restart: null });
    expect(await codeOf(once.call('die'))).toBe('PLUGIN_CRASHED');
    await expect.poll(() => once.state).toBe('stopped');
    expect(await codeOf(once.call('echo', 1))).toBe('PLUGIN_CRASHED');
  });

  // Its module counts how often it was loaded, and dies of those that it is told.
  const dying = (...starts: readonly number[]): string => `
    import fs from 'node:fs';
    const file = process.env.RAGV_DATA + '/starts';
    fs.appendFileSync(file, '.');
    if (${JSON.stringify(starts)}.includes(fs.statSync(file).size)) process.abort();
    export const echo = (value) => value;
    export const die = () => process.abort();`;
  const inData = { capabilities: { 'fs.write': ['$data'] } };

  test('and again while it is started anew: it is tried again, and calls wait for it', async () => {
    const vault = await vaultOf(await worldWith(dying(2, 3), inData), { mode: 'process' });
    const hello = await vault.load('acme/hello', { restart: { backoffMs: 5, limit: 5 } });
    expect(await codeOf(hello.call('die'))).toBe('PLUGIN_CRASHED');
    await expect.poll(async () => hello.call('echo', 1).catch(() => null), { timeout: 20_000 }).toBe(1);
    expect(hello.state).toBe('running');
  });

  test('and at every start: it is given up as often as the policy says', async () => {
    const vault = await vaultOf(await worldWith(dying(2, 3, 4, 5), inData), { mode: 'process' });
    const hello = await vault.load('acme/hello', { restart: { backoffMs: 5, limit: 3 } });
    const ended: unknown[] = [];
    hello.on('ended', ({ again }) => ended.push(again));
    expect(await codeOf(hello.call('die'))).toBe('PLUGIN_CRASHED');
    await expect.poll(() => hello.state, { timeout: 20_000 }).toBe('stopped');
    expect(await codeOf(hello.call('echo', 1))).toBe('PLUGIN_GAVE_UP');
    expect(ended).toEqual([true, false]);
  });
});

describe('too much', { timeout: 60_000 }, () => {
  test('memory', async () => {
    const vault = await vaultOf(await worldWith(code, { capabilities: { limits: { memoryMb: 128 } } }), {
      mode: 'process',
    });
    const hello = await vault.load('acme/hello', { restart: null });
    expect(await codeOf(hello.call('leak'))).toMatch(/^(?:MEMORY_LIMIT|PLUGIN_CRASHED)$/);
  });

  test('processor time', async () => {
    const vault = await vaultOf(await worldWith(code, { capabilities: { limits: { cpuSeconds: 1 } } }), {
      mode: 'process',
    });
    const hello = await vault.load('acme/hello', { restart: null });
    expect(await codeOf(hello.call('loop'))).toBe('CPU_LIMIT');
  });

  test('events and lines: they wait on its side, the host stays responsive', async () => {
    const vault = await vaultOf(await worldWith(code), { mode: 'process' });
    const hello = await vault.load('acme/hello', { restart: null, limits: { messagesPerSecond: 500 } });
    let lag = 0;
    let last = performance.now();
    const timer = setInterval(() => {
      lag = Math.max(lag, performance.now() - last - 10);
      last = performance.now();
    }, 10);
    const lines: string[] = [];
    hello.on('log', ({ line }) => lines.push(line));
    void hello.call('floodEvents').catch(() => undefined);
    void hello.call('floodLog').catch(() => undefined);
    await sleep(2500);
    clearInterval(timer);
    expect(hello.metrics().events).toBeLessThan(8_000);
    expect(hello.metrics().logLines).toBeLessThan(8_000);
    expect(lag).toBeLessThan(1000);
    await hello.close();
  });

  test('a line', async () => {
    const vault = await vaultOf(await worldWith(code), { mode: 'process' });
    const hello = await vault.load('acme/hello');
    const lines: string[] = [];
    hello.on('log', ({ line }) => lines.push(line));
    expect(await hello.call('long')).toBe('done');
    await expect.poll(() => lines.length).toBeGreaterThan(100);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(8192);
  });
});

describe.runIf(process.platform === 'linux')('a host that is killed', { timeout: 60_000 }, () => {
  test.each(['process', 'sandbox'])('takes its plugins with it, in mode %s', async (mode) => {
    const world = await worldWith(code, {
      capabilities: { 'fs.write': ['$temp'], limits: { callsPerMinute: 100_000 } },
    });
    const host = join(import.meta.dirname, 'host-process.ts');
    for (const pause of [0, Math.random() * 200]) {
      const child = startScript(host, world.home, mode);
      const said: readonly unknown[] = await once(child.stdout, 'data');
      const below = processesBelow(child.pid ?? 0);
      expect(below.length).toBeGreaterThan(0);
      await sleep(pause);
      const closed = once(child, 'close');
      child.kill('SIGKILL');
      await closed;
      await expect.poll(() => below.filter((pid) => !isGone(pid)), { timeout: 5_000 }).toEqual([]);
      expect(String(said[0])).toContain('ragv-temp-');
    }
    // The next host finds nothing of them: no lock that is held, no folder that stays.
    await publishModule(world, moduleFiles(code), { version: '3.0.0' });
    await (await world.host()).uninstall('acme/hello');
    expect(existsSync(world.plugin('versions'))).toBe(false);
  });
});

test('50 plugins in one host: each is itself, and all end with it', { timeout: 180_000 }, async () => {
  const world = await World.create();
  const host = await world.host();
  const names = Array.from({ length: 50 }, (_, index) => `plugin-${index}`);
  for (const name of names)
    await publishModule(
      world,
      moduleFiles(`export const me = () => ${JSON.stringify(name)}; export const pid = () => process.pid;`),
      {
        plugin: name,
      },
    );
  for (const name of names) await host.install(`acme/${name}`, agreed);
  const vault = await vaultOf(world, { mode: 'process' });
  const loaded = [];
  for (let at = 0; at < names.length; at += 5)
    loaded.push(
      ...(await Promise.all(names.slice(at, at + 5).map(async (name) => vault.load(`acme/${name}`)))),
    );
  expect(await Promise.all(loaded.map((one) => one.call('me')))).toEqual(names);
  const pids = await Promise.all(loaded.map((one) => one.call('pid')));
  expect(new Set(pids).size).toBe(50);
  expect(await vault.recheck({ refresh: false })).toEqual([]);
  await vault.close();
  expect(pids.every((pid) => isGone(Number(pid)))).toBe(true);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith(`ragv-temp-${process.pid}-`))).toEqual([]);
  expect(tempFolder()).not.toBe('');
});
