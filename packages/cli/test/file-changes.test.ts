/** `ragv diff --files`: every file that differs, with its size before and after; as many lines as a terminal can use. */
import { fileChanges, filePath, type ManifestFile } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { fileChangeLines } from '../src/file-changes.ts';

const digest = (letter: string): string => letter.repeat(64);
const file = (
  path: string,
  size: number,
  letter = 'a',
  mode: ManifestFile['mode'] = 0o644,
): ManifestFile => ({
  path: filePath(path),
  size,
  sha256: digest(letter),
  mode,
});
const lines = (before: readonly ManifestFile[], after: readonly ManifestFile[]): readonly string[] =>
  fileChangeLines(fileChanges({ files: before }, { files: after }));

describe('a file', () => {
  const same = file('same.js', 7);
  const cases: Readonly<Record<string, readonly [ManifestFile | null, ManifestFile | null, string | null]>> =
    {
      'as it was': [same, same, null],
      added: [null, file('a.js', 1234), '  + a.js  1,234 bytes'],
      'added, a program': [null, file('run.sh', 1, 'a', 0o755), '  + run.sh  1 byte, may be executed'],
      removed: [file('a.js', 0), null, '  - a.js  0 bytes'],
      larger: [file('a.js', 10), file('a.js', 1200, 'b'), '  ~ a.js  10 bytes → 1,200 bytes'],
      'of the same size': [
        file('a.js', 10),
        file('a.js', 10, 'b'),
        '  ~ a.js  10 bytes as before, with other content',
      ],
      'a program now': [
        file('a.js', 10),
        file('a.js', 10, 'a', 0o755),
        '  ~ a.js  10 bytes, as before, may be executed now',
      ],
      'no program any more, and smaller': [
        file('a.js', 10, 'a', 0o755),
        file('a.js', 9, 'b'),
        '  ~ a.js  10 bytes → 9 bytes, may not be executed any more',
      ],
    };
  test.each(Object.entries(cases))('%s', (_name, [before, after, line]) => {
    const found = lines(before === null ? [] : [before], after === null ? [] : [after]);
    expect(found).toEqual(line === null ? [] : [line]);
  });
});

test('added first, then removed, then changed, each by path', () =>
  expect(
    lines([file('b', 1), file('x', 1), file('z', 1)], [file('a', 1), file('c', 1), file('z', 2, 'b')]).map(
      (line) => line.slice(2, 5),
    ),
  ).toEqual(['+ a', '+ c', '- b', '- x', '~ z']));

test('no more lines than anybody reads, and the number of the others', () => {
  const many = Array.from({ length: 1300 }, (_, index) => file(`f${String(index).padStart(4, '0')}`, 1));
  const shown = lines([], many);
  expect(shown).toHaveLength(1001);
  expect(shown.at(-1)).toBe('  and 300 more: --json lists them');
  expect(fileChanges({ files: [] }, { files: many })).toHaveLength(1300);
});
