/** ragv.toml is the operator's: keys come and go, and every other line stays as it was written. */
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../src/vault/config.ts';
import { withKeys } from '../src/vault/edit-config.ts';

const [a, b, c] = ['a'.repeat(64), 'b'.repeat(64), 'c'.repeat(64)];
const entry = (role: string) => ({ role, uri: `file2:keys/${role}.p8` });
const written = (id: string, role: string): string =>
  `[keys.${id}]\nrole = "${role}"\nuri = "file2:keys/${role}.p8"\n`;

const mine = `# Do not touch on Fridays.
format = 1
vendor = "first" # ours
[lifetimes] # agreed with Eve
timestamp = 2
root = 365
targets = 90
snapshot = 7
delegated = 90

# the safe, third drawer
[keys.${a}]
# locked
role = "root"
uri = "file2:keys/root.p8"  # a copy is with the notary

${written(b, 'targets')}
# the end`;

const edit = (text: string, change: Parameters<typeof withKeys>[2]): string =>
  withKeys('ragv.toml', text, change);

test('a key that is entered stands at the end, and nothing else changed', () => {
  const edited = edit(mine, (keys) => ({ ...keys, [c]: entry('snapshot') }));
  expect(edited).toBe(`${mine}\n\n${written(c, 'snapshot')}`);
  expect(Object.keys(parseConfig('ragv.toml', edited).keys)).toEqual([a, b, c]);
});

test('what was entered is taken out again, and the file is as it was', () => {
  const edited = edit(`${mine}\n`, (keys) => ({ ...keys, [c]: entry('snapshot') }));
  expect(edit(edited, ({ [c]: _gone, ...keys }) => keys)).toBe(`${mine}\n`);
});

test('of a table that is taken out the comments stay', () => {
  const edited = edit(mine, ({ [a]: _gone, ...keys }) => keys);
  expect(edited).not.toContain(a);
  for (const line of [
    '# Do not touch on Fridays.',
    '# the safe, third drawer',
    '# locked',
    '# the end',
    written(b, 'targets'),
  ])
    expect(edited).toContain(line);
});

test('an entry that changes, names with a quote, and lines that end as on Windows', () => {
  const quoted = { role: 'vendor."x"', uri: 'file2:C:\\keys\\x.p8' };
  const edited = edit(mine.replaceAll('\n', '\r\n'), (keys) => ({ ...keys, [b]: quoted }));
  expect(parseConfig('ragv.toml', edited).keys[b]).toEqual(quoted);
  expect(edited.replaceAll('\r\n', '')).not.toContain('\n');
  expect(edited).toContain('# a copy is with the notary');
});

test('nothing to do is nothing done', () => {
  expect(edit(`${mine}\n`, (keys) => ({ ...keys }))).toBe(`${mine}\n`);
});

describe('what cannot be edited so is refused, and stays', () => {
  const head = mine.slice(0, mine.indexOf('\n# the safe'));
  const cases: Readonly<Record<string, string>> = {
    'keys in one line': `keys = { ${a} = { role = "root", uri = "file2:r" } }\n${head}`,
    'keys with dots': `keys.${a}.role = "root"\nkeys.${a}.uri = "file2:r"\n${head}`,
    'a table with settings below it': `${head}\n[keys]\n${a} = { role = "root", uri = "file2:r" }\n`,
  };
  test.each(Object.entries(cases))('%s', (_name, text) => {
    expect(Object.keys(parseConfig('ragv.toml', text).keys)).toEqual([a]);
    expect(() => edit(text, () => ({}))).toThrow(expect.objectContaining({ code: 'BAD_CONFIG' }));
  });

  test('a text that only looks like a table', () => {
    const text = mine.replace('vendor = "first"', `vendor = """\n[keys.${a}]\nrole = "x" """`);
    expect(() => edit(text, ({ [a]: _gone, ...keys }) => keys)).toThrow(
      expect.objectContaining({ code: 'BAD_CONFIG' }),
    );
  });
});
