/** The lane on which a process reports and asks has a rate: what comes beyond waits on its side. */
import { duplexPair } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Control } from '../../src/confine/control.ts';
import { nothingGranted } from '../../src/confine/grant.ts';
import { defaultConfineLimits } from '../../src/confine/limits.ts';
import { encodeFrame } from '../../src/confine/preload/frames.ts';
import { controlLane, Lanes } from '../../src/confine/preload/lanes.ts';
import { start, tree } from './support.ts';

test.each([
  ['reports', () => ({ denied: 'fs.read', what: '/etc/passwd' })],
  ['connections', (id: number) => ({ id, open: { kind: 'connect', host: 'example.com', port: 443 } })],
  ['words about connections that are none', (id: number) => ({ id, credit: 1 })],
  ['words that mean nothing', () => ({})],
  ['what is no object', () => 7],
])('%s', async (_, message) => {
  const [stream, far] = duplexPair();
  const lanes = new Lanes(stream, { messageBytes: 1000, unreadBytes: 1_000_000 });
  const limits = { ...defaultConfineLimits, controlPerSecond: 50 };
  const control = new Control(lanes.lane(controlLane), { grant: nothingGranted }, limits);
  let taken = 0;
  stream.on('data', () => void taken++);
  const write = async (): Promise<void> => {
    for (let n = 1; n <= 125; n++)
      if (!far.write(encodeFrame(controlLane, message(n), null, 1000)))
        await new Promise((resolve) => far.once('drain', resolve));
  };
  const began = performance.now();
  const written = write();
  await sleep(100);
  expect(taken).toBe(50);
  await expect.poll(() => taken, { timeout: 5000 }).toBe(125);
  expect(performance.now() - began).toBeGreaterThan(1500);
  await written;
  control.close();
});

test('a process that floods it takes no more than a part of its host', { timeout: 30_000 }, async () => {
  const flood = `import fs from 'node:fs';
    const json = Buffer.from('{"denied":"fs.read","what":"x"}');
    const frame = Buffer.alloc(9 + json.length); frame.writeUInt32LE(5 + json.length, 0); frame.writeUInt32LE(json.length, 5); json.copy(frame, 9);
    const many = Buffer.concat(Array.from({ length: 1000 }, () => frame));
    for (;;) for (let at = 0; at < many.length;) try { at += fs.writeSync(3, many, at); } catch {}`;
  const plugin = await start({ ...tree({ 'main.mjs': flood }) });
  await sleep(500);
  const before = performance.eventLoopUtilization();
  await sleep(1500);
  expect(performance.eventLoopUtilization(before).utilization).toBeLessThan(0.5);
  expect(plugin.usage().denied).toBeLessThan(20_000);
  await plugin.stop({ graceMs: 0 });
});
