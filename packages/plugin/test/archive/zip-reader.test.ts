import { crc32, deflateRawSync } from 'node:zlib';
import { zipSync } from 'fflate';
import * as fc from 'fast-check';
import {
  ArchiveError,
  defaultArchiveLimits,
  filePath,
  foldedPath,
  readZip,
  type ArchiveEntry,
} from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { hostileZips } from './hostile-zips.ts';
import { extra, file, words, zip } from './zip-builder.ts';

const textOf = (entries: readonly ArchiveEntry[]) =>
  entries.map(({ path, mode, body }) => [path, mode.toString(8), Buffer.from(body).toString()]);

describe('what is read', () => {
  test('files deflated and stored, folders, modes, times and padding, a comment', () => {
    const bytes = zip(
      [
        { name: 'lib/' },
        file('lib/a.js', 'a', { mode: 0o100755, extra: extra(0x5455, Buffer.alloc(5)) }),
        file('lib/b.js', 'b', { method: 0, local: { extra: extra(0xa220, Buffer.alloc(9)) } }),
        file('made on dos', 'c', { system: 0, mode: 0, dos: 0x20 }),
        file('dos has no modes', 'd', { system: 0, mode: 0o100755 }),
        file('type.txt', 'e', { mode: 0o644 }),
        file('\u00fc', 'f', { comment: 'a comment' }),
        file('empty', ''),
      ],
      { comment: Buffer.from('made by hand') },
    );
    expect(textOf(readZip(bytes))).toEqual([
      ['lib/a.js', '755', 'a'],
      ['lib/b.js', '644', 'b'],
      ['made on dos', '644', 'c'],
      ['dos has no modes', '644', 'd'],
      ['type.txt', '644', 'e'],
      ['\u00fc', '644', 'f'],
      ['empty', '644', ''],
    ]);
  });
  test('sizes behind the data, with a mark and without', () => {
    const plain = words(crc32('xyz'), deflateRawSync('xyz').length, 3);
    const bytes = zip([
      file('a', 'xyz', { descriptor: true }),
      file('b', 'xyz', { descriptor: plain }),
      file('c'),
    ]);
    expect(textOf(readZip(bytes)).map(([path]) => path)).toEqual(['a', 'b', 'c']);
  });
  test('an archive inside, not compressed', () => {
    const inside = zip([file('evil')]);
    expect(readZip(zip([file('a', 'x'), { name: 'inside.zip', method: 0, body: inside }]))[1]?.body).toEqual(
      inside,
    );
  });
  test('an archive of nothing', () => expect(readZip(zip([]))).toEqual([]));
  test('the bytes may lie anywhere in their buffer', () => {
    const bytes = zip([file('a', 'content')]);
    const shifted = Buffer.concat([Buffer.from('xxx'), bytes]).subarray(3);
    expect(textOf(readZip(shifted))).toEqual([['a', '644', 'content']]);
  });
});

describe('what is refused', () => {
  test.each(Object.entries(hostileZips))('%s', (_name, [code, entries, about]) =>
    expect(() => readZip(zip(entries, about))).toThrow(expect.objectContaining({ code })),
  );
  test('nothing at all', () =>
    expect(() => readZip(new Uint8Array())).toThrow(expect.objectContaining({ code: 'ARCHIVE_TRUNCATED' })));
  test('a tarball', () =>
    expect(() => readZip(Buffer.alloc(4096, 'x'))).toThrow(
      expect.objectContaining({ code: 'ARCHIVE_TRUNCATED' }),
    ));
  test('a file where no header is', () => {
    const bytes = zip([file('a')]);
    bytes[0] = 0x51;
    expect(() => readZip(bytes)).toThrow(expect.objectContaining({ code: 'ARCHIVE_MALFORMED' }));
  });
  test('every archive that lacks bytes at its end', () => {
    const bytes = zip([file('a', 'content'), file('b', 'more')], { comment: Buffer.from('comment') });
    for (let length = 0; length < bytes.length; length++)
      expect(() => readZip(bytes.subarray(0, length))).toThrow(ArchiveError);
  });
});

describe('limits', () => {
  const many = zip(Array.from({ length: 11 }, (_, index) => file(`a/b/c${index}/d`)));
  test('entries, and folders that are only parts of names', () => {
    const code = 'ARCHIVE_TOO_MANY_ENTRIES';
    for (const maxEntries of [10, 12])
      expect(() => readZip(many, { ...defaultArchiveLimits, maxEntries })).toThrow(
        expect.objectContaining({ code }),
      );
    expect(readZip(many, { ...defaultArchiveLimits, maxEntries: 13 })).toHaveLength(11);
  });
  test('the archive', () =>
    expect(() => readZip(many, { ...defaultArchiveLimits, archiveMaxLength: 100 })).toThrow(
      expect.objectContaining({ code: 'ARCHIVE_TOO_LARGE' }),
    ));
  test('a lie about a size costs no more than what is stated', () => {
    const bomb = zip([file('a', '\0'.repeat(50_000_000), { length: 1000, local: { length: 1000 } })]);
    const before = process.memoryUsage.rss();
    expect(() => readZip(bomb)).toThrow(expect.objectContaining({ code: 'ARCHIVE_SIZE' }));
    expect(process.memoryUsage.rss() - before).toBeLessThan(20_000_000);
  });
});

/** True if `read` gave what our rules allow, or threw the error that is ours. */
function isSound(bytes: Uint8Array): boolean {
  let entries: readonly ArchiveEntry[];
  try {
    entries = readZip(bytes);
  } catch (error) {
    if (error instanceof ArchiveError) return true;
    throw error;
  }
  for (const { path } of entries) filePath(path);
  return new Set(entries.map(({ path }) => foldedPath(path))).size === entries.length;
}

describe('whatever the bytes', () => {
  test('entries or a typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(isSound(bytes)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  const sample = zip([
    { name: 'lib/' },
    file('lib/a.js', 'content'.repeat(9), { descriptor: true }),
    file('b', 'b'),
  ]);
  test('a good archive with some bytes changed is refused or says what it said before', () => {
    const expected = textOf(readZip(sample));
    const change = fc.tuple(fc.nat(sample.length - 1), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const bytes = Buffer.from(sample);
        for (const [at, by] of changes) bytes[at] = (bytes[at] ?? 0) ^ by;
        if (!isSound(bytes)) return false;
        try {
          const bodies = textOf(readZip(bytes)).map(([, , body]) => body);
          expect(bodies).toEqual(expected.map(([, , body]) => body)); // names have no checksum, contents have
        } catch (error) {
          if (!(error instanceof ArchiveError)) throw error;
        }
        return true;
      }),
      { numRuns: 2000 },
    );
  });

  test('what fflate writes we read', () => {
    // No name of a device of Windows, such as `con`, begins with x.
    const files = fc.dictionary(fc.stringMatching(/^x[a-z]{0,11}$/), fc.uint8Array({ maxLength: 2000 }), {
      maxKeys: 9,
    });
    const level = fc.constantFrom(0 as const, 6 as const);
    fc.assert(
      fc.property(files, level, (content, by) => {
        const read = readZip(zipSync(content, { level: by }));
        expect(new Map(read.map(({ path, body }) => [path, Buffer.from(body)]))).toEqual(
          new Map(Object.entries(content).map(([path, body]) => [path, Buffer.from(body)])),
        );
      }),
      { numRuns: 100 },
    );
  });
});
