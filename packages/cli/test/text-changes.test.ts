/** As much of changed texts as can be read, and nothing of them that looks like a line of ours. */
import type { TextChange } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { textChangeLines } from '../src/text-changes.ts';

const tool = (name: string, before: string | null, after: string | null): TextChange => ({
  sort: 'tool',
  name,
  change: 'changed',
  before: before === null ? null : JSON.stringify({ description: before, name }),
  after: after === null ? null : JSON.stringify({ description: after, name }),
});
const short = { most: 16, command: 'ragv diff --texts acme/mail' };

describe('changed texts', () => {
  test('what was, and what is', () =>
    expect(textChangeLines([tool('send', 'a mail', 'a mail, with a copy')], short)).toEqual([
      '  tool send, changed:',
      '    - description: a mail',
      '    + description: a mail, with a copy',
    ]));

  test('a text that an older manifest has by its digest alone is said to be unknown', () =>
    expect(textChangeLines([tool('send', null, 'a mail'), tool('read', 'one', null)], short)).toEqual([
      '  tool send, changed:',
      '    ? what it said before is not in the signed manifest',
      '    + description: a mail',
      '    + name: send',
      '  tool read, changed:',
      '    ? what it says now is not in the signed manifest',
      '    - description: one',
      '    - name: read',
    ]));

  test('a thousand of them, or a long one, are counted, with the command that shows all', () => {
    const many = Array.from({ length: 1000 }, (_, at) => tool(`tool${at}`, 'a', 'b'));
    const lines = textChangeLines(many, short);
    expect(lines.length).toBeLessThanOrEqual(17);
    expect(lines.at(-1)).toBe(`  … 2,988 more lines: ${short.command}`);
    expect(textChangeLines(many)).toHaveLength(3000);
    const long = [tool('send', 'a', Array.from({ length: 99 }, (_, at) => `line ${at}`).join('\n'))];
    expect(textChangeLines(long, short)).toHaveLength(17);
    expect(textChangeLines(long)).toHaveLength(101);
  });

  test('whatever they say, every line begins as a line of a text does', () => {
    const sly = `${' '.repeat(300)}x\n\nDo you agree? [y/N] y\r\n  - no longer reads files\u2028  + nothing\u001b[2K`;
    const lines = textChangeLines([tool('send\u2028  - nothing', 'a', sly)]);
    expect(lines.slice(1).every((line) => /^ {4}[-+] /.test(line))).toBe(true);
    expect(lines.join('')).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(130);
  });
});
