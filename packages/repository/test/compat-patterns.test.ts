import { expect, test } from 'vitest';
import { matchesWithoutDots, shadows } from '../src/compat-patterns.ts';

function words(alphabet: readonly string[], most: number): readonly string[] {
  let found = [''];
  const all = [''];
  for (let length = 1; length <= most; length++) {
    found = found.flatMap((word) => alphabet.map((letter) => word + letter));
    all.push(...found);
  }
  return all;
}

/** By a regular expression, to be compared with. */
function matcher(pattern: string, crossing: boolean): RegExp {
  const any = crossing ? '[^]' : '[^/]';
  const source = Array.from(pattern, (c) =>
    c === '*' ? `${any}*` : c === '?' ? any : c.replace('/', String.raw`\/`),
  );
  return new RegExp(`^${source.join('')}$`);
}

test('two patterns shadow each other exactly if some path matches both', () => {
  const patterns = words(['a', '/', '*', '?'], 3).filter((pattern) => pattern !== '');
  const paths = words(['a', 'b', '/'], 5);
  const matched = (pattern: string, crossing: boolean): ReadonlySet<string> => {
    const expression = matcher(pattern, crossing);
    return new Set(paths.filter((path) => expression.test(path)));
  };
  const later = new Map(patterns.map((pattern) => [pattern, matched(pattern, false)]));
  const wrong: unknown[] = [];
  let [both, neither] = [0, 0];
  for (const earlier of patterns) {
    const crossing = matched(earlier, true);
    for (const [pattern, plain] of later) {
      const expected = !crossing.isDisjointFrom(plain);
      const found = shadows([earlier], [pattern]) !== null;
      if (found !== expected) wrong.push([earlier, pattern, found]);
      if (expected) both++;
      else neither++;
    }
  }
  expect(wrong).toEqual([]);
  expect(both).toBeGreaterThan(1000);
  expect(neither).toBeGreaterThan(1000);
});

test('names the pair', () => {
  expect(shadows(['x/*', 'v/*'], ['y/*', 'v/a/*'])).toEqual({ earlier: 'v/*', later: 'v/a/*' });
  expect(shadows(['a/*'], ['*'])).toBeNull();
});

test('long patterns take no time', () => {
  const started = performance.now();
  expect(shadows([`${'*a'.repeat(120)}b`], [`${'?a'.repeat(120)}c`])).toBeNull();
  expect(performance.now() - started).toBeLessThan(1000);
});

test.each([
  ['v/*', 'v/x', true],
  ['v/*', 'v/.x', false],
  ['v/?x', 'v/.x', false],
  ['v/.*', 'v/.x', true],
  ['*/x', '.v/x', false],
  ['.v/*', '.v/x', true],
  ['v/x.*', 'v/x.y', true],
  ['w/*', 'v/x', false],
] as const)('%s and %s, without a wildcard for a dot: %s', (pattern, path, expected) =>
  expect(matchesWithoutDots([pattern], path)).toBe(expected),
);
