import { gzipSync } from 'node:zlib';
import {
  ArchiveError,
  defaultArchiveLimits,
  readArchive,
  type ArchiveCode,
  type ArchiveLimits,
} from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { file, tar, tgz } from './tar-builder.ts';

const good = tgz(file('package/a', 'hello'));
const changed = (at: number, value: number): Buffer => {
  const copy = Buffer.from(good);
  copy[at < 0 ? copy.length + at : at] = value;
  return copy;
};
const codeOf = (act: () => unknown): string => {
  try {
    act();
    return 'accepted';
  } catch (error) {
    return error instanceof ArchiveError ? error.code : 'crashed';
  }
};
const bomb = (bytes: number): Buffer => gzipSync(tar(file('package/zeros', '\0'.repeat(bytes))));
const small: ArchiveLimits = { ...defaultArchiveLimits, ratioFreeLength: 100_000 };

const table: Readonly<Record<string, readonly [ArchiveCode, Uint8Array, ArchiveLimits?]>> = {
  empty: ['ARCHIVE_TRUNCATED', Buffer.alloc(0)],
  'not gzip': ['ARCHIVE_MALFORMED', tar(file('package/a'))],
  'a zip': ['ARCHIVE_MALFORMED', Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(40)])],
  'another method than deflate': ['ARCHIVE_MALFORMED', changed(2, 7)],
  'reserved flags': ['ARCHIVE_MALFORMED', changed(3, 0x80)],
  'a name without end': [
    'ARCHIVE_TRUNCATED',
    Buffer.concat([changed(3, 8).subarray(0, 10), Buffer.alloc(30, 'x')]),
  ],
  'extra field beyond the end': [
    'ARCHIVE_TRUNCATED',
    Buffer.concat([changed(3, 4).subarray(0, 10), Buffer.alloc(30, 0xff)]),
  ],
  'cut in the middle': ['ARCHIVE_TRUNCATED', good.subarray(0, good.length - 20)],
  'cut in the trailer': ['ARCHIVE_TRUNCATED', good.subarray(0, good.length - 1)],
  'wrong crc': ['ARCHIVE_CHECKSUM', changed(-8, (good.at(-8) ?? 0) ^ 1)],
  'wrong length in the trailer': ['ARCHIVE_CHECKSUM', changed(-4, (good.at(-4) ?? 0) ^ 1)],
  'length of 4 GB in the trailer': ['ARCHIVE_CHECKSUM', changed(-1, 0xff)],
  'damaged deflate': ['ARCHIVE_MALFORMED', changed(10, 0x07)],
  'a byte after the end': ['ARCHIVE_TRAILING_DATA', Buffer.concat([good, Buffer.from('x')])],
  'zeros after the end': ['ARCHIVE_TRAILING_DATA', Buffer.concat([good, Buffer.alloc(512)])],
  'a second member': ['ARCHIVE_TRAILING_DATA', Buffer.concat([good, tgz(file('package/evil'))])],
  'an empty second member': ['ARCHIVE_TRAILING_DATA', Buffer.concat([good, gzipSync('')])],
  'tar over two members': [
    'ARCHIVE_TRAILING_DATA',
    Buffer.concat([
      gzipSync(tar(file('package/a')).subarray(0, 512)),
      gzipSync(tar(file('package/a')).subarray(512)),
    ]),
  ],
  'too long as it is': ['ARCHIVE_TOO_LARGE', good, { ...small, archiveMaxLength: good.length - 1 }],
  'too long unpacked': [
    'ARCHIVE_TOO_LARGE',
    bomb(300_000),
    { ...small, maxRatio: 10_000, unpackedMaxLength: 200_000 },
  ],
  'too much out of too little': ['ARCHIVE_BOMB', bomb(2_000_000), small],
};

describe('gzip', () => {
  test.each(Object.entries(table))('%s', (_name, [code, bytes, limits]) =>
    expect(() => readArchive(bytes, limits)).toThrow(expect.objectContaining({ code })),
  );

  test('a ratio is looked at only beyond a size that hurts nobody', () =>
    expect(readArchive(bomb(50_000), small)).toHaveLength(1));

  test('every field of the header is skipped, whatever it holds', () => {
    const extra = Buffer.from([3, 0, 1, 2, 3]);
    const header = Buffer.concat([
      changed(3, 4 | 8 | 16 | 2).subarray(0, 10),
      extra,
      Buffer.from('name\0comment\0cc'),
    ]);
    expect(readArchive(Buffer.concat([header, good.subarray(10)]))).toHaveLength(1);
  });

  test('every cut is refused', () => {
    const codes = Array.from({ length: good.length }, (_, length) =>
      codeOf(() => readArchive(good.subarray(0, length))),
    );
    expect(new Set(codes)).toEqual(new Set(['ARCHIVE_TRUNCATED']));
  });
});
