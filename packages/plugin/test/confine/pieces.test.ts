/** What a process writes in small pieces, or to where nobody listens or reads, costs its host no more than what it wrote. */
import { once } from 'node:events';
import net from 'node:net';
import { PassThrough } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connectTo } from '../../src/confine/broker/dial.ts';
import { encodeFrame, FrameDecoder, FrameError } from '../../src/confine/preload/frames.ts';
import { callLane, controlLane, Lanes } from '../../src/confine/preload/lanes.ts';
import { Mux, windowBytes } from '../../src/confine/preload/mux.ts';
import { Pieces } from '../../src/confine/preload/pieces.ts';
import { readMessages } from '../../src/load/mcp/lines.ts';

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** Bytes of what is held, in and outside of the heap. */
function held(): number {
  if (typeof collect === 'function') Reflect.apply(collect, undefined, []);
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const count = 500_000;
const byte = (): Buffer => Buffer.alloc(1, 'a');
const most = 40 * count; // a buffer of its own for each byte is some 200

test('pieces come out as they went in, however many', () => {
  const pieces = new Pieces();
  const all = Buffer.from(Array.from({ length: 5000 }, (_, n) => n % 251));
  for (const one of all) pieces.push(Buffer.from([one]));
  expect(pieces.length).toBe(5000);
  expect(pieces.take()).toEqual(all);
  for (let n = 0; n < 5000; n++) pieces.push(Buffer.alloc(0));
  expect(pieces.length).toBe(0);
  expect(pieces.take()).toHaveLength(0);
});

describe('one byte at a time', { timeout: 60_000 }, () => {
  test('of a frame of the private channel', () => {
    const decoder = new FrameDecoder(2 * count);
    const wire = encodeFrame(controlLane, 'x', Buffer.alloc(count), 2 * count);
    const before = held();
    for (const one of wire.subarray(0, -1))
      for (const frame of decoder.push(Buffer.alloc(1, one))) throw new Error(`of lane ${frame.lane}`);
    expect(held() - before).toBeLessThan(most);
    expect([...decoder.push(Buffer.from(wire.subarray(-1)))]).toMatchObject([{ lane: 0, value: 'x' }]);
  });

  test('of a line of an MCP server', async () => {
    const stream = new PassThrough();
    const seen: unknown[] = [];
    readMessages(stream, 2 * count, { message: (value) => seen.push(value), bad: (why) => seen.push(why) });
    const before = held();
    for (let n = 0; n < count; n++) {
      stream.write(byte());
      if (n % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(held() - before).toBeLessThan(most);
    expect(seen).toEqual([]);
  });

  test('of a connection that nobody takes anything from', () => {
    const mux = new Mux({ send: () => true });
    mux.accept(1);
    const before = held();
    for (let n = 0; n < windowBytes; n++) mux.receive({ value: { id: 1, data: 1 }, bytes: byte() });
    expect(held() - before).toBeLessThan((most / count) * windowBytes);
    expect(() => mux.receive({ value: { id: 1, data: 1 }, bytes: byte() })).toThrow(FrameError);
  });

  test('of a connection whose far end takes nothing', async () => {
    const server = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const ending = new AbortController();
    const socket = await connectTo(['127.0.0.1'], port, 5000, ending.signal);
    onTestFinished(() => {
      socket.destroy();
      server.close();
    });
    socket.on('error', () => undefined);
    for (let tries = 0; tries < 3; tries++) {
      while (socket.writableLength === 0) socket.write(Buffer.alloc(1024)); // until the kernel takes no more
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const mux = new Mux({ send: () => true });
    mux.accept(1)?.pipe(socket);
    const before = held();
    const each = windowBytes / 2;
    for (let n = 0; n < each; n++) {
      mux.receive({ value: { id: 1, data: 1 }, bytes: byte() });
      if (n % 4 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(held() - before).toBeLessThan((most / count) * each);
  });
});

describe('what a connection is told that it cannot be told', () => {
  const said: Readonly<Record<string, readonly object[]>> = {
    'its end, twice': [{ end: 1 }, { end: 1 }],
    'more after its end': [{ end: 1 }, { data: 1 }],
    'that more was taken than was sent': [{ credit: 1 }],
  };
  test.each(Object.entries(said))('%s', (_, messages) => {
    const mux = new Mux({ send: () => true });
    mux.accept(1);
    expect(() => {
      for (const message of messages) mux.receive({ value: { id: 1, ...message }, bytes: Buffer.alloc(1) });
    }).toThrow(FrameError);
  });
});

describe('messages for a lane where nobody listens', () => {
  test.each([
    ['with long values', 'x'.repeat(400_000), null],
    ['with bytes', 1, Buffer.alloc(400_000)],
  ])('%s have an end', async (_, value, bytes) => {
    const stream = new PassThrough({ highWaterMark: 16_000_000 });
    const lanes = new Lanes(stream, { messageBytes: 1_000_000, unreadBytes: 1_000_000 });
    const frame = encodeFrame(callLane, value, bytes, 1_000_000);
    for (let n = 0; n < 3; n++) stream.write(frame);
    expect(await lanes.closed).toBeInstanceOf(FrameError);
  });
});

test('a lane that is paused stays so when another one goes on', async () => {
  const stream = new PassThrough();
  const lanes = new Lanes(stream, { messageBytes: 1000, unreadBytes: 1000 });
  const [control, calls] = [lanes.lane(controlLane), lanes.lane(callLane)];
  const got: unknown[] = [];
  control.onMessage(({ value }) => void got.push(value));
  control.pause();
  calls.pause();
  calls.resume();
  stream.write(encodeFrame(controlLane, 1, null, 1000));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(got).toEqual([]);
  control.resume();
  await expect.poll(() => got).toEqual([1]);
});
