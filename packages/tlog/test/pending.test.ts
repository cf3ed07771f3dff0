import { expect, test } from 'vitest';
import { memoryStorage, storageKey, type Storage } from '@ragnos/storage';
import { AuditLog, emptyHead, logLimits } from '@ragnos/tlog';
import { newLine } from '../src/entry-json.ts';
import { append, collect, keysBelow, overwrite, sample } from './samples.ts';

const refusal = (at: number): Parameters<AuditLog['refuse']>[0] =>
  sample(at, { code: 'DOOR_NEW_DIGEST', message: `refused ${at}` });

const waiting = (storage: Storage): Promise<readonly string[]> => keysBelow(storage, 'log/pending/');

test('a refusal waits, is seen, and is taken in by the next commit, once', async () => {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  expect(await log.refuse(refusal(2))).toBe(true);
  expect(await log.refuse(refusal(1))).toBe(true);
  expect((await log.pending()).map(({ kind, message }) => [kind, message])).toEqual([
    ['refusal', 'refused 1'],
    ['refusal', 'refused 2'],
  ]);
  expect(await log.pending(1)).toHaveLength(1);
  const staged = await log.stage(emptyHead, [sample(3)]);
  expect(await waiting(storage)).toHaveLength(2); // not committed yet
  await log.settle(staged);
  expect(await waiting(storage)).toEqual([]);
  const entries = (await collect(log.entries(staged.head))).map(({ entry }) => entry);
  expect(entries.map(({ message = null }) => message)).toEqual(['refused 1', 'refused 2', null]);
  expect((await append(log, staged.head, sample(4))).size).toBe(4);
});

test('a commit that was lost takes nothing away', async () => {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  await log.refuse(refusal(1));
  await log.stage(emptyHead, [sample(3)]);
  const won = await append(log, emptyHead, sample(4));
  expect(won.size).toBe(2);
  expect(await waiting(storage)).toEqual([]);
});

test('only as many as a commit takes; the rest waits for the next', async () => {
  const log = new AuditLog(memoryStorage());
  for (let at = 0; at < logLimits.pendingTaken + 5; at++) await log.refuse(refusal(at));
  const one = await append(log, emptyHead, sample(1));
  expect(one.size).toBe(logLimits.pendingTaken + 1);
  const two = await append(log, one, sample(1));
  expect(two.size).toBe(logLimits.pendingTaken + 5 + 2);
  const full = Array.from({ length: logLimits.commitMaxEntries - 1 }, () => sample(1));
  await log.refuse(refusal(1));
  expect((await append(log, two, sample(1), ...full)).size).toBe(two.size + logLimits.commitMaxEntries);
});

test('each once, although who took them died, and the next commit has no room for any', async () => {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  for (let at = 0; at < logLimits.pendingTaken; at++) await log.refuse(refusal(at));
  const dead = await log.stage(emptyHead, [sample(1)]); // committed, never settled
  await log.refuse(sample(-1000, { message: 'earlier, by a clock that is late' }));
  const full = Array.from({ length: logLimits.commitMaxEntries - 1 }, () => sample(1));
  const one = await append(log, dead.head, sample(1), ...full);
  const two = await append(log, await append(log, one, sample(2)), sample(3));
  expect(two.size).toBe(logLimits.pendingTaken + 1 + logLimits.commitMaxEntries + 3);
  expect(await waiting(storage)).toEqual([]);
});

test('the note of an overflow, too, once', async () => {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  const note = { ...sample(1), kind: 'refusal', code: 'LOG_PENDING_FULL' } as const;
  await overwrite(storage, 'log/pending/overflow.json', Buffer.from(newLine(note)));
  const dead = await log.stage(emptyHead, [sample(1)]);
  expect(dead.head.size).toBe(2);
  const full = Array.from({ length: logLimits.commitMaxEntries - 1 }, () => sample(1));
  const next = await append(log, dead.head, sample(1), ...full);
  expect(await waiting(storage)).toEqual([]);
  expect((await append(log, next, sample(2))).size).toBe(2 + logLimits.commitMaxEntries + 1);
});

test('too many: what is lost is noted, in the log too', { timeout: 60_000 }, async () => {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  for (let at = 0; at < logLimits.pendingMaxCount; at++) expect(await log.refuse(refusal(at))).toBe(true);
  expect(await log.refuse(refusal(1))).toBe(false);
  expect(await log.refuse(refusal(2))).toBe(false);
  expect(await waiting(storage)).toHaveLength(logLimits.pendingMaxCount + 1);
  let head = emptyHead;
  while ((await waiting(storage)).length > 0) head = await append(log, head, sample(1));
  const entries = (await collect(log.entries(head))).map(({ entry }) => entry);
  expect(entries.filter(({ code }) => code === 'DOOR_NEW_DIGEST')).toHaveLength(logLimits.pendingMaxCount);
  expect(entries.filter(({ code }) => code === 'LOG_PENDING_FULL')).toHaveLength(1);
});

const strange: Readonly<Record<string, readonly [key: string, bytes: string]>> = {
  'not JSON': ['019000000000-0000000000000001', '{'],
  empty: ['019000000000-0000000000000001', ''],
  'too large': ['019000000000-0000000000000001', 'x'.repeat(100_000)],
  'not UTF-8': ['019000000000-0000000000000001', '\u0000'],
  'under another name': ['hello', '{}'],
};

for (const [name, [id, text]] of Object.entries(strange))
  test(`a file that is no refusal, ${name}: in the log with its digest, and gone`, async () => {
    const storage = memoryStorage();
    const log = new AuditLog(storage);
    const bytes = name === 'not UTF-8' ? Buffer.of(0xff, 0xfe) : Buffer.from(text);
    await overwrite(storage, `log/pending/${id}.json`, bytes);
    expect(await log.pending()).toEqual([]);
    const head = await append(log, emptyHead, sample(1));
    const [first] = await collect(log.entries(head));
    expect(first?.entry).toMatchObject({ kind: 'refusal', code: 'LOG_PENDING_UNREADABLE', host: 'build-1' });
    expect(first?.entry.message).toMatch(/sha256: [0-9a-f]{64}$/);
    expect(await waiting(storage)).toEqual([]);
  });

test('only a refusal can wait: nobody slips in an entry of another kind by writing a file', async () => {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  const head = await append(log, emptyHead, sample(1));
  const [written] = await collect(log.lines(head));
  const id = /"id":"([^"]+)"/.exec(written?.line ?? '')?.[1] ?? '';
  const other = id.replace(/.$/, (last) => (last === '0' ? '1' : '0'));
  await overwrite(
    storage,
    `log/pending/${other}.json`,
    Buffer.from((written?.line ?? '').replace(id, other)),
  );
  const [, second] = await collect(log.entries(await append(log, head, sample(2))));
  expect(second?.entry).toMatchObject({ kind: 'refusal', code: 'LOG_PENDING_UNREADABLE' });
});

test('a file removed between the listing and the reading is not missed', async () => {
  const storage = memoryStorage();
  await new AuditLog(storage).refuse(refusal(1));
  const racing: Storage = {
    ...storage,
    async *list(prefix, options) {
      for await (const item of storage.list(prefix, options)) {
        await storage.delete(storageKey(item.key));
        yield item;
      }
    },
  };
  expect((await append(new AuditLog(racing), emptyHead, sample(1))).size).toBe(1);
});
