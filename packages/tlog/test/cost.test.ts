import { expect, test } from 'vitest';
import { memoryStorage, read, storageKey, type Storage } from '@ragnos/storage';
import { AuditLog, emptyHead, listedRoles, listedTargets, type LogHead, type NewEntry } from '@ragnos/tlog';
import { append, collect, grown, overwrite, sample, sweep } from './samples.ts';

interface Cost {
  gets: number;
  puts: number;
  lists: number;
  bytes: number;
}

function counting(storage: Storage): { readonly storage: Storage; readonly take: () => Cost } {
  let cost: Cost = { gets: 0, puts: 0, lists: 0, bytes: 0 };
  return {
    take: () => {
      const taken = cost;
      cost = { gets: 0, puts: 0, lists: 0, bytes: 0 };
      return taken;
    },
    storage: {
      ...storage,
      get: (...args) => (cost.gets++, storage.get(...args)),
      list: (...args) => (cost.lists++, storage.list(...args)),
      putIfAbsent: (...args) => {
        cost.puts++;
        cost.bytes += args[1].length;
        return storage.putIfAbsent(...args);
      },
    },
  };
}

/** As a publish of one version writes it: three roles, three targets. About 1.3 kB. */
function publish(at: number): NewEntry {
  const digest = (n: number): string => n.toString(16).padStart(64, '0');
  const version = { version: at + 1, sha256: digest(at) };
  return sample(at, {
    roles: listedRoles(
      ['vendor.acme', 'snapshot', 'timestamp'].map((name) => ({ name, before: version, after: version })),
    ),
    targets: listedTargets(
      ['index.json', 'hello-1.0.0.tgz', 'hello-1.0.0.manifest.json'].map((name, i) => ({
        path: `vendors/acme/hello/${name}`,
        sha256: digest(at * 3 + i),
      })),
    ),
  });
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test('10,000 appends: what one costs does not grow with the log', { timeout: 120_000 }, async () => {
  const { storage, take } = counting(memoryStorage());
  const log = new AuditLog(storage);
  let head = emptyHead;
  const costs: Cost[] = [];
  for (let at = 0; at < 10_000; at++) {
    head = await append(log, head, publish(at));
    costs.push(take());
    if (at % 500 === 0) await sweep(storage, log, head); // or the list of everything is what takes time
    take();
  }
  const block = (from: number, of: (cost: Cost) => number): number =>
    mean(costs.slice(from, from + 256 * 4).map(of));
  const early = block(256, ({ bytes }) => bytes);
  const late = block(256 * 34, ({ bytes }) => bytes);
  expect(late / early).toBeLessThan(1.15); // 64 bytes more for each doubling of the log
  for (const cost of costs) {
    expect(cost.lists).toBe(1);
    expect(cost.bytes).toBeLessThan(450_000); // when a tile is completed: all its entries once more
  }
  const usual = costs.filter(({ puts }) => puts === 1);
  expect(usual.length / costs.length).toBeGreaterThan(0.99);
  expect(Math.max(...usual.map(({ bytes }) => bytes))).toBeLessThan(64_000);
  expect(mean(usual.map(({ bytes }) => bytes))).toBeLessThan(8_000);
  expect(Math.max(...usual.map(({ gets }) => gets))).toBeLessThanOrEqual(6);
  expect(mean(usual.map(({ gets }) => gets))).toBeLessThan(2.2);
  if (process.env['TLOG_FIGURES'] !== undefined) console.table(figures(costs));

  take();
  const recent = await collect(log.entries(head, { reverse: true, from: head.size - 20 }));
  expect(recent).toHaveLength(20);
  expect(take().gets).toBeLessThanOrEqual(14);
  expect(await log.verify(head)).toMatchObject({ ok: true, verified: 10_000 });
});

function figures(costs: readonly Cost[]): object {
  const sorted = (of: (cost: Cost) => number): readonly number[] => costs.map(of).toSorted((a, b) => a - b);
  const row = (of: (cost: Cost) => number): object => {
    const values = sorted(of);
    const at = (part: number): number | undefined => values[Math.floor(part * (values.length - 1))];
    return { mean: mean(values), p50: at(0.5), p99: at(0.99), max: at(1) };
  };
  return { bytes: row(({ bytes }) => bytes), gets: row(({ gets }) => gets), puts: row(({ puts }) => puts) };
}

test(
  'past 65,536 entries: a tile of level 1 is full, and one of level 2 begins',
  { timeout: 120_000 },
  async () => {
    const storage = memoryStorage();
    const log = new AuditLog(storage);
    const heads = await grown(
      log,
      emptyHead,
      Array.from({ length: 257 }, () => 256),
    );
    const at = (commits: number): LogHead => heads[commits] ?? emptyHead;
    const head = at(257);
    expect(head.size).toBe(65_792);
    for (const key of ['log/tile/1/000', 'log/tile/1/001.p/1', 'log/tile/2/000.p/1', 'log/tile/entries/256'])
      expect(await storage.head(storageKey(key))).not.toBeNull();
    for (const index of [0, 65_535, 65_536, 65_791])
      expect((await log.inclusionProof(head, index)).proof.length).toBeGreaterThanOrEqual(9);
    for (const old of [1, 255, 256]) await log.consistencyProof(at(old), head);
    expect(await log.verify(head, { since: at(256) })).toMatchObject({ ok: true, verified: 65_792 });

    const key = storageKey('log/tile/1/000');
    const good = await read(storage, key, { maxLength: 10_000 });
    const bad = Buffer.from(good?.bytes ?? []);
    bad[32 * 200] = (bad[32 * 200] ?? 0) ^ 1;
    await overwrite(storage, key, bad);
    expect((await log.verify(head)).findings).toMatchObject([{ code: 'LOG_ALTERED', key, index: null }]);
    await expect(log.inclusionProof(head, 3)).rejects.toMatchObject({ code: 'LOG_ALTERED', key });
    await overwrite(storage, key, null);
    await expect(log.inclusionProof(head, 3)).rejects.toMatchObject({ code: 'LOG_MISSING', key });
  },
);
