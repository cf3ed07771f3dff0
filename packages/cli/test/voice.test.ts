/** What a vendor wrote is shown on a terminal, never obeyed by it. */
import { parseMetadata } from '@ragnos/tuf';
import { expect, test } from 'vitest';
import { duration, bytes, count, table } from '../src/text.ts';
import { toJson } from '../src/json.ts';
import { world, write } from './ragv.ts';
import { join } from 'node:path';

test('control and bidi characters in what is printed are written out', async () => {
  const here = world();
  const said = await here.ragv('install "acme/\u001b[2Jhello\u202eolleh"');
  expect(said.exit).not.toBe(0);
  // oxlint-disable-next-line no-control-regex -- it is what must not be there
  expect(said.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/);
});

test('no colour and no progress where no terminal is', async () => {
  const here = world();
  const said = await here.ragv('trust list');
  expect(said).toEqual({
    exit: 0,
    stdout: '',
    stderr: 'no repository is trusted here; start with: ragv trust init <url> --root <file>\n',
  });
  expect((await here.ragv('trust list --quiet')).stderr).toBe('');
});

const brokenConfigs = {
  'a misspelt setting': ['format = 1\nvendr = "acme"\n', /vend/],
  'no TOML': ['format = = 1\n', /line 1/],
  'a newer format': ['format = 2\n', /format/],
  'a lifetime of nothing': [
    'format = 1\nvendor = "acme"\n[lifetimes]\nroot = 0\ntargets = 1\nsnapshot = 1\ntimestamp = 1\ndelegated = 1\n[keys]\n',
    /lifetimes\.root/,
  ],
} as const;

test.for(Object.entries(brokenConfigs))('ragv.toml with %s names the place', async ([, [text, names]]) => {
  const here = world();
  write(join(here.folder, 'ragv.toml'), text);
  const said = await here.ragv('status');
  expect(said).toMatchObject({ exit: 2, stdout: '' });
  expect(said.stderr).toMatch(/\[BAD_CONFIG\]/);
  expect(said.stderr).toMatch(names);
});

test('words for people', () => {
  expect(
    table([
      ['a', 'b'],
      ['aaa', ''],
    ]),
  ).toEqual(['a    b', 'aaa']);
  expect(
    [59_000, 61_000, 3_600_000, 90 * 60_000, 86_400_000, 100 * 3_600_000, -86_400_000].map(duration),
  ).toEqual(['less than a minute', '1 min', '1 h', '1 h 30 min', '1 d', '4 d 4 h', '1 d']);
  expect([count(1, 'file'), count(0, 'file'), count(12345, 'file')]).toEqual([
    '1 file',
    '0 files',
    '12,345 files',
  ]);
  expect([bytes(999), bytes(1000), bytes(1_500_000)]).toEqual(['999 B', '1 kB', '1.5 MB']);
});

test('maps, sets and dates in --json', () => {
  const value = { map: new Map([['a', new Set([1])]]), at: new Date(0), none: null, list: [new Date(0)] };
  expect(toJson(value)).toEqual({
    map: { a: [1] },
    at: '1970-01-01T00:00:00.000Z',
    none: null,
    list: ['1970-01-01T00:00:00.000Z'],
  });
  // A map of metadata makes its values when it is asked.
  const file = `{"hashes":{"sha256":"${'a'.repeat(64)}"},"length":7}`;
  const signed = `"_type":"targets","expires":"2030-01-01T00:00:00Z","spec_version":"1.0.34","targets":{"x/y":${file}},"version":1`;
  const read = parseMetadata(Buffer.from(`{"signatures":[],"signed":{${signed}}}`), 'targets');
  expect(toJson(read.signed)).toMatchObject({ targets: { 'x/y': { length: 7 } } });
  const vendors = { get: 1, entries: [], size: {}, set: null };
  expect(toJson({ custom: vendors })).toEqual({ custom: vendors });
});
