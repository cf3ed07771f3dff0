/** Processes and threads have a bound of their own, also where nothing but the watcher counts them. */
import { describe, expect, test } from 'vitest';
import { nothingGranted, type Mode } from '../../src/confine/grant.ts';
import { grant, sandboxed, start, tree } from './support.ts';

const tasks = 30;

const threads = `import { Worker } from 'node:worker_threads';
  for (let n = 0; n < Number(process.argv[2]); n++) new Worker('setInterval(() => 1, 1000)', { eval: true });`;

describe.runIf(process.platform === 'linux').each<Mode>(['process', 'sandbox'])('in mode %s', (mode) => {
  const run = async (workers: number) =>
    start({
      ...tree({ 'main.mjs': threads }),
      mode,
      args: [String(workers)],
      grant: grant({ worker: true, eval: true, limits: { ...nothingGranted.limits, memoryBytes: 2e9 } }),
      limits: { tasks },
    });

  test.skipIf(mode === 'sandbox' && !sandboxed)('too many threads end it: PROCESS_LIMIT', async () => {
    const plugin = await run(tasks);
    const { error, code } = await plugin.exited;
    expect(error?.code).toBe('PROCESS_LIMIT');
    expect(error?.message).toMatch(/^runs \d+ .* 30 are the most$/);
    expect(code).toBeNull();
  });

  test.skipIf(mode === 'sandbox' && !sandboxed)('as many as it may have do not', async () => {
    const plugin = await run(2);
    await expect.poll(() => plugin.usage().tasks, { timeout: 10_000 }).toBeGreaterThan(2);
    expect(plugin.usage().tasks).toBeLessThanOrEqual(tasks);
    expect((await plugin.stop({ graceMs: 0 })).error).toMatchObject({ code: 'PLUGIN_STOPPED' });
  });
});
