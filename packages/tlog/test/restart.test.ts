// A log that was lost, and given up by the keys of root: the next one begins with saying so, in a folder of its own.
import { expect, test } from 'vitest';
import { memoryStorage, storageKey } from '@ragnos/storage';
import {
  AuditLog,
  emptyHead,
  headFromJson,
  headOfLines,
  headToJson,
  lostWords,
  restartedHead,
  type LogHead,
  type LostLog,
  type NewEntry,
} from '@ragnos/tlog';
import { append, collect, grown, keysBelow, overwrite, sample, start } from './samples.ts';

const lostAt = (head: LogHead, reason = 'the disk died'): LostLog => ({
  ...head,
  time: start,
  by: 'olga@desk',
  reason,
});
const restart = (lost: LostLog): NewEntry => sample(0, { kind: 'restart', lost, message: lost.reason });

/** A log of 300 entries of which the newest tile is gone, given up, and the one after it at 260 entries. */
async function made() {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  const first = (await grown(log, emptyHead, [100, 100, 100])).at(-1) ?? emptyHead;
  for (const key of await keysBelow(storage, 'log/head/')) await storage.delete(storageKey(key));
  const lost = lostAt(first);
  const begun = await append(log, restartedHead(first), restart(lost), sample(1));
  const heads = await grown(log, begun, [4, 254]);
  return { storage, log, first, lost, begun, head: heads.at(-1) ?? begun };
}

test('the log after a lost one is whole by itself, beside what is left of that, and says for ever what was lost', async () => {
  const { storage, log, first, lost, head } = await made();
  expect(head).toMatchObject({ size: 260, restarts: 1 });
  expect(headFromJson(headToJson(head))).toEqual(head);
  const report = await log.verify(head, { lost: [lost] });
  expect(report).toMatchObject({ ok: false, verified: 260, lost: [lost] });
  expect(report.findings).toEqual([
    { code: 'LOG_RESTARTED', message: lostWords(lost), key: null, index: null },
  ]);
  expect(lostWords(lost)).toBe(
    'restarted at 2026-11-21T10:00:00.000Z: 300 entries before it are lost; olga@desk: the disk died',
  );
  const [begin] = await collect(log.entries(head, { to: 1 }));
  expect(begin?.entry).toMatchObject({ kind: 'restart', lost: { size: 300, root: first.root } });
  expect(await keysBelow(storage, 'log/restart-1/tile/')).toContain('log/restart-1/tile/0/000');
  expect(await keysBelow(storage, 'log/tile/')).toContain('log/tile/0/000'); // evidence: nothing of it was touched
  const needs = await log.needs(head);
  for (const key of await keysBelow(storage, 'log/tile/')) expect(needs(key)).toBe(true);
  expect(needs('log/restart-1/head/7-abc.jsonl')).toBe(false);
});

test('the heads that lie in the store are found by log, the longest first', async () => {
  const { storage, log, begun, head } = await made();
  await overwrite(storage, 'log/restart-1/head/7-abc.jsonl', Buffer.from('no head is called so'));
  expect(await log.storedHeads(0)).toEqual([]);
  const found = await log.storedHeads(1);
  expect(found.map(({ size }) => size)).toEqual([260, 6, 2]);
  expect([found.at(0), found.at(-1)]).toEqual([head, begun]);
});

test('who saw the new log already is told nothing more; who saw the old one is, as far as it goes', async () => {
  const { log, first, lost, begun, head } = await made();
  const look = async (since: LogHead, all = [lost]) =>
    (await log.verify(head, { since, lost: all })).findings.map(({ code }) => code);
  expect(await look(begun)).toEqual([]);
  expect(await look(first)).toEqual(['LOG_RESTARTED']);
  expect(await look({ ...first, size: 12, root: 'ab'.repeat(32) })).toEqual(['LOG_RESTARTED']);
  expect(await look({ ...first, size: 301 })).toEqual(['LOG_RESTARTED', 'LOG_SHRANK']);
  expect(await look({ ...first, root: 'ab'.repeat(32) })).toEqual(['LOG_RESTARTED', 'LOG_FORKED']);
  expect(await look({ ...begun, root: 'ab'.repeat(32) })).toEqual(['LOG_FORKED']);
  expect(await look({ ...begun, restarts: 2 })).toEqual(['LOG_SHRANK']);
});

test('a beginning that root does not approve, or not so, is found', async () => {
  const { log, lost, head } = await made();
  const look = async (all: readonly LostLog[]) =>
    (await log.verify(head, { lost: all })).findings.map(({ code }) => code);
  expect(new Set(await look([]))).toEqual(new Set(['LOG_RESTART_UNAPPROVED']));
  for (const other of [
    { ...lost, size: 299 },
    { ...lost, root: 'ab'.repeat(32) },
    { ...lost, reason: 'another' },
    { ...lost, by: 'mallory@desk' },
    { ...lost, time: new Date(0) },
  ])
    expect(await look([other])).toEqual(['LOG_RESTARTED', 'LOG_RESTART_UNAPPROVED']);
});

test('nothing but the first entry of such a log says that it began anew, and that one does', async () => {
  const log = new AuditLog(memoryStorage());
  const head = await append(log, emptyHead, sample(0));
  const lost = lostAt(head);
  const anew = restartedHead(head);
  for (const [at, entries] of [
    [head, [restart(lost)]],
    [emptyHead, [restart(lost)]],
    [anew, [sample(1)]],
    [anew, [sample(1), restart(lost)]],
    [anew, [restart(lost), restart(lost)]],
    [anew, [restart({ ...lost, restarts: 1 })]],
    [head, [sample(1, { lost })]],
  ] as const)
    await expect(log.stage(at, [...entries])).rejects.toMatchObject({ code: 'LOG_BAD_ENTRY' });
});

test('a second loss: each log has its own folder, and both losses are told', async () => {
  const { storage, log, lost, head } = await made();
  const again = lostAt(head, 'the same disk');
  const third = await append(log, restartedHead(head), restart(again));
  expect(third).toMatchObject({ size: 1, restarts: 2 });
  const report = await log.verify(third, { lost: [lost, again] });
  expect(report.findings.map(({ code }) => code)).toEqual(['LOG_RESTARTED', 'LOG_RESTARTED']);
  expect(await keysBelow(storage, 'log/restart-2/')).toHaveLength(1);
  expect((await log.verify(third, { since: head, lost: [lost, again] })).findings).toHaveLength(1);
});

test('an export of the new log puts it back; refusals wait for whichever log is there', async () => {
  const { storage, log, lost, head } = await made();
  await log.refuse({ ...sample(9), code: 'DOOR_LIMITS' });
  const lines = (await collect(log.lines(head))).map(({ line }) => line);
  const exported = async function* (): AsyncGenerator<string> {
    yield* lines;
  };
  expect(await headOfLines(exported())).toMatchObject({ size: head.size, root: head.root });
  for (const key of await keysBelow(storage, 'log/restart-1/')) await storage.delete(storageKey(key));
  await log.restore(head, exported);
  expect((await log.verify(head, { since: head, lost: [lost] })).findings).toEqual([]);
  const after = await append(log, head, sample(10));
  const last = await collect(log.entries(after, { from: head.size }));
  expect(last.map(({ entry }) => entry.kind)).toEqual(['refusal', 'publish']);
});

test('a refusal that waited since before the loss comes after what is said of it', async () => {
  const log = new AuditLog(memoryStorage());
  const head = await append(log, emptyHead, sample(0));
  await log.refuse({ ...sample(1), code: 'DOOR_LIMITS' });
  const next = await append(log, restartedHead(head), restart(lostAt(head)), sample(2));
  const kinds = (await collect(log.entries(next))).map(({ entry }) => entry.kind);
  expect(kinds).toEqual(['restart', 'publish', 'refusal']);
});
