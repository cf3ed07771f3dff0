/** What a client or a server said before it ended is heard; and nobody outlives a client because its server does not read. */
import { once } from 'node:events';
import net from 'node:net';
import { PassThrough, Writable, type Readable } from 'node:stream';
import { openHost, type RunResult } from '@ragnos/plugin';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { isObject } from '../../src/load/mcp/json-rpc.ts';
import { messageWriter, readMessages, readServer } from '../../src/load/mcp/lines.ts';
import { text } from '../confine/support.ts';
import { codeOf } from '../host/world.ts';
import { vaultOf, worldWith } from './plugins.ts';

afterEach(() => void vi.useRealTimers());

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A server that runs, with its client's side. */
async function running(code: string, stdin: Readable = new PassThrough()) {
  const world = await worldWith(code, { kind: 'mcp', main: null, bin: 'index.js' });
  const host = await openHost({ home: world.home, fetcher: world.simulator, now: () => world.now });
  const streams = { stdin, stdout: new PassThrough(), stderr: new PassThrough() };
  const started = Promise.withResolvers<void>();
  const ended: Promise<RunResult> = host.run('acme/hello', [], {
    stdio: streams,
    mode: 'process',
    recheckEveryMs: 0,
    onStart: () => started.resolve(),
  });
  await Promise.race([started.promise, ended]);
  return { streams, ended };
}

/** Both ends of a connection: unlike other streams it ends also while it is paused, as a process's standard input does. */
async function connection(): Promise<readonly [write: net.Socket, read: net.Socket]> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const accepted = Promise.withResolvers<net.Socket>();
  server.once('connection', (socket) => accepted.resolve(socket));
  const write = net.connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1');
  const read = await accepted.promise;
  onTestFinished(() => {
    write.destroy();
    read.destroy();
    server.close();
  });
  return [write, read];
}

const request = (id: number, length: number): string =>
  `${JSON.stringify({ jsonrpc: '2.0', id, method: 'resources/read', params: { uri: 'x'.repeat(length) } })}\n`;

const idsOf = (said: string): readonly unknown[] =>
  said
    .trim()
    .split('\n')
    .map((line) => {
      const value: unknown = JSON.parse(line);
      return isObject(value) ? value['id'] : undefined;
    });

test('messages of a client that has ended reach a server that reads later', { timeout: 30_000 }, async () => {
  const late = `setTimeout(() => {
    let all = '';
    process.stdin.on('data', (piece) => {
      const lines = (all += piece).split('\\n');
      all = lines.pop();
      for (const line of lines) console.log(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(line).id, result: {} }));
    });
  }, 1000);`;
  const [write, read] = await connection();
  const { streams, ended } = await running(late, read);
  const said = text(streams.stdout);
  write.end(request(1, 400_000) + request(2, 400_000) + request(3, 10));
  expect((await ended).exitCode).toBe(0);
  streams.stdout.end();
  expect(idsOf(await said)).toEqual([1, 2, 3]);
});

describe('what a server said before it ended', { timeout: 30_000 }, () => {
  const notified = '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}\n';

  test.each([900, 2101, 4500])('is told, also %i lines and more than may come at once', async (count) => {
    const { streams, ended } = await running(
      `process.stdout.write(${JSON.stringify(notified)}.repeat(${count}), () => process.exit(3));`,
    );
    const said: string[] = [];
    streams.stdout.on('data', (piece: Buffer) => said.push(piece.toString()));
    expect((await ended).exitCode).toBe(3); // by then all was written
    streams.stdout.end();
    await once(streams.stdout, 'end');
    expect(said.join('').split('\n')).toHaveLength(count + 1);
  });

  const answers = `process.stdin.once('data', () => {
    for (const id of [1, 2, 3]) {
      const result = { contents: [{ uri: 'memo://x', text: 'x'.repeat(100000) }] };
      process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
    }
    process.stdout.write('', () => process.exit(0));
  });`;
  const asked = [1, 2, 3].map((id) => request(id, 10)).join('');

  test('is told to a client that reads later', async () => {
    const { streams, ended } = await running(answers);
    streams.stdin.emit('data', Buffer.from(asked));
    expect(await Promise.race([ended, pause(1500)])).toBeUndefined();
    const said = text(streams.stdout);
    expect((await ended).exitCode).toBe(0);
    streams.stdout.end();
    expect(idsOf(await said)).toEqual([1, 2, 3]);
  });

  test('is told to nobody where nobody is left', async () => {
    const { streams, ended } = await running(answers);
    streams.stdin.emit('data', Buffer.from(asked));
    expect(await Promise.race([ended, pause(1500)])).toBeUndefined();
    streams.stdout.destroy();
    expect((await ended).exitCode).toBe(0);
  });
});

describe('the end of a stream', () => {
  test('comes after its last line, once, however long that is held up', async () => {
    const [write, read] = await connection();
    const seen: unknown[] = [];
    const target = new PassThrough({ highWaterMark: 1 });
    const forward = messageWriter(target, read);
    readMessages(read, 1000, {
      message: (value) => void seen.push(isObject(value) && forward(value) > 0),
      bad: (why) => seen.push(why),
      end: () => seen.push('end'),
    });
    const over = once(read, 'end');
    write.end('{"a":1}\n{"a":2}\n{"a":3}\n');
    await over;
    await pause(20);
    expect(seen).toEqual([true]);
    target.resume();
    await expect.poll(() => seen).toEqual([true, true, true, 'end']);
    await pause(50); // it is closed by now, too
    expect(seen).toHaveLength(4);
  });

  test('was there before', async () => {
    const stream = new PassThrough();
    stream.end();
    stream.resume();
    await once(stream, 'end');
    const ends: string[] = [];
    readMessages(stream, 100, {
      message: () => undefined,
      bad: () => undefined,
      end: () => ends.push('client'),
    });
    readServer(stream, {
      message: () => null,
      stray: () => undefined,
      bad: () => undefined,
      end: () => ends.push('server'),
    });
    expect(ends).toEqual(['client', 'server']);
  });
});

describe('a server that reads nothing', { timeout: 30_000 }, () => {
  test('is ended when its client cannot be read for a minute, though that has gone', async () => {
    const [write, read] = await connection();
    const { ended } = await running('setInterval(() => undefined, 1000);', read);
    const code = codeOf(ended);
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    write.end(Array.from({ length: 8 }, (_, id) => request(id, 200_000)).join(''));
    await pause(500);
    expect(read.isPaused()).toBe(true);
    vi.advanceTimersByTime(59_000);
    expect(await Promise.race([code, pause(200)])).toBeUndefined();
    vi.advanceTimersByTime(2_000);
    expect(await code).toBe('CHANNEL_FULL');
  });

  test('is not one that reads slowly', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const [take, told]: [(() => void)[], number[]] = [[], []];
    const target = new Writable({ highWaterMark: 1, write: (_, __, done) => void take.push(done) });
    const source = new PassThrough();
    const write = messageWriter(target, source, { afterMs: 50, tell: (waiting) => told.push(waiting) });
    for (const a of [1, 2, 3]) write({ a });
    const taken = async (): Promise<void> => {
      take.shift()?.();
      await new Promise((resolve) => setImmediate(resolve));
    };
    for (let n = 0; n < 2; n++) {
      await taken();
      vi.advanceTimersByTime(50);
    }
    expect(told).toEqual([]);
    expect(source.isPaused()).toBe(true);
    vi.advanceTimersByTime(50);
    expect(told).toEqual([8]); // one message
    await taken();
    expect(source.isPaused()).toBe(false);
    vi.advanceTimersByTime(500);
    expect(told).toHaveLength(1);
  });
});

test('a client in this process hears all that its server said before it ended, also what had to wait', async () => {
  const count = 2300; // more than is read within a second
  const world = await worldWith(
    `process.stdin.once('data', () => {
      const line = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/tools/list_changed' });
      process.stdout.write((line + '\\n').repeat(${count}), () => process.exit(0));
    });`,
    { kind: 'mcp', main: null, bin: 'index.js' },
  );
  const vault = await vaultOf(world, { mode: 'process' });
  const transport = vault.mcp('acme/hello');
  let heard = 0;
  const closed = new Promise<number>((resolve) => {
    Object.assign(transport, { onmessage: () => void heard++, onclose: () => resolve(heard) });
  });
  await transport.start();
  const ping = { jsonrpc: '2.0' as const, id: 1, method: 'ping' };
  await transport.send(ping);
  expect(await closed).toBe(count);
});
