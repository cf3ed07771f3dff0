/** Many writers on one object while requests fail at random: what each is told adds up to what is there. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStorage, prepareBucket, read, StorageError, storageKey, type Storage } from '@ragnos/storage';
import { standIns, type AnyStandIn } from './stand-in/every.ts';
import type { Fault } from './stand-in/server.ts';

const key = storageKey('counter');
const writers = 4;
const each = 5;
const fault: fc.Arbitrary<Fault | undefined> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<Fault>(
      'lost',
      'dropped',
      { status: 500 },
      { status: 500, done: true },
      { status: 429 },
    ),
  },
);

/** What the writers were told. */
interface Told {
  swapped: number;
  unknown: number;
}

async function increment(storage: Storage, told: Told): Promise<void> {
  for (let i = 0; i < each; i++) {
    try {
      const found = await read(storage, key, { maxLength: 100 });
      const next = Buffer.from(`${Number(Buffer.from(found?.bytes ?? Buffer.of()).toString()) + 1}`);
      if ((await storage.compareAndSwap(key, next, {}, found?.info.etag ?? null)).swapped) told.swapped++;
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'STORAGE_UNAVAILABLE') throw error;
      told.unknown++;
    }
  }
}

for (const [name, start] of Object.entries(standIns))
  describe(`on ${name}`, () => {
    let server: AnyStandIn;
    let rounds = 0;
    beforeAll(async () => {
      server = await start();
      await prepareBucket(server.uri('bucket'), { env: server.env });
    });
    afterAll(() => server.close());

    test('no swap that was told is missing, and none is there that was denied', () =>
      fc.assert(
        fc.asyncProperty(fc.array(fault, { minLength: 10, maxLength: 200 }), async (faults) => {
          const uri = server.uri('bucket', `r${rounds++}`);
          const open = (): Promise<Storage> =>
            openStorage(uri, { env: server.env, retry: { backoffMs: 1, attempts: 4 } });
          const told: Told = { swapped: 0, unknown: 0 };
          let next = 0;
          server.faults = () => faults[next++ % faults.length];
          await Promise.all(Array.from({ length: writers }, async () => increment(await open(), told)));
          server.faults = () => undefined;
          const found = await read(await open(), key, { maxLength: 100 });
          const count = Number(Buffer.from(found?.bytes ?? Buffer.of()).toString());
          expect(count).toBeGreaterThanOrEqual(told.swapped);
          expect(count).toBeLessThanOrEqual(told.swapped + told.unknown);
        }),
        { numRuns: 8 },
      ));
  });
