/** The cheap form, for each publish: what it says, and that it costs nothing to speak of. */
import { quickCheck, quickCheckHead } from '@ragnos/repository';
import { expect, test } from 'vitest';
import { HeadReader } from '../src/head.ts';
import { seenMemory } from '../src/seen.ts';
import { headOf, healthy, now } from './doctor-world.ts';

const made = await healthy();
const head = await headOf(made);

test('nothing of a repository in order; what is late is told', async () => {
  expect(quickCheck(head, head.roles, { now })).toEqual([]);
  const late = new Date(now.getTime() + 2 * 86_400_000);
  expect(quickCheck(head, head.roles, { now: late })).toMatchObject([{ rule: 'expired', severity: 'error' }]);
});

test('of a head as a publish reads it', async () => {
  const reader = new HeadReader(made.storage, seenMemory(undefined), undefined);
  const found = await quickCheckHead(await reader.read(), { now: new Date(now.getTime() + 86_400_000) });
  expect(found.map(({ rule }) => rule)).toEqual(['expired']);
});

test('it costs less than a millisecond for a small repository', () => {
  const times = Array.from({ length: 200 }, () => {
    const began = performance.now();
    quickCheck(head, head.roles, { now });
    return performance.now() - began;
  }).toSorted((a, b) => a - b);
  expect(times[100]).toBeLessThan(1);
});
