/** However much a confined process says, whatever else its host does gets its turn. */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { encodeFrame } from '../../src/confine/preload/frames.ts';
import { callLane, controlLane, Lanes } from '../../src/confine/preload/lanes.ts';

const limits = { messageBytes: 1_000_000, unreadBytes: 1_000_000, sliceMs: 5 };
const frames = (count: number): Buffer =>
  Buffer.concat(
    Array.from({ length: count }, (_, n) => encodeFrame(n % 2 === 0 ? controlLane : callLane, n, null, 1000)),
  );

function burn(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

test('messages that came at once are dealt with in order, in slices', async () => {
  const stream = new PassThrough({ highWaterMark: 16_000_000 });
  const lanes = new Lanes(stream, limits);
  const got: unknown[] = [];
  for (const number of [controlLane, callLane])
    lanes.lane(number).onMessage(({ value }) => {
      got.push(value);
      burn(0.1);
    });
  let ticks = 0;
  const timer = setInterval(() => ticks++, 5);
  stream.write(frames(10_000));
  await expect.poll(() => got.length, { timeout: 20_000 }).toBe(10_000);
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(50);
  expect(got).toEqual(Array.from({ length: 10_000 }, (_, n) => n));
});

test('what a listener pauses in the middle stays paused until it goes on', async () => {
  const stream = new PassThrough();
  const lane = new Lanes(stream, limits).lane(controlLane);
  const got: unknown[] = [];
  lane.onMessage(({ value }) => {
    if (got.push(value) === 1) lane.pause();
    burn(6); // longer than a slice
  });
  const one = (n: number): Buffer => encodeFrame(controlLane, n, null, 1000);
  stream.write(Buffer.concat([one(1), one(2)]));
  await expect.poll(() => got).toEqual([1, 2]); // what has come already
  stream.write(one(3));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(got).toEqual([1, 2]);
  lane.resume();
  await expect.poll(() => got).toEqual([1, 2, 3]);
});
