import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { CallSettings } from '@ragnos/plugin';
import type { Mode } from '../../src/confine/grant.ts';
import { codeOf } from '../host/world.ts';
import { vaultOf, worldWith } from './plugins.ts';

const code = `
let seen = 0, begun = 0;
export const begunSoFar = () => begun;
export function greet({ name }, context) { return 'hello, ' + name; }
export async function slow({ ms }, { signal }) {
  begun++;
  await new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => { clearTimeout(timer); seen++; reject(new Error('told')); });
  });
  return 'done';
}
export const aborted = () => seen;
export function echo(value) { return value; }
export function fails({ message }) { throw new TypeError(message ?? 'no'); }
export function where() { throw new Error('cannot read ' + new URL('./secret.json', import.meta.url).pathname); }
export function odd() { return () => 1; }
export function big({ size, many }) { return many === undefined ? 'x'.repeat(size) : Array(many).fill(1); }
export async function* count({ to, pause = 0 }, { signal }) {
  try {
    for (let n = 1; n <= to; n++) { if (pause) await new Promise((r) => setTimeout(r, pause)); made = n; yield n; }
  } finally { left++; }
}
let made = 0, left = 0;
export const madeSoFar = () => ({ made, left });
export async function sum(_, { input }) { let s = 0; for await (const n of input) s += n; return s; }
export async function firstOf(_, { input }) { for await (const n of input) return n; }
export async function* double(_, { input }) { for await (const n of input) yield n * 2; }
export async function tells({ times }, { emit, log }) {
  for (let n = 0; n < times; n++) await emit('tick', { n });
  log('told', times); console.log('on stdout'); console.error('on stderr \\u001b[31mred');
}
export function loop() { for (;;); }
export function dies() { process.exit(3); }
export const notAFunction = 1;
`;

const modes: readonly Mode[] = ['process', 'sandbox'];

describe.each(modes)('in mode %s', (mode) => {
  test('functions are called; values, bytes and errors come back', { timeout: 60_000 }, async () => {
    const world = await worldWith(code);
    const vault = await vaultOf(world, { mode });
    const hello = await vault.load('acme/hello');
    expect([hello.name, hello.mode, hello.state]).toEqual(['acme/hello@2.0.0', mode, 'running']);
    expect(hello.functions).toContain('greet');
    expect(hello.functions).not.toContain('notAFunction');
    expect(await hello.call('greet', { name: 'Ada' })).toBe('hello, Ada');
    const value = {
      list: [1, null, 'two', { deep: true }],
      ['__proto__x']: 1,
      bytes: new Uint8Array([1, 2, 3]),
      more: [new Uint8Array(0), new Uint8Array([9])],
      when: new Date(0),
    };
    expect(await hello.call('echo', value)).toEqual({
      ...value,
      bytes: Buffer.from([1, 2, 3]),
      more: [Buffer.from([]), Buffer.from([9])],
      when: '1970-01-01T00:00:00.000Z',
    });
    expect(await hello.call('echo', JSON.parse('{"__proto__":{"polluted":true}}'))).not.toHaveProperty(
      'polluted',
    );
    expect(await hello.call('echo')).toBeUndefined();
    expect(await codeOf(hello.call('nope'))).toBe('NO_SUCH_FUNCTION');
    expect(await codeOf(hello.call('constructor'))).toBe('NO_SUCH_FUNCTION');
    expect(await codeOf(hello.call('echo', () => 1))).toBe('BAD_VALUE');
    expect(await codeOf(hello.call('odd'))).toBe('BAD_VALUE');
    expect(await codeOf(hello.call('big', { size: 9_000_000 }))).toBe('VALUE_TOO_LARGE');
    expect(await codeOf(hello.call('big', { many: 1_100_000 }))).toBe('VALUE_TOO_LARGE');
    expect(await codeOf(hello.call('echo', Array(1_100_000).fill(1)))).toBe('VALUE_TOO_LARGE');
    expect(await hello.call('big', { many: 900_000 })).toHaveLength(900_000);
    expect(await codeOf(hello.call('echo', 'x'.repeat(9_000_000)))).toBe('VALUE_TOO_LARGE');
    await expect(hello.call('fails', { message: 'a\nb' })).rejects.toMatchObject({
      code: 'PLUGIN_THREW',
      message: 'fails: TypeError: a b',
    });
    const thrown = await hello.call('where').catch((error: unknown) => String(error));
    expect(thrown).not.toContain(world.home);
    expect(thrown).toMatch(/cannot read (?:\$plugin|\/plugin)\/secret\.json/);
    expect(hello.metrics()).toMatchObject({ calls: 15, errors: 10, inFlight: 0, restarts: 0 });
    expect(hello.metrics().verifyMs).toBeGreaterThan(0);
    expect(hello.metrics().startMs).toBeGreaterThan(hello.metrics().verifyMs);
    await hello.close();
    await hello.close();
    expect(hello.state).toBe('stopped');
    expect(await codeOf(hello.call('greet', { name: 'x' }))).toBe('PLUGIN_CLOSED');
  });
});

test('time-outs and aborts reach the plugin, and others are not disturbed', async () => {
  const vault = await vaultOf(await worldWith(code), { mode: 'process' });
  const hello = await vault.load('acme/hello');
  const other = hello.call('slow', { ms: 300 });
  expect(await codeOf(hello.call('slow', { ms: 60_000 }, { timeoutMs: 50 }))).toBe('CALL_TIMEOUT');
  const stop = new AbortController();
  const waiting = hello.call('slow', { ms: 60_000 }, { signal: stop.signal });
  await expect.poll(() => hello.call('begunSoFar')).toBe(3);
  stop.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  expect(await other).toBe('done');
  expect(await hello.call('aborted')).toBe(2);
  for (const reason of ['because', null, 7]) {
    const soon = new AbortController();
    const settings = { signal: soon.signal };
    const call = hello.call('slow', { ms: 60_000 }, settings);
    soon.abort(reason);
    await expect(call).rejects.toBe(reason);
  }
  await expect(hello.call('greet', {}, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow(
    'before',
  );
});

test('streams flow both ways, no faster than they are read', async () => {
  const vault = await vaultOf(await worldWith(code), { mode: 'process' });
  const hello = await vault.load<{
    readonly count: (params: { to: number; pause?: number }) => AsyncIterable<number>;
    readonly sum: (params: null) => Promise<number>;
    readonly firstOf: (params: null) => Promise<number>;
    readonly double: (params: null) => AsyncIterable<number>;
    readonly madeSoFar: (params: null) => { made: number; left: number };
  }>('acme/hello');
  const numbers: number[] = [];
  for await (const n of await hello.call('count', { to: 1000 })) numbers.push(n);
  expect(numbers).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));

  const endless = await hello.call('count', { to: 1e9 });
  expect((await endless.next()).value).toBe(1);
  await sleep(100);
  const { made } = await hello.call('madeSoFar', null);
  expect(made).toBeLessThan(40); // a window, not all of it
  await endless.return?.();
  await expect.poll(async () => (await hello.call('madeSoFar', null)).left).toBe(2);

  let given = 0;
  async function* source(to: number): AsyncGenerator<number> {
    for (let n = 1; n <= to; n++) {
      given = n;
      yield await Promise.resolve(n);
    }
  }
  expect(await hello.call('sum', null, { input: source(500) })).toBe(125_250);
  expect(await hello.call('firstOf', null, { input: source(1e9) })).toBe(1);
  await sleep(50);
  expect(given).toBeLessThan(60);
  const doubled: number[] = [];
  for await (const n of await hello.call('double', null, { input: source(100) })) doubled.push(n);
  expect(doubled.at(-1)).toBe(200);
  async function* breaks(): AsyncGenerator<number> {
    yield await Promise.resolve(1);
    throw new Error('source is dry');
  }
  await expect(hello.call('sum', null, { input: breaks() })).rejects.toThrow('source is dry');
  const stuck = await hello.call('count', { to: 3, pause: 60_000 }, { timeoutMs: 100 });
  await expect(stuck.next()).rejects.toMatchObject({ code: 'CALL_TIMEOUT' });
  expect(hello.metrics().inFlight).toBe(0);
});

test('an input that is none is refused, and one that fails ends the call alone', async () => {
  const vault = await vaultOf(await worldWith(code), { mode: 'process' });
  const hello = await vault.load('acme/hello');
  const unhandled: unknown[] = [];
  const listen = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', listen);
  for (const input of [[1, 2], 'text', 7, null, {}]) {
    const settings = Object.assign<CallSettings, object>({ timeoutMs: 5_000 }, { input });
    expect(await codeOf(hello.call('sum', null, settings))).toBe('BAD_VALUE');
  }
  const broken: readonly AsyncIterable<unknown>[] = [
    {
      [Symbol.asyncIterator]: () => {
        throw new Error('no iterator');
      },
    },
    {
      [Symbol.asyncIterator]: () => ({
        next: () => {
          throw new Error('no item');
        },
      }),
    },
    {
      [Symbol.asyncIterator]: () => ({ next: async () => Promise.reject(new Error('x'.repeat(9_000_000))) }),
    },
  ];
  for (const input of broken) expect(await codeOf(hello.call('sum', null, { input }))).not.toBe('no error');
  await sleep(50);
  process.off('unhandledRejection', listen);
  expect(unhandled).toEqual([]);
  expect(await hello.call('greet', { name: 'Ada' })).toBe('hello, Ada');
});

test('events and lines of what it prints are told, without control characters', async () => {
  const vault = await vaultOf(await worldWith(code), { mode: 'process' });
  const hello = await vault.load('acme/hello');
  const ticks: unknown[] = [];
  const logs: string[] = [];
  hello.on('log', ({ stream, line }) => logs.push(`${stream}: ${line}`));
  const stop = hello.onEvent('tick', (data) => ticks.push(data));
  await hello.call('tells', { times: 3 });
  expect(ticks).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }]);
  stop();
  await hello.call('tells', { times: 1 });
  expect(ticks).toHaveLength(3);
  await expect.poll(() => logs.toSorted()).toContain('stdout: on stdout');
  await expect.poll(() => logs).toContain('stderr: on stderr  [31mred');
  expect(logs).toContain('log: told 3');
  expect(hello.metrics().events).toBe(4);
});

test('more calls a minute than were granted are refused', async () => {
  const vault = await vaultOf(await worldWith(code, { capabilities: { limits: { callsPerMinute: 5 } } }), {
    mode: 'process',
  });
  const hello = await vault.load('acme/hello');
  const codes = await Promise.all(Array.from({ length: 7 }, async () => codeOf(hello.call('echo', 1))));
  expect(codes.filter((one) => one === 'CALL_RATE')).toHaveLength(2);

  const again = await vault.load('acme/hello', { restart: { backoffMs: 10 } });
  expect(await codeOf(again.call('dies'))).toBe('PLUGIN_CRASHED');
  await expect.poll(() => again.metrics().restarts, { timeout: 10_000 }).toBe(1);
  const after = await Promise.all(Array.from({ length: 6 }, async () => codeOf(again.call('echo', 1))));
  expect(after.filter((one) => one === 'CALL_RATE')).toHaveLength(2); // as though it had not ended
});

test('one that loops is found out and ended; what waits hears it', async () => {
  const vault = await vaultOf(await worldWith(code), { mode: 'process' });
  const hello = await vault.load('acme/hello', { limits: { hungTimeMs: 300 }, restart: { backoffMs: 10 } });
  const waiting = codeOf(hello.call('slow', { ms: 50_000 }));
  expect(await codeOf(hello.call('loop', null, { timeoutMs: 200 }))).toBe('CALL_TIMEOUT');
  expect(await waiting).toBe('PLUGIN_HUNG');
  expect(await hello.call('greet', { name: 'again' })).toBe('hello, again');
  expect(hello.metrics().restarts).toBe(1);
});
