import { readArchive, readTar } from '@ragnos/plugin';
import { expect, test } from 'vitest';
import { endMark, file, pax, rawEntry, tar, tgz } from './tar-builder.ts';

const shown = (bytes: Uint8Array) =>
  readArchive(bytes).map(({ path, mode, body }) => [path, mode.toString(8), Buffer.from(body).toString()]);

test('plain files in their order, folders ignored', () =>
  expect(
    shown(
      tgz(
        { name: 'package/', type: '5', mode: 0o755 },
        file('package/b', 'B'),
        { name: 'package/lib', type: '5' },
        file('package/lib/A', ''),
        file('package/a', 'A', 0o755),
      ),
    ),
  ).toEqual([
    ['package/b', '644', 'B'],
    ['package/lib/A', '644', ''],
    ['package/a', '755', 'A'],
  ]));

test('of a mode only whether somebody may execute is kept, as npm packages have them: with file type bits, 0, 0777', () =>
  expect(
    shown(
      tgz(
        file('a', 'x', 0o100644),
        file('b', 'x', 0),
        file('c', 'x', 0o777),
        file('d', 'x', 0o100),
        file('e', 'x', 0o1),
      ),
    ).map(([, mode]) => mode),
  ).toEqual(['644', '644', '755', '755', '755']));

test('a pax path and size count, times and comments do not', () =>
  expect(
    shown(
      tgz(
        pax({ comment: 'of git archive', mtime: '1' }, 'g'),
        pax({ path: 'package/\u00fc', size: '3', mtime: '123.5', uid: '501', 'NODETAR.package': 'npm' }),
        { name: 'package/other', body: 'abc' },
        file('package/next'),
      ),
    ),
  ).toEqual([
    ['package/\u00fc', '644', 'abc'],
    ['package/next', '644', 'x'],
  ]));

test('the USTAR prefix, but not where GNU keeps other things', () =>
  expect(
    shown(
      tgz(
        { name: 'b', prefix: 'package/a', body: 'x' },
        { name: 'c', prefix: 'junk', body: 'x', magic: 'ustar  \0' },
      ),
    ).map(([path]) => path),
  ).toEqual(['package/a/b', 'c']));

test('a name that fills its field, numbers with blanks, the old type of a file', () =>
  expect(
    shown(tgz({ name: 'n'.repeat(100), body: 'x', size: '          1 ', mode: '   644 \0', type: '\0' })),
  ).toEqual([['n'.repeat(100), '644', 'x']]));

test('padding to any size after the end mark', () =>
  expect(readTar(Buffer.concat([rawEntry(file('a')), endMark, Buffer.alloc(9 * 512)]))).toHaveLength(1));

test('the same folder again and again, and files beside folders that begin alike', () =>
  expect(
    shown(tgz(file('a/b'), file('a/c'), { name: 'a/', type: '5' }, file('a-b/c'), file('ab'))),
  ).toHaveLength(4));

test('percent signs, dots, at signs and spaces inside are plain characters', () => {
  const names = ['%2e%2e/a', 'a b/c d', '@scope/x', '...a', 'a..b/.c', "it's (1) [2] {3}!$&+,;=~^`#"];
  expect(shown(tgz(...names.map((name) => file(name)))).map(([path]) => path)).toEqual(names);
});

test('a view of any buffer, also one that does not begin at 0', () => {
  const bytes = tar(file('a', 'hello'));
  const copy = new Uint8Array(bytes.length + 3);
  copy.set(bytes, 3);
  expect(Buffer.from(readTar(copy.subarray(3))[0]?.body ?? []).toString()).toBe('hello');
});
