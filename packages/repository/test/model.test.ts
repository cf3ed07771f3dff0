/**
 * The heart of the tests: random sequences of all operations by up to three objects at a time, interleaved at every call to the
 * store, killed between any two writes, with lost and late answers, failing reads and stale lists, while clients of every age
 * ask. After every commit the store is read from the first root on, and held to a model of paths, contents and roles. Signing
 * events are made, left, applied on other heads, opened anew and cancelled; a vendor that keeps its keys is split into bins and split
 * anew by them; other clients are served, each with what it cannot read. The audit log is lost, all of it or its end, and nobody
 * publishes until root gives it up.
 *
 * `npm test` takes about 25 seconds of it. Nightly, and after a change of anything that writes:
 *
 *     MODEL_SECONDS=3600 npx vitest run packages/repository/test/model.test.ts
 *
 * A failure prints the shortest sequence that fails, and its seed: MODEL_SEED=… MODEL_PATH=… have it again. It becomes a case of
 * found.test.ts.
 */
import { array, assert, asyncProperty, boolean, constantFrom, record } from 'fast-check';
import type * as timers from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Client } from '@ragnos/repository';
import { step } from './model/ops.ts';
import { run } from './model/run.ts';
import { start } from './world.ts';

// Whoever lost a race waits for as long as it takes the others to do something, not for a time.
vi.mock('node:timers/promises', async (original) => {
  const real = await original<typeof timers>();
  return { ...real, default: real, setTimeout: (_ms: number, value: unknown) => real.setImmediate(value) };
});

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: start }));
afterEach(() => void vi.useRealTimers());

const seconds = Number(process.env.MODEL_SECONDS ?? '18');
const seed = process.env.MODEL_SEED;

test(
  'any sequence of operations, whatever goes wrong: clients see one state after another, and nothing acknowledged is lost',
  { timeout: (seconds + 120) * 1000 },
  async () => {
    const until = performance.now() + seconds * 1000;
    let runs = 0;
    const counts = new Map<string, number>();
    const tell = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
    const sequence = record({
      steps: array(step, { minLength: 1, maxLength: 8 }),
      staging: boolean(),
      compat: constantFrom<readonly Client[]>([], [], ['python-tuf', 'tuf-js'], ['tough'], ['go-tuf'], ['tough', 'go-tuf']), // prettier-ignore
      updater: boolean(),
    });
    await assert(
      asyncProperty(sequence, async ({ steps, ...options }) => {
        await run(steps, { ...options, tell });
        runs++;
      }),
      {
        numRuns: seed === undefined ? 1_000_000 : 1,
        interruptAfterTimeLimit: until - performance.now(),
        markInterruptAsFailure: false,
        ...(seed === undefined ? {} : { seed: Number(seed), path: process.env.MODEL_PATH ?? '' }),
      },
    );
    expect(runs).toBeGreaterThan(0);
    if (process.env.MODEL_SECONDS === undefined) return;
    const each = [...counts]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([what, count]) => `${what}: ${count}`);
    process.stderr.write(`sequences: ${runs}\n${each.join('\n')}\n`);
  },
);
