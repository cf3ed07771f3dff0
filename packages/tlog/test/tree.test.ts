import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, asyncProperty, constantFrom, integer, nat, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryStorage } from '@ragnos/storage';
import {
  AuditLog,
  emptyHead,
  headOfLines,
  leafHash,
  verifyConsistency,
  verifyInclusion,
  type LogHead,
} from '@ragnos/tlog';
import { mth, path, proof } from './naive.ts';
import { collect, grown } from './samples.ts';

interface Vector {
  readonly size: number;
  readonly root: string;
  readonly inclusion: Readonly<Record<string, readonly string[]>>;
  readonly consistency: Readonly<Record<string, readonly string[]>>;
}

const vectors = JSON.parse(
  readFileSync(join(import.meta.dirname, 'vectors.json'), 'utf8'),
) as readonly Vector[];
const lines = Array.from({ length: 300 }, (_, i) => `entry ${i}`);
const leafOf = (line: string): string => Buffer.from(leafHash(line)).toString('hex');
const headOf = (some: readonly string[]): LogHead => ({ size: some.length, root: mth(some).toString('hex') });

describe("roots and proofs of Go's sumdb/tlog", () => {
  for (const { size, root, inclusion, consistency } of vectors)
    test(`${size} leaves`, async () => {
      const head = { size, root };
      expect(await headOfLines(lines.slice(0, size))).toEqual(head);
      for (const [index, hashes] of Object.entries(inclusion)) {
        expect(path(Number(index), lines.slice(0, size))).toEqual(hashes);
        verifyInclusion(head, Number(index), leafOf(lines[Number(index)] ?? ''), hashes);
      }
      for (const [old, hashes] of Object.entries(consistency)) {
        const before = headOf(lines.slice(0, Number(old)));
        expect(proof(Number(old), lines.slice(0, size))).toEqual(hashes);
        verifyConsistency(before, head, hashes);
      }
    });

  test('there are vectors', () => {
    expect(vectors.map(({ size }) => size)).toEqual([1, 2, 3, 4, 5, 7, 8, 13, 64, 255, 256, 257, 300]);
  });
});

test('an empty log', async () => {
  expect(await headOfLines([])).toEqual(emptyHead);
  expect(emptyHead.root).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

test('the root is that of RFC 6962, whatever the size', async () => {
  await assert(
    asyncProperty(nat(300), async (size) => {
      expect(await headOfLines(lines.slice(0, size))).toEqual(headOf(lines.slice(0, size)));
    }),
    { numRuns: 60 },
  );
});

const spoilt = constantFrom('other leaf', 'other index', 'flipped hash', 'one more', 'one less', 'swapped');

function spoil(hashes: readonly string[], how: string, at: number): readonly string[] {
  const copy = [...hashes];
  const i = hashes.length === 0 ? 0 : at % hashes.length;
  if (how === 'flipped hash') copy[i] = (copy[i] ?? '').replace(/^./, (c) => (c === '0' ? '1' : '0'));
  if (how === 'one more') copy.splice(i, 0, copy[i] ?? '0'.repeat(64));
  if (how === 'one less') copy.splice(i, 1);
  if (how === 'swapped') copy.reverse();
  return copy;
}

test('an inclusion proof proves one entry in one place of one log', () => {
  assert(
    property(record({ size: integer({ min: 1, max: 120 }), at: nat(), how: spoilt, where: nat() }), (run) => {
      const some = lines.slice(0, run.size);
      const index = run.at % run.size;
      const hashes = path(index, some);
      const leaf = leafOf(some[index] ?? '');
      verifyInclusion(headOf(some), index, leaf, hashes);
      const bad = spoil(hashes, run.how, run.where);
      const other = run.how === 'other index' ? (index + 1) % run.size : index;
      const otherLeaf = run.how === 'other leaf' ? leafOf('x') : leaf;
      if (bad.join() === hashes.join() && other === index && otherLeaf === leaf) return;
      expect(() => verifyInclusion(headOf(some), other, otherLeaf, bad)).toThrow(
        expect.objectContaining({ code: 'LOG_BAD_PROOF' }),
      );
    }),
    { numRuns: 500 },
  );
});

test('a proof of a smaller tree says nothing of a larger one with its root', () => {
  const bad: unknown = expect.objectContaining({ code: 'LOG_BAD_PROOF' });
  const some = lines.slice(0, 4);
  const { root } = headOf(some);
  verifyInclusion({ size: 4, root }, 1, leafOf('entry 1'), path(1, some));
  expect(() => verifyInclusion({ size: 8, root }, 1, leafOf('entry 1'), path(1, some))).toThrow(bad);
  const old = headOf(lines.slice(0, 3));
  verifyConsistency(old, { size: 4, root }, proof(3, some));
  expect(() => verifyConsistency(old, { size: 8, root }, proof(3, some))).toThrow(bad);
});

test('a consistency proof proves two logs', () => {
  assert(
    property(
      record({ size: integer({ min: 1, max: 120 }), old: nat(), how: spoilt, where: nat() }),
      (run) => {
        const some = lines.slice(0, run.size);
        const before = headOf(some.slice(0, run.old % (run.size + 1)));
        const sent = before.size === 0 ? [] : proof(before.size, some);
        verifyConsistency(before, headOf(some), sent);
        const bad = spoil(sent, run.how, run.where);
        const other = run.how === 'other leaf' ? { ...before, root: '1'.repeat(64) } : before;
        if (bad.join() === sent.join() && other === before) return;
        expect(() => verifyConsistency(other, headOf(some), bad)).toThrow(
          expect.objectContaining({ code: 'LOG_BAD_PROOF' }),
        );
      },
    ),
    { numRuns: 500 },
  );
});

test(
  'a log of any shape: its heads, entries and proofs are those of the naive tree',
  { timeout: 60_000 },
  async () => {
    const log = new AuditLog(memoryStorage());
    const sizes = [1, 1, 2, 5, 1, 40, 200, 1, 1, 3, 256, 1, 256, 255, 1, 2, 1, 1, 30, 1];
    const heads = await grown(log, emptyHead, sizes);
    const head = heads.at(-1) ?? emptyHead;
    const all = (await collect(log.lines(head))).map(({ line }) => line);
    expect(all).toHaveLength(sizes.reduce((a, b) => a + b, 0));
    for (const old of heads) expect(headOf(all.slice(0, old.size))).toEqual(old);
    await assert(
      asyncProperty(nat(all.length - 1), nat(sizes.length), nat(sizes.length), async (index, a, b) => {
        const [old, newer] = [heads[Math.min(a, b)] ?? emptyHead, heads[Math.max(a, b)] ?? emptyHead];
        expect(await log.consistencyProof(old, newer)).toEqual(
          old.size === 0 ? [] : proof(old.size, all.slice(0, newer.size)),
        );
        const shown = await log.inclusionProof(head, index);
        expect(shown).toEqual({ leaf: leafOf(all[index] ?? ''), proof: path(index, all) });
      }),
      { numRuns: 40 },
    );
  },
);
