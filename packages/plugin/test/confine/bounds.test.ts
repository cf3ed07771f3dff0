import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import path from 'node:path';
import { startScript } from '@ragnos/testkit/start-script';
import { describe, expect, test } from 'vitest';
import type { Mode } from '../../src/confine/grant.ts';
import { taskLimiter } from '../../src/confine/tasks.ts';
import { ask, grant, limited, runner, sandboxed, start, tree } from './support.ts';

const modes: readonly Mode[] = ['process', 'sandbox'];

for (const mode of modes)
  describe.skipIf(mode === 'sandbox' && !sandboxed)(`${mode}: a plugin that`, () => {
    test('loops is ended when its processor time is used up', async () => {
      const plugin = await start({
        ...tree({ 'main.mjs': 'for (;;);' }),
        mode,
        grant: limited({ cpuSeconds: 1 }),
      });
      expect((await plugin.exited).error).toMatchObject({ code: 'CPU_LIMIT' });
    });

    test('leaks memory outside the heap is ended', async () => {
      const leak = 'const held = []; setInterval(() => held.push(Buffer.alloc(8e6, 1)), 5);';
      const plugin = await start({
        ...tree({ 'main.mjs': leak }),
        mode,
        grant: limited({ memoryBytes: 200e6 }),
      });
      expect((await plugin.exited).error).toMatchObject({ code: 'MEMORY_LIMIT' });
    });

    test('leaks memory in the heap ends', async () => {
      const leak = 'const held = []; for (;;) held.push({ a: [held.length] });';
      const plugin = await start({
        ...tree({ 'main.mjs': leak }),
        mode,
        grant: limited({ memoryBytes: 200e6 }),
      });
      expect(['MEMORY_LIMIT', 'PLUGIN_CRASHED']).toContain((await plugin.exited).error?.code);
    });

    test('writes garbage on its channel is ended', async () => {
      const garbage =
        'import fs from "node:fs"; fs.writeSync(3, Buffer.alloc(4096, 0xff)); setInterval(() => 1, 1000);';
      const plugin = await start({ ...tree({ 'main.mjs': garbage }), mode });
      expect((await plugin.exited).error).toMatchObject({ code: 'CHANNEL_GARBAGE' });
    });

    test('closes its channel is ended', async () => {
      const close = 'import fs from "node:fs"; fs.closeSync(3); setInterval(() => 1, 1000);';
      const plugin = await start({ ...tree({ 'main.mjs': close }), mode });
      expect((await plugin.exited).error).not.toBeNull();
    });

    test('floods standard output waits for whoever reads it', async () => {
      const flood =
        'import fs from "node:fs"; const much = Buffer.alloc(1e6, 10); for (let i = 0; i < 2000; i++) fs.writeSync(1, much);';
      const before = process.memoryUsage().rss;
      const plugin = await start({ ...tree({ 'main.mjs': flood }), mode });
      await sleep(700);
      expect(process.memoryUsage().rss - before).toBeLessThan(200e6); // it would be two gigabytes
      expect((await plugin.stop({ graceMs: 0 })).error).toMatchObject({ code: 'PLUGIN_STOPPED' });
    });

    test('floods the channel with messages that nobody asked for is ended', async () => {
      const flood = `export const call = () => 1; import fs from 'node:fs';
        const frame = Buffer.alloc(1_000_009); frame.writeUInt32LE(1_000_005); frame[4] = 1; frame.writeUInt32LE(4, 5); frame.write('null', 9);
        for (let i = 0; i < 500; i++) for (let at = 0; at < frame.length;) try { at += fs.writeSync(3, frame, at); } catch {}`;
      const before = process.memoryUsage().rss;
      const plugin = await start({ ...tree({ 'main.mjs': flood }), mode });
      expect((await plugin.exited).error).toMatchObject({ code: 'CHANNEL_GARBAGE' });
      expect(process.memoryUsage().rss - before).toBeLessThan(250e6);
    });

    test('does not read its channel is ended before the host is full', async () => {
      const plugin = await start({
        ...tree({ 'main.mjs': 'export const call = () => { for (;;); };' }),
        mode,
        runner,
        limits: { unreadBytes: 4e6 },
      });
      for (let i = 0; i < 10; i++) plugin.channel?.send(null, Buffer.alloc(1e6));
      expect((await plugin.exited).error).toMatchObject({ code: 'CHANNEL_FULL' });
    });
  });

test('a message that is too large is not sent', async () => {
  const plugin = await start({
    ...tree({ 'main.mjs': 'export const call = () => 1;' }),
    runner,
    limits: { messageBytes: 1e6 },
  });
  expect(() => plugin.channel?.send(null, Buffer.alloc(2e6))).toThrow(RangeError);
  expect(await ask(plugin, 1)).toEqual({ value: 1 });
});

// Where only the watcher counts, the bomb would be the machine's.
test.skipIf(!sandboxed || taskLimiter() === 'watcher')(
  'a fork bomb stays small, and nothing of it stays',
  async () => {
    const made = tree({ 'bomb.sh': '#!/bin/sh\nbomb() { bomb | bomb & }\nbomb\nwait\nsleep 60\n' });
    const plugin = await start({
      ...made,
      mode: 'sandbox',
      runtime: 'executable',
      grant: grant({ exec: ['/bin/sh', '/bin/sleep'] }),
      limits: { tasks: 64 },
    });
    plugin.stderr.resume();
    await Promise.race([plugin.exited, sleep(1000)]);
    expect(processesWith('/plugin/bomb.sh').length).toBeLessThanOrEqual(66);
    await plugin.stop({ graceMs: 0 });
    for (let waited = 0; waited < 100 && processesWith('/plugin/bomb.sh').length > 0; waited++)
      await sleep(50);
    expect(processesWith('/plugin/bomb.sh')).toEqual([]);
  },
);

test.skipIf(!sandboxed)('the private folders of a sandbox have an end, since they are memory', async () => {
  const plugin = await start({
    ...tree({
      'main.mjs': `import fs from 'node:fs'; const much = Buffer.alloc(1e6, 1);
        export const call = (file) => { for (let i = 0; i < 150; i++) fs.appendFileSync(file, much); };`,
    }),
    mode: 'sandbox',
    runner,
    grant: limited({ memoryBytes: 128 * 1024 * 1024 }),
  });
  expect(await ask(plugin, '/tmp/full')).toMatchObject({ code: 'ENOSPC' });
  for (const place of ['/dev/shm/full', '/dev/full', '/full', '/plugin/full', '/ragv/full'])
    expect(await ask(plugin, place)).toHaveProperty('failed');
});

describe('when its host is killed', () => {
  for (const mode of modes)
    test.skipIf(mode === 'sandbox' && !sandboxed)(
      `${mode}: nothing of a plugin stays, not even of one that loops`,
      async () => {
        const { folder, files } = tree({ 'main.mjs': 'for (;;);', 'idle.mjs': 'setInterval(() => 1, 1000)' });
        const mark = `ragv-orphan-${mode}-${process.pid}`;
        const script = path.join(import.meta.dirname, 'host/main.ts');
        const host = startScript(script, mode, folder, JSON.stringify([...files]), mark);
        const started = await new Promise<string>((resolve) =>
          host.stdout.once('data', (data: Buffer) => resolve(data.toString('utf8'))),
        );
        expect(started).toContain('up');
        expect(processesWith(mark).length).toBeGreaterThanOrEqual(2);
        host.kill('SIGKILL');
        for (let waited = 0; waited < 100 && processesWith(mark).length > 0; waited++) await sleep(50);
        expect(processesWith(mark)).toEqual([]);
      },
    );
});

/** Processes that have this among their arguments, the host aside. */
function processesWith(mark: string): readonly string[] {
  if (!existsSync('/proc/self')) return [];
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      return line.includes(mark) && !line.includes('host/main.ts');
    } catch {
      return false;
    }
  });
}
