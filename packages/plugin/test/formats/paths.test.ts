import * as fc from 'fast-check';
import { byPath, filePath, foldedPath } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';

const accepted: readonly string[] = [
  'a',
  'LICENSE',
  '.npmignore',
  '...a',
  'a..b',
  'node_modules/@scope/x/index.js',
  'it is (1) [2] {3}!$&+,;=~^`#.md',
  '\u00fc/\u65e5\u672c/\u{1f600}.txt',
  'com10.js',
  'nulls/console/auxiliary.js',
  `${'a/'.repeat(63)}b`,
  'a'.repeat(255),
];

function isAccepted(raw: string): boolean {
  try {
    return filePath(raw) === raw;
  } catch {
    return false;
  }
}

describe('file paths', () => {
  for (const path of accepted)
    test(`accepted: ${path.slice(0, 40)}`, () => expect(filePath(path)).toBe(path));

  test('whatever is accepted stays below its folder, by every reading of it', () =>
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a./\\: ]{1,12}$/)), (raw) => {
        const parts = [raw, raw.normalize('NFKC')].flatMap((path) => path.split(/[/\\]/));
        const climbs = parts.some((part) => ['', '.', '..'].includes(part.trim()));
        expect(climbs && isAccepted(raw)).toBe(false);
      }),
      { numRuns: 3000 },
    ));
});

test('paths sort as their UTF-8 bytes, where UTF-16 units would not', () => {
  const order = (...paths: readonly string[]) =>
    paths
      .map((path) => ({ path }))
      .toSorted(byPath)
      .map(({ path }) => path);
  expect(order('\u{1f600}', '\uff5e', 'z', '\u00e9')).toEqual(['z', '\u00e9', '\uff5e', '\u{1f600}']);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
      expect(byPath({ path: a }, { path: b })).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

describe('names that some disk takes for one', () => {
  for (const [a, b] of [
    ['README', 'readme'],
    ['\u00e9', 'e\u0301'],
    ['\ufb01', 'fi'],
    ['stra\u00dfe', 'STRASSE'],
    ['\u212a', 'k'], // Kelvin
    ['\u03c3', '\u03c2'], // sigma at the end of a word
  ] as const)
    test(`${a} and ${b}`, () => expect(foldedPath(a)).toBe(foldedPath(b)));
});
