import { describe, expect, test } from 'vitest';
import { memoryStorage, read, storageKey, type Storage } from '@ragnos/storage';
import { AuditLog, emptyHead, leafHash, type LogHead } from '@ragnos/tlog';
import { decodeBundle, encodeBundle } from '../src/bundle.ts';
import { newLine } from '../src/entry-json.ts';
import { headKey } from '../src/keys.ts';
import { collect, grown, keysBelow, overwrite, sample } from './samples.ts';

interface Made {
  readonly storage: Storage;
  readonly log: AuditLog;
  readonly heads: readonly LogHead[];
  readonly head: LogHead;
}

/** 600 entries: two full tiles, and a chain of head objects up to 88 entries long. */
async function made(): Promise<Made> {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  const sizes = [100, 100, 100, 200, ...Array.from({ length: 100 }, () => 1)];
  const heads = await grown(log, emptyHead, sizes);
  const head = heads.at(-1) ?? emptyHead;
  const needs = await log.needs(head);
  for (const key of await keysBelow(storage, 'log/')) if (!needs(key)) await overwrite(storage, key, null);
  return { storage, log, heads, head };
}

async function bytesOf(storage: Storage, key: string): Promise<Buffer> {
  const found = await read(storage, storageKey(key), { maxLength: 1 << 24 });
  if (found === null) throw new Error(`no ${key}`);
  return Buffer.from(found.bytes);
}

/** A matcher is `any` by its types. */
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const bundle = 'log/tile/entries/001';
const tile = 'log/tile/0/001';

async function editBundle({ storage }: Made, edit: (lines: string[]) => void): Promise<readonly string[]> {
  const lines = [...decodeBundle(await bytesOf(storage, bundle), bundle)];
  edit(lines);
  await overwrite(storage, bundle, encodeBundle(lines));
  return lines;
}

/** The head object that holds the last 24 entries, from 576 on: a head line, then entries. */
async function editSegment({ storage }: Made, edit: (lines: string[]) => void): Promise<string> {
  for (const key of await keysBelow(storage, 'log/head/')) {
    const [header = '', ...lines] = (await bytesOf(storage, key)).toString().split('\n');
    if (!header.includes('"from":512')) continue;
    edit(lines);
    await overwrite(storage, key, Buffer.from([header, ...lines].join('\n')));
    return key;
  }
  throw new Error('no such segment');
}

test('whole: every object is needed, and every one is looked at', async () => {
  const { storage, log, head, heads } = await made();
  expect(await log.verify(head, { since: heads[3] })).toEqual({
    ok: true,
    head,
    verified: 600,
    findings: [],
    lost: [],
  });
  const keys = await keysBelow(storage, 'log/');
  expect(keys.filter((key) => key.startsWith('log/tile/'))).toEqual([
    'log/tile/0/000',
    'log/tile/0/001',
    'log/tile/1/000.p/2',
    'log/tile/entries/000',
    'log/tile/entries/001',
  ]);
  expect(keys.filter((key) => key.startsWith('log/head/')).length).toBeGreaterThan(2);
});

describe('each object', () => {
  test(
    'deleted, cut, prolonged, with any of some bytes flipped, or empty: found, by its name',
    { timeout: 120_000 },
    async () => {
      const { storage, log, head } = await made();
      for (const key of await keysBelow(storage, 'log/')) {
        const bytes = await bytesOf(storage, key);
        const flips = [0, 1, 2, 40, bytes.length >> 1, bytes.length - 2, bytes.length - 1];
        const variants: (readonly [string, Buffer | null])[] = [
          ['deleted', null],
          ['empty', Buffer.of()],
          ['cut', bytes.subarray(0, -1)],
          ['prolonged', Buffer.concat([bytes, bytes.subarray(0, 32)])],
          ...flips.map((at): readonly [string, Buffer] => {
            const copy = Buffer.from(bytes);
            copy[at] = (copy[at] ?? 0) ^ 1;
            return [`byte ${at} flipped`, copy];
          }),
        ];
        for (const [how, altered] of variants) {
          await overwrite(storage, key, altered);
          const { ok, findings } = await log.verify(head);
          const wanted = altered === null ? 'LOG_MISSING' : matching(/^LOG_(ALTERED|MISSING)$/);
          expect({ how, key, ok, found: findings.find((finding) => finding.key === key)?.code }).toEqual({
            how,
            key,
            ok: false,
            found: wanted,
          });
        }
        await overwrite(storage, key, bytes);
      }
      expect((await log.verify(head)).ok).toBe(true);
    },
  );

  test('put in the place of any other: found', { timeout: 120_000 }, async () => {
    const { storage, log, head } = await made();
    const keys = await keysBelow(storage, 'log/');
    for (const key of keys) {
      const bytes = await bytesOf(storage, key);
      for (const other of keys.filter((name) => name !== key)) {
        await overwrite(storage, key, await bytesOf(storage, other));
        const { ok, findings } = await log.verify(head);
        expect(ok).toBe(false);
        expect(findings.map((finding) => finding.key)).toContain(key);
      }
      await overwrite(storage, key, bytes);
    }
  });
});

const forged = newLine(sample(1, { host: 'elsewhere' }));
const edits: Readonly<Record<string, readonly [edit: (lines: string[]) => void, code: string, at: number]>> =
  {
    deleted: [(lines) => lines.splice(10, 1), 'LOG_MISSING', 10],
    'two deleted': [(lines) => (lines.splice(10, 1), lines.splice(15, 1)), 'LOG_MISSING', 10],
    'the first deleted': [(lines) => lines.splice(0, 1), 'LOG_MISSING', 0],
    altered: [(lines) => void (lines[10] = forged), 'LOG_ALTERED', 10],
    'two swapped': [
      (lines) => void ([lines[10], lines[11]] = [lines[11] ?? '', lines[10] ?? '']),
      'LOG_REORDERED',
      10,
    ],
    'one moved to the front': [(lines) => void lines.unshift(...lines.splice(10, 1)), 'LOG_REORDERED', 0],
    'one added': [(lines) => lines.splice(10, 0, forged), 'LOG_ALTERED', 10],
    'one twice': [(lines) => lines.splice(10, 0, lines[9] ?? ''), 'LOG_ALTERED', 10],
  };

for (const [name, [edit, code, at]] of Object.entries(edits))
  describe(`an entry ${name}`, () => {
    test('in a bundle', async () => {
      const all = await made();
      await editBundle(all, edit);
      const { findings, verified } = await all.log.verify(all.head);
      expect(findings).toEqual([
        { code, key: bundle, index: 256 + at, message: matching(new RegExp(`entry ${256 + at} `)) },
      ]);
      expect(verified).toBe(600 - 256);
      const reading = collect(all.log.entries(all.head, { from: 300 }));
      await expect(reading).rejects.toMatchObject({ code, index: 256 + at });
      expect(await collect(all.log.entries(all.head, { to: 256 }))).toHaveLength(256);
    });

    test('in the chain of head objects', async () => {
      const all = await made();
      const key = await editSegment(all, edit);
      const finding = { code, key, index: 512 + at, message: matching(new RegExp(`entry ${512 + at} `)) };
      expect((await all.log.verify(all.head)).findings).toEqual([finding]);
      await expect(collect(all.log.entries(all.head))).rejects.toMatchObject({ code, index: 512 + at });
    });
  });

test('an entry and its leaf hash altered together: the tile above knows, and says what it can', async () => {
  const all = await made();
  const lines = await editBundle(all, (some) => void (some[10] = forged));
  await overwrite(all.storage, tile, Buffer.concat(lines.map(leafHash)));
  const { findings } = await all.log.verify(all.head);
  expect(findings).toMatchObject([
    { code: 'LOG_ALTERED', key: bundle, index: 256 },
    { code: 'LOG_ALTERED', key: tile },
  ]);
});

test('an entry altered, and another leaf hash: the tile is not believed, so none of 256 is named', async () => {
  const all = await made();
  await editBundle(all, (some) => void (some[10] = forged));
  const hashes = await bytesOf(all.storage, tile);
  hashes[32 * 5] = (hashes[32 * 5] ?? 0) ^ 1;
  await overwrite(all.storage, tile, hashes);
  const { findings } = await all.log.verify(all.head);
  expect(findings).toMatchObject([
    { code: 'LOG_ALTERED', key: bundle, index: 256, message: matching(/an entry from 256 on was altered/) },
    { code: 'LOG_ALTERED', key: tile },
  ]);
});

test('a tile above that is missing is said once, and the entries are still known to be whole', async () => {
  const { storage, log, head } = await made();
  await overwrite(storage, 'log/tile/1/000.p/2', null);
  const { findings, verified } = await log.verify(head);
  expect(findings).toMatchObject([{ code: 'LOG_MISSING', key: 'log/tile/1/000.p/2', index: null }]);
  expect([findings.length, verified]).toEqual([1, 600]);
});

test('a whole log forged with all its tiles and heads is not the one that the timestamp signs', async () => {
  const { log, head, heads, storage } = await made();
  const other = memoryStorage();
  const forgery = new AuditLog(other);
  const forged600 = (await grown(forgery, emptyHead, [200, 200, 200])).at(-1) ?? emptyHead;
  expect(forged600.size).toBe(head.size);
  expect(await forgery.verify(forged600)).toMatchObject({ ok: true });
  for (const key of await keysBelow(other, 'log/')) {
    if (key.startsWith('log/head/600-')) await overwrite(storage, headKey(head), await bytesOf(other, key));
    await overwrite(storage, key, await bytesOf(other, key));
  }
  expect(await log.verify(head)).toMatchObject({
    ok: false,
    findings: [{ code: 'LOG_ALTERED', key: headKey(head) }],
  });
  // And where the keys of the timestamp were stolen too, whoever saw the log before says so.
  expect(await log.verify(forged600, { since: head })).toMatchObject({ findings: [{ code: 'LOG_FORKED' }] });
  expect(await log.verify(forged600, { since: heads[3] })).toMatchObject({
    findings: [{ code: 'LOG_FORKED' }],
  });
  await expect(log.consistencyProof(heads[3] ?? emptyHead, forged600)).rejects.toMatchObject({
    code: 'LOG_FORKED',
  });
});

test('a log that shrank', async () => {
  const { log, head, heads } = await made();
  const old = heads.at(-2) ?? emptyHead;
  expect((await log.verify(old, { since: head })).findings[0]).toMatchObject({
    code: 'LOG_SHRANK',
    message: 'the log has 599 entries, 600 were seen before',
  });
  await expect(log.consistencyProof(head, old)).rejects.toMatchObject({ code: 'LOG_SHRANK' });
});

test('nothing is appended to a log whose last entries were altered, and no tile is made of them', async () => {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  const head = (await grown(log, emptyHead, [250])).at(-1) ?? emptyHead;
  const key = headKey(head);
  const text = (await bytesOf(storage, key)).toString();
  await overwrite(storage, key, Buffer.from(text.replace('build-1', 'build-2')));
  await expect(log.stage(head, [sample(1)])).rejects.toMatchObject({ code: 'LOG_ALTERED', index: 0, key });
  await overwrite(storage, key, null);
  await expect(log.stage(head, [sample(1)])).rejects.toMatchObject({ code: 'LOG_MISSING', key });
  expect(await keysBelow(storage, 'log/tile/')).toEqual([]);
});

test('a tile of another log in the way of ours: nothing is appended', async () => {
  const storage = memoryStorage();
  const log = new AuditLog(storage);
  const head = (await grown(log, emptyHead, [250])).at(-1) ?? emptyHead;
  await overwrite(storage, 'log/tile/entries/000', Buffer.from('other'));
  const [first, ...rest] = Array.from({ length: 10 }, (_, i) => sample(i));
  if (first === undefined) throw new Error('nothing to add');
  const staged = await log.stage(head, [first, ...rest]);
  await expect(log.settle(staged)).rejects.toMatchObject({ code: 'LOG_FORKED', key: 'log/tile/entries/000' });
  await expect(log.stage(staged.head, [first])).rejects.toMatchObject({ code: 'LOG_FORKED' });
});
