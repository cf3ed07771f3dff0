import { expect, test } from 'vitest';
import { memoryStorage, StorageError, type Storage } from '@ragnos/storage';
import { AuditLog, emptyHead, type LogHead } from '@ragnos/tlog';
import { append, collect, grown, keysBelow, sample } from './samples.ts';

/**
 * From its `nth` write on the process is dead, or the power is off. By the contract of storage what was acknowledged before is
 * durable, and the write that was under way has happened or has not: both are tried.
 */
function dyingAt(
  storage: Storage,
  nth: number,
  happens: boolean,
): Storage & { readonly died: () => boolean } {
  let writes = 0;
  const die = (): never => {
    throw new StorageError('STORAGE_UNAVAILABLE', 'killed by the test');
  };
  const write = async <T>(call: () => Promise<T>): Promise<T> => {
    writes++;
    if (writes > nth || (writes === nth && !happens)) die();
    const result = await call();
    return writes === nth ? die() : result;
  };
  const alive = <T>(call: () => T): T => (writes >= nth ? die() : call());
  return {
    ...storage,
    died: () => writes >= nth,
    get: (...args) => alive(() => storage.get(...args)),
    list: (...args) => alive(() => storage.list(...args)),
    putIfAbsent: (...args) => write(() => storage.putIfAbsent(...args)),
    delete: (...args) => write(() => storage.delete(...args)),
  };
}

const outcome = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: unknown) => (error instanceof StorageError ? error.code : error),
  );

// Commits around the end of a tile, where the most is written.
const befores: Readonly<Record<string, readonly number[]>> = {
  'the first entry': [],
  'within a tile': [200, 1, 1],
  'the last of a tile': [255],
  'a batch across the end of a tile': [200, 50, 1],
  'right after a tile': [256],
};

for (const [name, sizes] of Object.entries(befores))
  for (const happens of [false, true])
    test(
      `${name}: killed at each write, which ${happens ? 'happened' : 'did not happen'}`,
      { timeout: 60_000 },
      async () => {
        const added = name.startsWith('a batch') ? 9 : 1;
        for (let nth = 1; ; nth++) {
          const storage = memoryStorage();
          const log = new AuditLog(storage);
          const before = (await grown(log, emptyHead, sizes)).at(-1) ?? emptyHead;
          await log.refuse(sample(1, { message: 'first' }));
          await log.refuse(sample(2, { message: 'second' }));
          const dying = dyingAt(storage, nth, happens);
          const victim = new AuditLog(dying);
          const [first, ...rest] = Array.from({ length: added }, (_, i) => sample(i));
          if (first === undefined) throw new Error('nothing to add');
          let head: LogHead = before;
          const killed = await outcome(
            (async () => {
              const staged = await victim.stage(before, [first, ...rest]);
              head = staged.head; // committed
              await victim.settle(staged);
            })(),
          );
          expect(['done', 'STORAGE_UNAVAILABLE']).toContain(killed);
          const wanted = head === before ? before.size : before.size + added + 2;
          expect(head.size).toBe(wanted);
          expect(await log.verify(head, { since: before })).toMatchObject({ ok: true, verified: head.size });
          expect((await collect(log.entries(head))).map(({ index }) => index)).toHaveLength(head.size);

          const next = await append(log, head, sample(3));
          expect(await log.verify(next, { since: before })).toMatchObject({ ok: true, verified: next.size });
          expect(next.size).toBe(before.size + (head === before ? 0 : added) + 2 + 1);
          const messages = (await collect(log.entries(next, { from: before.size }))).map(
            ({ entry }) => entry.message,
          );
          expect(messages.filter((text) => text !== undefined)).toEqual(['first', 'second']); // once each
          expect(await log.pending()).toEqual([]);
          if (killed === 'done') break;
        }
      },
    );

test('the next publisher completes what one that died after its commit left, and so does anybody', async () => {
  for (const how of ['stage', 'settle'] as const) {
    const storage = memoryStorage();
    const log = new AuditLog(storage);
    const before = (await grown(log, emptyHead, [250])).at(-1) ?? emptyHead;
    const [first, ...rest] = Array.from({ length: 20 }, (_, i) => sample(i));
    if (first === undefined) throw new Error('nothing to add');
    const { head } = await log.stage(before, [first, ...rest]); // committed, and dead
    expect(await keysBelow(storage, 'log/tile/')).toEqual([]);
    expect(await log.verify(head, { since: before })).toMatchObject({ ok: true, verified: 270 });
    if (how === 'stage') await log.stage(head, [sample(1)]);
    else await Promise.all([log.settle(head), log.settle(head), log.settle(head)]);
    expect(await keysBelow(storage, 'log/tile/')).toEqual([
      'log/tile/0/000',
      'log/tile/1/000.p/1',
      'log/tile/entries/000',
    ]);
  }
});
