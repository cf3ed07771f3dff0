/** What changed in the files of two versions, as somebody reads it: every line that differs, and nothing of what does not. */
import { hash } from 'node:crypto';
import { codeChanges, filePath, lineDifference, type CodeChange, type ManifestFile } from '@ragnos/plugin';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

type Files = Readonly<Record<string, string | Uint8Array>>;

function version(files: Files): Parameters<typeof codeChanges>[0] {
  const bodies = new Map(Object.entries(files).map(([path, body]) => [path, Buffer.from(body)]));
  const listed = [...bodies].map(([path, body]): ManifestFile => ({
    path: filePath(path),
    mode: 0o644,
    size: body.length,
    sha256: hash('sha256', body, 'hex'),
  }));
  return [{ files: listed }, (path) => bodies.get(path) ?? new Uint8Array()];
}
const changes = (before: Files, after: Files): readonly CodeChange[] =>
  codeChanges(version(before), version(after));
const texts = ({ lines }: CodeChange): readonly string[] | null =>
  lines?.map(({ sign, line, text }) => `${sign}${line} ${text}`) ?? null;

describe('lines', () => {
  const words = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 });
  test('of one text and the difference make the other', () =>
    fc.assert(
      fc.property(words, words, (one, other) => {
        const [before, after] = [one.join('\n'), other.join('\n')];
        const found = lineDifference(before, after);
        const gone = new Set(found.filter(({ sign }) => sign === '-').map(({ line }) => line));
        const added = new Map(found.filter(({ sign }) => sign === '+').map(({ line, text }) => [line, text]));
        const kept = before.split('\n').filter((_, at) => !gone.has(at + 1));
        const made: string[] = [];
        while (kept.length > 0 || added.has(made.length + 1))
          made.push(added.get(made.length + 1) ?? kept.shift() ?? '');
        expect(made.join('\n')).toBe(after);
        expect(found.length === 0).toBe(before === after);
      }),
    ));

  test('as few as there are, wherever they stand among many', () => {
    const many = Array.from({ length: 20_000 }, (_, at) => `line ${at % 100}`);
    const after = many.toSpliced(15_000, 1, 'evil').toSpliced(30, 0, 'new');
    expect(lineDifference(many.join('\n'), after.join('\n'))).toEqual([
      { sign: '+', line: 31, text: 'new' },
      { sign: '-', line: 15_001, text: 'line 0' },
      { sign: '+', line: 15_002, text: 'evil' },
    ]);
  });

  test('of texts that share next to nothing all, in a moment', () => {
    const [one, other] = ['a', 'b'].map((letter) =>
      Array.from({ length: 50_000 }, (_, at) => (at % 3 === 0 ? 'same' : `${letter}${at}`)).join('\n'),
    );
    const started = performance.now();
    expect(lineDifference(one ?? '', other ?? '').length).toBeGreaterThan(66_000);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

describe('files', () => {
  test('the one line of a malicious update, before what is new and what went', () => {
    const before = { 'a.md': 'x', 'send.js': 'const mail = {\n  to,\n};\n', 'old.js': 'x' };
    const after = {
      'a.md': 'x',
      'send.js': "const mail = {\n  to,\n  bcc: 'a@evil.example',\n};\n",
      'a.js': 'y',
    };
    const found = changes(before, after);
    expect(found.map(({ path, change }) => [path, change])).toEqual([
      ['send.js', 'changed'],
      ['a.js', 'added'],
      ['old.js', 'removed'],
    ]);
    expect(found.map(texts)).toEqual([["+3   bcc: 'a@evil.example',"], ['-1 ', '+1 y'], ['-1 x', '+1 ']]);
  });

  test('nobody hides anything by characters that are not seen', () => {
    const [found] = changes({ 'a.js': 'a' }, { 'a.js': 'a\u202e\u001b[2Kb\u2028c\r' });
    expect(found?.lines?.map(({ text }) => text)).toEqual(['a', 'a\\u{202e}\\u{1b}[2Kb\\u{2028}c\\u{d}']);
  });

  test('of a line of many characters what differs, with some around it', () => {
    const long = 'x'.repeat(100_000);
    const [found] = changes({ 'a.js': `${long}${long}` }, { 'a.js': `${long}steal();${long}` });
    expect(found?.lines?.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^… x{120} …$/) as unknown,
      `… ${'x'.repeat(60)}steal();${'x'.repeat(60)} …`,
    ]);
    const [whole] = changes({ 'a.js': '' }, { 'a.js': long });
    expect(whole?.lines?.at(-1)?.text).toMatch(/^x{2000}… 98000 more characters$/);
  });

  test.each([
    ['with a zero byte', Buffer.from('a\0b')],
    ['that is no UTF-8', Buffer.from([0x61, 0xff])],
    ['that is too large', Buffer.alloc(4_000_001, 'a')],
  ])('a file %s is told by its digests', (_name, body) => {
    const [found] = changes({ a: 'text' }, { a: body });
    expect(found).toMatchObject({ lines: null, after: { sha256: hash('sha256', body, 'hex') } });
  });

  test('no more lines than there is room for, and the number of the others', () => {
    const text = Array.from({ length: 15_000 }, (_, at) => String(at)).join('\n');
    const found = changes({}, { 'a.js': text, 'b.js': text });
    expect(found.flatMap(({ lines }) => lines ?? [])).toHaveLength(20_000);
    expect(found.map(({ leftOut }) => leftOut)).toEqual([0, 10_002]);
  });

  test('what comes behind all that there is room for is told by its digests, and not read', () => {
    const text = Array.from({ length: 25_000 }, (_, at) => String(at)).join('\n');
    const [files, read] = version({ 'a.js': text, 'b.js': 'x', 'c.js': 'x' });
    const paths: string[] = [];
    const found = codeChanges(version({}), [
      files,
      (path) => {
        paths.push(path);
        return read(path);
      },
    ]);
    expect(paths).toEqual(['a.js']);
    expect(found.map(({ path, lines, leftOut }) => [path, lines?.length, leftOut])).toEqual([
      ['a.js', 20_000, 5001],
      ['b.js', undefined, 0],
      ['c.js', undefined, 0],
    ]);
  });
});
