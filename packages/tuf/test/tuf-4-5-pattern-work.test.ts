import { defaultLimits, keyId, roleName, rolesForTarget, targetPath, type Delegations } from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { codeOf } from './world.ts';

// A role of 5 MB holds 37,000 patterns, each of which may make the matcher go back for every character of the path: seconds
// for one look-up. Counted in steps, so that the test says the same on every machine; docs/bounds.md has the time.

function roleWith(paths: readonly string[]): Delegations {
  const role = {
    name: roleName('vendor'),
    keyIds: [keyId('k')],
    threshold: 1,
    terminating: false,
    paths,
    pathHashPrefixes: null,
    unrecognized: new Map(),
  };
  return { keys: new Map(), roles: [role], succinctRoles: null, unrecognized: new Map() };
}

/** What `rolesForTarget` does if it may take `maxPatternSteps` steps. */
function search(paths: readonly string[], path: string, maxPatternSteps = defaultLimits.maxPatternSteps) {
  return codeOf(() =>
    rolesForTarget(roleWith(paths), targetPath(path), { ...defaultLimits, maxPatternSteps }),
  );
}

/** The fewest steps that are enough: found by halving. */
function stepsOf(paths: readonly string[], path: string): number {
  let [low, high] = [0, 1e9];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (search(paths, path, middle) === null) high = middle;
    else low = middle + 1;
  }
  return low;
}

const a255 = 'a'.repeat(255);

describe('37,000 patterns that match as slowly as can be', () => {
  const slow = {
    'a star and a tail that fits nearly': `*${'a'.repeat(127)}b`,
    'a star and question marks': `*${'?'.repeat(127)}b`,
    'stars all the way': `${'a*'.repeat(63)}b`,
    'nothing but stars': `${'*'.repeat(128)}b`,
  };
  test.each(Object.entries(slow))('%s: given up, in words of ours', (_, pattern) =>
    expect(
      search(
        Array.from({ length: 37_000 }, () => pattern),
        a255,
      ),
    ).toBe('LIMIT'),
  );

  test('giving up is not "no role": one role more that would match changes nothing', () => {
    const paths = [...Array.from({ length: 37_000 }, () => slow['a star and a tail that fits nearly']), '*'];
    expect(search(paths, a255)).toBe('LIMIT');
  });
});

describe('what a pattern costs', () => {
  test('grows with its length times that of the segment, no faster', () => {
    const at = (n: number): number => stepsOf([`*${'a'.repeat(n / 2 - 1)}b`], 'a'.repeat(n));
    expect(at(128) / at(64)).toBeGreaterThan(3.5);
    expect(at(128) / at(64)).toBeLessThan(4.5);
    expect(at(128)).toBeLessThanOrEqual(128 * 128);
  });

  test('with many stars is that of the last one', () => {
    expect(stepsOf([`${'*a'.repeat(60)}b`], a255)).toBeLessThan(2 * 255 + 2 * 200);
    expect(stepsOf([`${'*'.repeat(5000)}b`], a255)).toBeLessThan(5001 + 3 * 255);
  });

  test('is nothing for one that differs before its first wildcard: 10,000 vendors', () => {
    const vendors = Array.from({ length: 10_000 }, (_, index) => `vendors/v${index}/*/*`);
    const path = 'vendors/v77/hello/hello-1.0.0.tgz';
    expect(search(vendors, path)).toBeNull();
    expect(stepsOf(vendors, path)).toBeLessThan(100);
  });

  test('leaves room for 32,768 roles by suffix', () => {
    const suffixes = Array.from({ length: 32_768 }, (_, index) => `*/*-${index}.tgz`);
    const path = 'vendors/hello-with-a-long-name-1.2.3-beta.99999999.tgz';
    expect(search(suffixes, path, defaultLimits.maxPatternSteps / 2)).toBeNull();
  });
});
