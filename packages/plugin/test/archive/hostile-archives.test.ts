// THREATS.md, "Names and files": every case is refused, each with a code of its own.
import { ArchiveError, defaultArchiveLimits, readArchive, readTar, type ArchiveCode } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { endMark, file, pax, rawEntry, tar, tgz, type RawEntry } from './tar-builder.ts';

const long = 'a'.repeat(90);

const entries: Readonly<Record<string, readonly [ArchiveCode, ...RawEntry[]]>> = {
  'absolute path': ['PATH_NOT_RELATIVE', file('/etc/passwd')],
  'absolute path by pax': ['PATH_NOT_RELATIVE', pax({ path: '/etc/passwd' }), file('package/a')],
  'absolute prefix': ['PATH_NOT_RELATIVE', { name: 'passwd', prefix: '/etc' }],
  'empty name': ['PATH_NOT_RELATIVE', file('')],
  'empty name by pax': ['PATH_NOT_RELATIVE', pax({ path: '' }), file('package/a')],
  'parent folder first': ['PATH_TRAVERSAL', file('../evil')],
  'parent folder inside': ['PATH_TRAVERSAL', file('package/../../evil')],
  'parent folder at the end': ['PATH_TRAVERSAL', file('package/..')],
  'parent folder by pax': ['PATH_TRAVERSAL', pax({ path: 'package/../../evil' }), file('package/a')],
  'parent folder in the prefix': ['PATH_TRAVERSAL', { name: 'evil', prefix: 'package/..' }],
  'parent folder in compatibility forms': ['PATH_TRAVERSAL', file('package/\uff0e\uff0e/evil')],
  'dot segment': ['PATH_TRAVERSAL', file('package/./a')],
  'leading dot segment': ['PATH_TRAVERSAL', file('./package/a')],
  'double slash': ['PATH_TRAVERSAL', file('package//a')],
  'file with a slash at the end': ['PATH_TRAVERSAL', file('package/a/')],
  'folder of traversal': ['PATH_TRAVERSAL', { name: '../evil/', type: '5' }],
  backslash: ['PATH_BACKSLASH', file('package\\..\\evil')],
  'drive letter': ['PATH_COLON', file('C:/evil')],
  'NTFS stream': ['PATH_COLON', file('package/a.js:hidden')],
  'NUL by pax': ['PATH_CHARACTER', pax({ path: 'package/a\0.js' }), file('package/a')],
  'line feed': ['PATH_CHARACTER', file('package/a\nb')],
  'escape sequence': ['PATH_CHARACTER', file('package/\x1b[2J')],
  'C1 control': ['PATH_CHARACTER', file('package/\u009b2J')],
  'bidi override': ['PATH_CHARACTER', file('package/\u202esj.exe')],
  'zero-width joiner (git, CVE-2014-9390)': ['PATH_CHARACTER', file('package/.g\u200cit/config')],
  asterisk: ['PATH_CHARACTER', file('package/*')],
  'Windows device': ['PATH_RESERVED_NAME', file('package/NUL')],
  'Windows device with extension': ['PATH_RESERVED_NAME', file('package/com1.js')],
  'Windows device as folder': ['PATH_RESERVED_NAME', file('package/aux/index.js')],
  'Windows device in superscript': ['PATH_RESERVED_NAME', file('package/com\u00b9')],
  'trailing dot': ['PATH_TRAILING_DOT', file('package/a.')],
  'trailing space': ['PATH_TRAILING_DOT', file('package/a /b')],
  'segment of 256 bytes': ['PATH_TOO_LONG', pax({ path: `package/${'a'.repeat(256)}` }), file('package/a')],
  'segment of 258 bytes in 86 characters': [
    'PATH_TOO_LONG',
    pax({ path: `package/${'\u20ac'.repeat(86)}` }),
    file('package/a'),
  ],
  'path of 1,025 characters': [
    'PATH_TOO_LONG',
    pax({ path: `${`${'a'.repeat(40)}/`.repeat(24)}${'b'.repeat(41)}` }),
    file('package/a'),
  ],
  'name that is not UTF-8': ['ARCHIVE_NAME_ENCODING', { name: Buffer.from([0x61, 0xff, 0x62]) }],
  'overlong UTF-8 slash': ['ARCHIVE_NAME_ENCODING', { name: Buffer.from([0x61, 0xc0, 0xaf, 0x62]) }],
  'duplicate entry': ['ARCHIVE_DUPLICATE', file('package/a'), file('package/a', 'evil')],
  'duplicate by pax': ['ARCHIVE_DUPLICATE', file('package/a'), pax({ path: 'package/a' }), file('package/b')],
  'case twins': ['ARCHIVE_TWINS', file('package/a.js'), file('package/A.js')],
  'case twins of folders': ['ARCHIVE_TWINS', file('package/lib/a.js'), file('package/LIB/b.js')],
  'composed and decomposed': ['ARCHIVE_TWINS', file('package/\u00e9'), file('package/e\u0301')],
  'compatibility twins': ['ARCHIVE_TWINS', file('package/\ufb01'), file('package/fi')],
  'sharp s twins': ['ARCHIVE_TWINS', file('package/stra\u00dfe'), file('package/strasse')],
  'file, then folder': ['ARCHIVE_FILE_AND_FOLDER', file('package/a'), file('package/a/b')],
  'folder, then file': ['ARCHIVE_FILE_AND_FOLDER', file('package/a/b'), file('package/a')],
  'file where an empty folder is': [
    'ARCHIVE_FILE_AND_FOLDER',
    { name: 'package/a/', type: '5' },
    file('package/a'),
  ],
  'file and folder in another case': ['ARCHIVE_FILE_AND_FOLDER', file('package/A'), file('package/a/b')],
  'symbolic link': ['ARCHIVE_SYMLINK', { name: 'package/a', type: '2', link: '/etc' }],
  'symbolic link inside the tree': ['ARCHIVE_SYMLINK', { name: 'package/a', type: '2', link: 'b' }],
  'write through a link': [
    'ARCHIVE_SYMLINK',
    { name: 'package/a', type: '2', link: '/tmp' },
    file('package/a/evil'),
  ],
  'hard link': ['ARCHIVE_HARD_LINK', { name: 'package/a', type: '1', link: 'package/b' }],
  'character device': ['ARCHIVE_DEVICE', { name: 'package/a', type: '3' }],
  'block device': ['ARCHIVE_DEVICE', { name: 'package/a', type: '4' }],
  fifo: ['ARCHIVE_FIFO', { name: 'package/a', type: '6' }],
  'contiguous file': ['ARCHIVE_ENTRY_TYPE', { name: 'package/a', type: '7' }],
  'unknown type': ['ARCHIVE_ENTRY_TYPE', { name: 'package/a', type: 'Z' }],
  setuid: ['ARCHIVE_SPECIAL_MODE', file('package/a', 'x', 0o4755)],
  setgid: ['ARCHIVE_SPECIAL_MODE', file('package/a', 'x', 0o2755)],
  'sticky folder': ['ARCHIVE_SPECIAL_MODE', { name: 'package/a/', type: '5', mode: 0o1777 }],
  'GNU sparse file': ['ARCHIVE_SPARSE', { name: 'package/a', type: 'S' }],
  'pax sparse file': ['ARCHIVE_SPARSE', pax({ 'GNU.sparse.name': 'package/evil' }), file('package/a')],
  'GNU long name': [
    'ARCHIVE_GNU_EXTENSION',
    { name: '././@LongLink', type: 'L', body: '../evil\0' },
    file('package/a'),
  ],
  'GNU long link': [
    'ARCHIVE_GNU_EXTENSION',
    { name: '././@LongLink', type: 'K', body: '/etc\0' },
    file('package/a'),
  ],
  'global pax header with a path': ['ARCHIVE_PAX', pax({ path: 'package/evil' }, 'g'), file('package/a')],
  'global pax header with a size': ['ARCHIVE_PAX', pax({ size: '0' }, 'g'), file('package/a')],
  'pax link path': ['ARCHIVE_PAX', pax({ linkpath: '/etc' }), file('package/a')],
  'pax character set': ['ARCHIVE_PAX', pax({ hdrcharset: 'BINARY' }), file('package/a')],
  'pax extended attribute': [
    'ARCHIVE_PAX',
    pax({ 'SCHILY.xattr.security.capability': 'x' }),
    file('package/a'),
  ],
  'path twice in a pax header': [
    'ARCHIVE_PAX',
    { ...pax({}), body: '18 path=package/a\n18 path=package/b\n' },
    file('package/a'),
  ],
  'two pax headers': [
    'ARCHIVE_PAX',
    pax({ path: 'package/b' }),
    pax({ path: 'package/c' }),
    file('package/a'),
  ],
  'pax header without a length': [
    'ARCHIVE_MALFORMED',
    { ...pax({}), body: 'path=package/b\n' },
    file('package/a'),
  ],
  'pax header with a length of 0': [
    'ARCHIVE_MALFORMED',
    { ...pax({}), body: '0 path=b\n' },
    file('package/a'),
  ],
  'pax header with a length of 2': ['ARCHIVE_MALFORMED', { ...pax({}), body: '2 \n' }, file('package/a')],
  'pax header longer than itself': [
    'ARCHIVE_MALFORMED',
    { ...pax({}), body: '99 path=b\n' },
    file('package/a'),
  ],
  'pax header without a line feed': [
    'ARCHIVE_MALFORMED',
    { ...pax({}), body: '9 path=bb' },
    file('package/a'),
  ],
  'pax header without an entry': ['ARCHIVE_TRUNCATED', pax({ path: 'package/b' })],
  'pax size that is no number': ['ARCHIVE_SIZE', pax({ size: '-1' }), file('package/a')],
  'pax size in hex': ['ARCHIVE_SIZE', pax({ size: '0x10' }), file('package/a')],
  'pax size beyond the archive': ['ARCHIVE_SIZE', pax({ size: '999999999999999' }), file('package/a')],
  'pax size that hides an entry in a body (CVE-2025-62518)': [
    'ARCHIVE_SIZE',
    pax({ size: '1024' }),
    { name: 'package/a', size: 0, body: rawEntry(file('package/hidden')) },
  ],
  'pax size of a folder': ['ARCHIVE_SIZE', pax({ size: '512' }), { name: 'package/a/', type: '5' }],
  'global pax header between a pax header and its entry': [
    'ARCHIVE_PAX',
    pax({ path: 'package/b' }),
    pax({ comment: 'x' }, 'g'),
    file('package/a'),
  ],
  'pax header of more than 1 MiB': [
    'ARCHIVE_PAX',
    pax({ comment: 'x'.repeat(1_048_577) }),
    file('package/a'),
  ],
  'path of 65 segments': ['PATH_TOO_LONG', pax({ path: `${'a/'.repeat(64)}b` }), file('package/a')],
  'folder with content': ['ARCHIVE_SIZE', { name: 'package/a/', type: '5', body: 'hidden' }],
  'size beyond the archive': ['ARCHIVE_TRUNCATED', { name: 'package/a', size: 100_000, body: 'x' }],
  'size that hides an entry': [
    'ARCHIVE_TRUNCATED',
    { name: 'package/a', size: 4096, body: 'x' },
    file('package/b'),
  ],
  'size in base 256': [
    'ARCHIVE_MALFORMED',
    { name: 'package/a', size: Buffer.from([0x80, ...Array<number>(10).fill(0), 1]) },
  ],
  'negative size': ['ARCHIVE_MALFORMED', { name: 'package/a', size: '-0000000001' }],
  'size with letters': ['ARCHIVE_MALFORMED', { name: 'package/a', size: '0000000001x' }],
  'mode with letters': ['ARCHIVE_MALFORMED', { name: 'package/a', mode: '000rwx\0 ' }],
  'checksum off by one': ['ARCHIVE_CHECKSUM', { ...file('package/a'), checksumOff: 1 }],
  'no magic (old tar)': ['ARCHIVE_MALFORMED', { ...file('package/a'), magic: '\0\0\0\0\0\0\0\0' }],
};

describe('an entry', () => {
  test.each(Object.entries(entries))('%s', (_name, [code, ...list]) =>
    expect(() => readArchive(tgz(file(`package/${long}`), ...list))).toThrow(
      expect.objectContaining({ code }),
    ),
  );
});

const good = rawEntry(file('package/a'));
const ends: Readonly<Record<string, readonly [ArchiveCode, Uint8Array]>> = {
  'nothing at all': ['ARCHIVE_TRUNCATED', Buffer.alloc(0)],
  'half a header': ['ARCHIVE_TRUNCATED', good.subarray(0, 300)],
  'no end mark': ['ARCHIVE_TRUNCATED', good],
  'half an end mark': ['ARCHIVE_TRUNCATED', Buffer.concat([good, Buffer.alloc(512)])],
  'cut in the padding': ['ARCHIVE_TRUNCATED', good.subarray(0, 600)],
  'an entry after the end mark': ['ARCHIVE_TRAILING_DATA', Buffer.concat([good, endMark, good])],
  'an entry after one block of zeros': [
    'ARCHIVE_TRAILING_DATA',
    Buffer.concat([good, Buffer.alloc(512), good, endMark]),
  ],
  'a byte after the end mark': ['ARCHIVE_TRAILING_DATA', Buffer.concat([good, endMark, Buffer.from('x')])],
  'not a tar': ['ARCHIVE_MALFORMED', Buffer.alloc(2048, 'x')],
};

describe('the end of a tar', () => {
  test.each(Object.entries(ends))('%s', (_name, [code, bytes]) =>
    expect(() => readTar(bytes)).toThrow(expect.objectContaining({ code })),
  );
});

describe('limits', () => {
  const many = tar(...Array.from({ length: 11 }, (_, index) => file(`package/${index}`)));
  test('entries', () =>
    expect(() => readTar(many, { ...defaultArchiveLimits, maxEntries: 10 })).toThrow(
      expect.objectContaining({ code: 'ARCHIVE_TOO_MANY_ENTRIES' }),
    ));
  test('folders that are only parts of names', () => {
    const deep = Array.from({ length: 8 }, (_, index) => file(`${index}/a/b/c`));
    expect(readTar(tar(...deep), { ...defaultArchiveLimits, maxEntries: 24 })).toHaveLength(8);
    expect(() => readTar(tar(...deep), { ...defaultArchiveLimits, maxEntries: 23 })).toThrow(
      expect.objectContaining({ code: 'ARCHIVE_TOO_MANY_ENTRIES' }),
    );
  });
  test('time, where no field of any header ends in a NUL and bodies have none either', () => {
    const noNul = {
      magic: 'ustar   ',
      mode: '0000644 ',
      size: '00000100000 ',
      prefix: ' '.repeat(155),
      link: ' '.repeat(100),
    };
    const body = Buffer.alloc(0o100000, 'x');
    const entries = Array.from({ length: 600 }, (_, index) =>
      rawEntry({ ...noNul, name: `package/${index}-`.padEnd(100, 'n'), body }),
    );
    const bytes = Buffer.concat([...entries, endMark]);
    const before = process.cpuUsage().user;
    expect(readTar(bytes)).toHaveLength(600);
    expect(process.cpuUsage(undefined).user - before).toBeLessThan(2_000_000); // µs; seconds if each header looks to the end
  });
  test('one file', () =>
    expect(() =>
      readTar(tar(file('package/a', 'x'.repeat(11))), { ...defaultArchiveLimits, fileMaxLength: 10 }),
    ).toThrow(expect.objectContaining({ code: 'ARCHIVE_FILE_TOO_LARGE' })));
  test('nothing is returned of an archive that is bad at its end', () => {
    const bytes = tgz(file('package/good'), file('../evil'));
    expect(() => readArchive(bytes)).toThrow(ArchiveError);
  });
});
