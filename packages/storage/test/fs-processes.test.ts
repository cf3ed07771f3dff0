import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fsStorage, read, storageKey } from '@ragnos/storage';
import { child, ends, speaks } from './processes.ts';
import { tmp } from './tmp.ts';

const key = storageKey('metadata/timestamp.json');

test('8 processes swapping one object lose no update', async () => {
  const root = tmp();
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
  const codes = await Promise.all(names.map((name) => ends(child('append', root, '10', name))));
  expect(codes).toEqual(names.map(() => 0));
  const found = await read(fsStorage({ root }), key, { maxLength: 1_000_000 });
  const lines = new TextDecoder().decode(found?.bytes).trimEnd().split('\n');
  const expected = names.flatMap((name) => Array.from({ length: 10 }, (_, i) => `${name} ${i}`));
  expect(lines.toSorted()).toEqual(expected.toSorted());
}, 60_000);

test('kill -9 of a writer: every object is whole, the lock is free, the remains are swept', async () => {
  const root = tmp();
  const storage = fsStorage({ root });
  for (let round = 0; round < 6; round++) {
    const writers = ['x', 'y'].map((name) => child('write', root, '0', `${name}${round}`));
    await Promise.all(writers.map(speaks));
    await sleep(30 + round * 23);
    writers.forEach((writer) => writer.kill('SIGKILL'));
    await Promise.all(writers.map(ends));

    let objects = 0;
    for await (const entry of storage.list('')) {
      const bytes = (await read(storage, entry.key, { maxLength: 1_000_000 }))?.bytes ?? new Uint8Array();
      const start = /^\S+ \d+ /.exec(new TextDecoder().decode(bytes.subarray(0, 40)))?.[0] ?? '?';
      expect(Buffer.compare(bytes, Buffer.alloc(200_000, start))).toBe(0);
      objects++;
    }
    expect(objects).toBeGreaterThan(0);
  }
  const head = await storage.head(key);
  expect((await storage.compareAndSwap(key, Buffer.from('{}'), {}, head?.etag ?? null)).swapped).toBe(true);
  await sleep(20);
  await fsStorage({ root, tempMaxAgeMs: 1 }).putIfAbsent(storageKey('last'), Buffer.from('1'));
  expect(readdirSync(join(root, '.storage/tmp'))).toEqual([]);
}, 60_000);
