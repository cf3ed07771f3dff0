import { assert, asyncProperty, array, constantFrom, integer, nat } from 'fast-check';
import { expect, test } from 'vitest';
import { memoryStorage, read, storageKey, type Storage } from '@ragnos/storage';
import { AuditLog, emptyHead, headFromJson, headToJson, type LogHead } from '@ragnos/tlog';
import { collect, discard, grown, keysBelow, sample, sweep } from './samples.ts';

const timestampKey = storageKey('metadata/timestamp.json');

async function committed(
  storage: Storage,
): Promise<{ readonly head: LogHead; readonly etag: string | null }> {
  const found = await read(storage, timestampKey, { maxLength: 1000 });
  if (found === null) return { head: emptyHead, etag: null };
  return { head: headFromJson(JSON.parse(Buffer.from(found.bytes).toString())), etag: found.info.etag };
}

async function swap(storage: Storage, head: LogHead, etag: string | null): Promise<boolean> {
  const bytes = Buffer.from(JSON.stringify(headToJson(head)));
  return (await storage.compareAndSwap(timestampKey, bytes, {}, etag)).swapped;
}

test('two attempts on one head: one is committed, the other leaves nothing', async () => {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  const head = (await grown(log, emptyHead, [200, 100, 4])).at(-1) ?? emptyHead;
  const same = sample(7);
  const [a, b] = await Promise.all([log.stage(head, [same]), log.stage(head, [same])]);
  expect(a.head).not.toEqual(b.head); // or the loser would take the winner's object away
  await discard(storage, a);
  await log.settle(b);
  expect(await log.verify(b.head, { since: head })).toMatchObject({ ok: true, verified: 305 });
  expect(await log.verify(a.head)).toMatchObject({ ok: false, findings: [{ code: 'LOG_MISSING' }] });
});

test('a loser that dies leaves one object, which gc may remove', async () => {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  const head = (await grown(log, emptyHead, [3])).at(-1) ?? emptyHead;
  const lost = await log.stage(head, [sample(1)]);
  const won = await log.stage(head, [sample(2)]);
  await log.settle(won);
  const needs = await log.needs(won.head);
  const orphans = (await keysBelow(storage, 'log/')).filter((key) => !needs(key));
  expect([...lost.files.keys()].every((key) => orphans.includes(key))).toBe(true);
  for (const key of orphans) await storage.delete(storageKey(key));
  expect(await log.verify(won.head)).toMatchObject({ ok: true, verified: 4 });
});

test(
  'eight publishers at once: every committed entry is there, in an order that all agree on',
  { timeout: 60_000 },
  async () => {
    const storage = memoryStorage();
    const perPublisher = 20;
    const seen: LogHead[] = [];
    const publish = async (name: string): Promise<void> => {
      const log = new AuditLog(storage);
      for (let at = 0; at < perPublisher;) {
        const { head, etag } = await committed(storage);
        const staged = await log.stage(head, [
          sample(at, { host: name }),
          sample(at, { host: name, kind: 'sign' }),
        ]);
        if (await swap(storage, staged.head, etag)) {
          at++;
          seen.push(staged.head);
          if (at % 3 > 0) await log.settle(at % 2 === 0 ? staged : staged.head);
        } else await discard(storage, staged);
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, i) => publish(`host-${i}`)));
    const log = new AuditLog(storage);
    const { head } = await committed(storage);
    const entries = (await collect(log.entries(head))).map(({ entry }) => entry);
    expect(entries).toHaveLength(8 * perPublisher * 2);
    for (let i = 0; i < 8; i++) {
      const own = entries.filter(({ host }) => host === `host-${i}`);
      expect(own.map(({ kind }) => kind)).toEqual(
        Array.from({ length: perPublisher * 2 }, (_, at) => (at % 2 === 0 ? 'publish' : 'sign')),
      );
    }
    for (const since of seen) expect(await log.consistencyProof(since, head)).toBeInstanceOf(Array);
    expect(await log.verify(head, { since: seen[0] ?? emptyHead })).toMatchObject({ ok: true });
  },
);

test(
  'any history, settled or not, and swept at any time, reads as it was committed',
  { timeout: 120_000 },
  async () => {
    const step = array(constantFrom('stage', 'settle own', 'settle head', 'sweep', 'refuse', 'lose'), {
      maxLength: 6,
    });
    await assert(
      asyncProperty(
        array(step, { minLength: 1, maxLength: 12 }),
        array(integer({ min: 1, max: 256 }), { minLength: 12, maxLength: 12 }),
        nat(),
        async (steps, sizes, pick) => {
          const storage = memoryStorage();
          const log = new AuditLog(storage);
          let head = emptyHead;
          let own = 0;
          let refused = 0;
          const heads = [head];
          for (const [at, what] of steps.entries()) {
            const [first, ...rest] = Array.from({ length: at % 3 === 0 ? (sizes[at] ?? 1) : 1 }, (_, i) =>
              sample(i),
            );
            if (first === undefined) continue;
            if (what.includes('refuse') && (await log.refuse(sample(at)))) refused++;
            if (what.includes('lose')) await log.stage(head, [first]);
            const staged = await log.stage(head, [first, ...rest].slice(0, 250) as [typeof first]);
            own += Math.min(250, rest.length + 1);
            head = staged.head;
            heads.push(head);
            if (what.includes('settle own')) await log.settle(staged);
            if (what.includes('settle head')) await log.settle(head);
            if (what.includes('sweep')) await sweep(storage, log, head);
          }
          expect(head.size).toBe(own + refused);
          const since = heads[pick % heads.length];
          expect(await log.verify(head, { since })).toMatchObject({ ok: true, verified: head.size });
          const entries = await collect(log.entries(head));
          expect(entries.map(({ index }) => index)).toEqual(Array.from({ length: head.size }, (_, i) => i));
          const from = pick % (head.size + 1);
          const part = await collect(log.entries(head, { from, reverse: true }));
          expect(part).toEqual(entries.slice(from).toReversed());
          await log.settle(head);
          expect(await log.pending()).toEqual([]);
        },
      ),
      { numRuns: 25 },
    );
  },
);
