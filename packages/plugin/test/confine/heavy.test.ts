/** What takes its reader long is refused before it is read: by the head of a frame, or by a look at its bytes. */
import { duplexPair, PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Control } from '../../src/confine/control.ts';
import { nothingGranted } from '../../src/confine/grant.ts';
import { defaultConfineLimits } from '../../src/confine/limits.ts';
import { controlBytes, encodeFrame, FrameDecoder, FrameError } from '../../src/confine/preload/frames.ts';
import { isBeyond, maxJsonParts } from '../../src/confine/preload/json-parts.ts';
import { callLane, controlLane, Lanes } from '../../src/confine/preload/lanes.ts';
import { sandboxed, start, tree } from './support.ts';

const mega = 16 * 1024 * 1024;

describe('parts of a text', () => {
  const long = '\\"[,'.repeat(50);
  const texts: readonly (readonly [text: string, parts: number, levels: number])[] = [
    ['[1,2,3]', 3, 1],
    ['{"a":[{}],"b":"[,{:"}', 6, 3],
    [`["${long}",1]`, 2, 1],
    [`["${'\\\\'.repeat(40)}",[]]`, 3, 2], // its backslashes are pairs: the quote ends it
    [`["${'x'.repeat(100)}\\\\",[]]`, 3, 2],
    [`["${'x'.repeat(100)}\\",[]]`, 1, 1], // this one never ends
    ['no JSON, no', 1, 0],
    ['"', 0, 0],
  ];
  test.each(texts)('%j', (text, parts, levels) => {
    const bytes = Buffer.from(text.padEnd(600));
    expect(isBeyond(bytes, { parts, levels })).toBe(false);
    expect(isBeyond(bytes, { parts: parts - 1, levels })).toBe(true);
    expect(isBeyond(bytes, { parts, levels: levels - 1 })).toBe(true);
  });
});

/** A frame by its text: what no `JSON.stringify` would write. */
function frame(lane: number, json: string): Buffer {
  const bytes = Buffer.from(json);
  const whole = Buffer.alloc(9 + bytes.length);
  whole.writeUInt32LE(5 + bytes.length, 0);
  whole.writeUInt8(lane, 4);
  whole.writeUInt32LE(bytes.length, 5);
  bytes.copy(whole, 9);
  return whole;
}

describe('frames of a side that is not believed', () => {
  const heavy = {
    'of lists': `{"t":"pong","x":[${'[],'.repeat(maxJsonParts)}1]}`,
    'of opening brackets': `${'['.repeat(mega / 2 - 10)}${']'.repeat(mega / 2 - 10)}`,
    'of members': `{${'"":1,'.repeat(maxJsonParts)}"":1}`,
    'of few but deep levels': `${'['.repeat(5000)}${']'.repeat(5000)}`,
  };
  test.each(Object.entries(heavy))('%s are not parsed', (_, json) => {
    const wire = frame(callLane, json);
    const began = performance.now();
    expect(() => [...new FrameDecoder(mega, 2).push(wire)]).toThrow(/parts, or/);
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test('a value as large as may be comes through', () => {
    const value = { t: 'ok', v: { value: Array.from({ length: 400_000 }, (_, n) => n % 10) } };
    const [got] = new FrameDecoder(mega, 2).push(encodeFrame(callLane, value, null, mega));
    expect(got?.value).toEqual(value);
    expect(got?.weight).toBeGreaterThan(780);
  });

  test('is refused by its head: on the first lane what is long, on others where nobody listens', () => {
    const head = (lane: number, length: number): Buffer => {
      const nine = frame(lane, '');
      nine.writeUInt32LE(length, 0);
      return nine;
    };
    expect(() => [...new FrameDecoder(mega, 2).push(head(controlLane, controlBytes + 1))]).toThrow(
      FrameError,
    );
    expect([...new FrameDecoder(mega, 2).push(head(controlLane, controlBytes))]).toEqual([]);
    expect(() => [...new FrameDecoder(mega, 1).push(head(callLane, 100))]).toThrow(/nobody listens/);
    expect([...new FrameDecoder(mega, 2).push(head(callLane, mega))]).toEqual([]);
  });

  test('one who is believed is not measured', () => {
    const [got] = new FrameDecoder(mega).push(frame(controlLane, `[${'1,'.repeat(maxJsonParts)}1]`));
    expect(Array.isArray(got?.value) && got.value.length).toBe(maxJsonParts + 1);
  });

  test('and what would not be read is not sent', () => {
    const lanes = new Lanes(new PassThrough(), { messageBytes: mega, unreadBytes: mega });
    expect(() => lanes.lane(controlLane).send('x'.repeat(controlBytes))).toThrow(RangeError);
    expect(() => lanes.lane(callLane).send('x'.repeat(controlBytes))).not.toThrow();
    expect(() => lanes.lane(callLane).send(Array(maxJsonParts).fill(1))).not.toThrow();
    expect(() => lanes.lane(callLane).send(Array(maxJsonParts + 1).fill(1))).toThrow(RangeError);
  });
});

test.each([
  ['what means nothing', { x: 'x'.repeat(10_000) }],
  ['traffic with something in it that is none', { id: 1, data: 1, x: 'x'.repeat(10_000) }],
])('of a rate a long message takes more: %s', async (_, message) => {
  const [stream, far] = duplexPair();
  const lanes = new Lanes(stream, { messageBytes: 100_000, unreadBytes: 1_000_000 });
  const limits = { ...defaultConfineLimits, controlPerSecond: 50 };
  const control = new Control(lanes.lane(controlLane), { grant: nothingGranted }, limits);
  let taken = 0;
  stream.on('data', () => void taken++);
  for (let n = 0; n < 40; n++) far.write(encodeFrame(controlLane, message, Buffer.alloc(1), 100_000));
  await sleep(200);
  expect(taken).toBeLessThan(10);
  control.close();
});

const early = `import fs from 'node:fs';
  const json = Buffer.from(JSON.stringify({ x: 'x'.repeat(1000) }));
  const frame = Buffer.alloc(9 + json.length); frame.writeUInt32LE(5 + json.length, 0); frame[4] = 1; frame.writeUInt32LE(json.length, 5); json.copy(frame, 9);
  fs.writeSync(3, frame);
  setInterval(() => undefined, 1000);`;

test.runIf(sandboxed).each(['process', 'sandbox'] as const)(
  'a command in mode %s has no second lane: who writes there is ended',
  { timeout: 30_000 },
  async (mode) => {
    const plugin = await start({ ...tree({ 'main.mjs': early }), mode });
    expect((await plugin.exited).error).toMatchObject({ code: 'CHANNEL_GARBAGE' });
  },
);
