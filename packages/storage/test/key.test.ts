import { posix, win32 } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StorageError, storageKey } from '@ragnos/storage';
import { compareKeys } from '../src/key.ts';

const refused: Record<string, string> = {
  empty: '',
  'leading slash': '/a',
  'trailing slash': 'a/',
  'empty segment': 'a//b',
  dot: './a',
  'dot inside': 'a/./b',
  'dot dot': '../a',
  'dot dot inside': 'a/../b',
  'dot dot at the end': 'a/..',
  'three dots': 'a/...',
  backslash: 'a\\b',
  'backslash traversal': '..\\a',
  nul: 'a\0b',
  newline: 'a\nb',
  delete: 'a\x7f',
  'C1 control': 'a\x85',
  'drive letter': 'C:/a',
  'alternate data stream': 'a:stream',
  wildcard: 'a*',
  question: 'a?b',
  pipe: 'a|b',
  quote: 'a"b',
  angle: 'a<b',
  'trailing dot': 'a./b',
  'trailing space': 'a /b',
  'device con': 'con',
  'device in any case, with an ending': 'a/NuL.json',
  'device com1': 'COM1/x',
  'device with a superscript': 'lpt²',
  'lone surrogate': 'a\ud800',
  'not in NFC': 'u\u0308',
  'zero-width joiner': '.sto\u200drage/tmp',
  'right-to-left override': 'a\u202egnp.exe',
  'byte order mark': '\ufeffa',
  'line separator': 'a\u2028b',
  'folder of the store': '.storage/tmp/x',
  'folder of the store in another case': '.STORAGE/x',
  'folder of the store by its short name': 'STORAG~1/x',
  'segment of 256 bytes': 'a'.repeat(256),
  'segment of 256 bytes in 128 characters': 'é'.repeat(128),
  'key of 1025 bytes': Array.from({ length: 205 }, () => 'abcd').join('/') + '/',
  'key of a million characters': 'a/'.repeat(500_000),
};
describe('refused: CVE-2021-41131, CVE-2021-41149, CVE-2026-6968', () => {
  for (const [name, raw] of Object.entries(refused))
    test(`refuses ${name}`, () => {
      expect(() => storageKey(raw)).toThrow(expect.objectContaining({ code: 'STORAGE_BAD_KEY' }));
    });
  test('the message is bounded and shows controls escaped', () => {
    expect(() => storageKey(`\u001b[31m${'x'.repeat(10_000)}`)).toThrow(
      /^unsafe storage key "\\u001b.{0,200}$/,
    );
  });
  test('what is no string', () => {
    const wrong: readonly unknown[] = [undefined, null, 5, {}, ['a']];
    for (const raw of wrong)
      expect(() => storageKey(raw as string)).toThrow(expect.objectContaining({ code: 'STORAGE_BAD_KEY' }));
  });
});

describe('accepted', () => {
  const names = [
    'metadata/1.root.json',
    'metadata/12.vendor.acme.json',
    'targets/vendors/acme/hello/0a1b.hello-1.0.0.tgz',
    'catalog/_search.json',
    'a%2Fb',
    '.well-known/x',
    'common/console/nullable',
    'com10',
    'a..b',
    '..a',
    'ü',
    'a'.repeat(255),
    Array.from({ length: 205 }, () => 'abcd').join('/'),
  ];
  for (const name of names) test(`accepts ${name.slice(0, 60)}`, () => expect(storageKey(name)).toBe(name));
});

const segment = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.constantFrom('.', '..', '', 'con', '.storage', 'a', 'C:', '~', 'x.'),
);
const raw = fc.array(segment, { maxLength: 5 }).map((segments) => segments.join('/'));

/** `null`: refused, with our own error. */
function accepted(name: string): string | null {
  try {
    return storageKey(name);
  } catch (error) {
    if (error instanceof StorageError && error.code === 'STORAGE_BAD_KEY') return null;
    throw error;
  }
}

test('what is accepted never leaves the folder it is joined to, on any system', () => {
  fc.assert(
    fc.property(raw, (name) => {
      const key = accepted(name);
      fc.pre(key !== null);
      expect(posix.resolve('/root', key)).toBe(`/root/${key}`);
      expect(win32.resolve('C:\\root', key)).toBe(`C:\\root\\${key.replaceAll('/', '\\')}`);
      expect(key.split('/')[0]?.toLowerCase()).not.toBe('.storage');
      expect(storageKey(key)).toBe(key);
    }),
    { numRuns: 2000, maxSkipsPerRun: 1000 },
  );
});

test('keys are compared by their bytes', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 6 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    { numRuns: 3000 },
  );
});
