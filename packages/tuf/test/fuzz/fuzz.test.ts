import { canonicalJson } from '@ragnos/tuf';
import { expect, test } from 'vitest';
import { build, newWorld, type Change } from './base.ts';
import { checks, type Check } from './checks.ts';
import { judge, type Verdict } from './judge.ts';
import { namedMutants, randomMutant } from './mutants.ts';
import { random } from './random.ts';
import { mutateTree, put } from './tree.ts';

// A sample of `npm run fuzz`, without the peers: whatever is served, errors of ours alone, and every check is reached.

const world = newWorld();
const now = new Date('2030-01-01T00:00:00Z');
const verdictOn = (changes: readonly Change[]): Verdict =>
  judge(world, build(world, 3, changes, world.before), now);

test('the repository itself is accepted, and the first role that lists the target answers', () => {
  const { accepted, target } = verdictOn([]);
  expect(accepted).toBe(true);
  const silent = (level: 'child' | 'other'): Change => ({
    name: '',
    level,
    tree: (signed) => put(signed, ['targets'], {}),
  });
  expect(verdictOn([silent('other')]).target).toBe(target);
  expect(verdictOn([silent('child')])).toMatchObject({ accepted: true, target: null }); // vendor is terminating
});

test(
  'every named mutant is judged in words of ours, and every check refuses some',
  { timeout: 60_000 },
  () => {
    const stopped = new Map<Check, number>(checks.map((check) => [check, 0]));
    for (const change of namedMutants()) {
      const { stoppedAt } = verdictOn([change]);
      stopped.set(stoppedAt, (stopped.get(stoppedAt) ?? 0) + 1);
    }
    expect([...stopped].filter(([, count]) => count === 0)).toEqual([]);
  },
);

// A sequence of changes may meet the largest number that there is, and make it larger.
test('whatever is changed, and however often, can be signed', () => {
  for (let seed = 0; seed < 2_000; seed++) {
    const tree = { version: Number.MAX_SAFE_INTEGER, least: Number.MIN_SAFE_INTEGER };
    mutateTree(tree, random(seed));
    expect(() => canonicalJson(tree)).not.toThrow();
  }
});

test('five hundred random mutants are judged in words of ours', { timeout: 60_000 }, () => {
  const seed = Date.now() % 2 ** 31;
  const source = random(seed);
  for (let round = 0; round < 500; round++) {
    const changes = randomMutant(source);
    expect(
      typeof verdictOn(changes).accepted,
      `seed ${seed}, mutant ${round}: ${changes.map(({ name }) => name).join(' + ')}`,
    ).toBe('boolean');
  }
});
