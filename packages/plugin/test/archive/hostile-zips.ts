import { deflateRawSync } from 'node:zlib';
import type { ArchiveCode } from '@ragnos/plugin';
import { extra, file, words, zip, type RawZip, type RawZipEntry } from './zip-builder.ts';

type Case = readonly [ArchiveCode, readonly RawZipEntry[], RawZip?];

const good = file('a.txt', 'good');
const bytes = Buffer.from('hidden');
const unixName = extra(0x7075, Buffer.concat([Buffer.from([1]), words(0), Buffer.from('../evil')]));
const endOfNothing = zip([]);

/** THREATS.md, "Names and files", and what only a zip can do: every case by name, with the code it is refused with. */
export const hostileZips: Readonly<Record<string, Case>> = {
  'absolute path': ['PATH_NOT_RELATIVE', [file('/etc/passwd')]],
  'empty name': ['PATH_NOT_RELATIVE', [file('')]],
  'parent folder first': ['PATH_TRAVERSAL', [file('../evil')]],
  'parent folder inside': ['PATH_TRAVERSAL', [file('a/../../evil')]],
  'parent folder in compatibility forms': ['PATH_TRAVERSAL', [file('a/\uff0e\uff0e/evil')]],
  'folder of traversal': ['PATH_TRAVERSAL', [{ name: '../evil/' }]],
  'dot segment': ['PATH_TRAVERSAL', [file('./a')]],
  'double slash': ['PATH_TRAVERSAL', [file('a//b')]],
  'a folder of nothing': ['PATH_NOT_RELATIVE', [{ name: '/' }]],
  backslash: ['PATH_BACKSLASH', [file('a\\..\\evil')]],
  'drive letter': ['PATH_COLON', [file('C:/evil')]],
  'NTFS stream': ['PATH_COLON', [file('a.js:hidden')]],
  NUL: ['PATH_CHARACTER', [file('a\0.js')]],
  'line feed': ['PATH_CHARACTER', [file('a\nb')]],
  'bidi override': ['PATH_CHARACTER', [file('\u202esj.exe')]],
  'Windows device': ['PATH_RESERVED_NAME', [file('NUL')]],
  'trailing dot': ['PATH_TRAILING_DOT', [file('a.')]],
  'segment of 256 bytes': ['PATH_TOO_LONG', [file('a'.repeat(256))]],
  'path of 65 segments': ['PATH_TOO_LONG', [file(`${'a/'.repeat(64)}b`)]],
  'name that is not UTF-8': ['ARCHIVE_NAME_ENCODING', [{ name: Buffer.from([0x61, 0xff]) }]],
  'overlong UTF-8 slash': ['ARCHIVE_NAME_ENCODING', [{ name: Buffer.from([0x61, 0xc0, 0xaf]) }]],
  'name in some code page': ['ARCHIVE_NAME_ENCODING', [{ name: Buffer.from([0x61, 0x81]), flags: 0 }]],
  'name in an extra field': ['ARCHIVE_EXTRA_FIELD', [{ ...good, extra: unixName }]],
  'name in an extra field of the local header': [
    'ARCHIVE_EXTRA_FIELD',
    [{ ...good, local: { extra: unixName } }],
  ],
  'unknown extra field': ['ARCHIVE_EXTRA_FIELD', [{ ...good, extra: extra(0x4242) }]],
  'extra field that ends in the middle': ['ARCHIVE_MALFORMED', [{ ...good, extra: Buffer.from([1, 0, 9]) }]],
  'extra field longer than all of them': [
    'ARCHIVE_MALFORMED',
    [{ ...good, extra: Buffer.from([0x55, 0x54, 9, 0]) }],
  ],
  'duplicate entry': ['ARCHIVE_DUPLICATE', [good, file('a.txt', 'evil')]],
  'case twins': ['ARCHIVE_TWINS', [good, file('A.txt')]],
  'case twins of folders': ['ARCHIVE_TWINS', [file('lib/a'), file('LIB/b')]],
  'composed and decomposed': ['ARCHIVE_TWINS', [file('\u00e9'), file('e\u0301')]],
  'compatibility twins': ['ARCHIVE_TWINS', [file('\ufb01'), file('fi')]],
  'file, then folder': ['ARCHIVE_FILE_AND_FOLDER', [file('a'), file('a/b')]],
  'file and folder of one name': ['ARCHIVE_FILE_AND_FOLDER', [{ name: 'a/' }, file('a')]],
  'symbolic link': ['ARCHIVE_SYMLINK', [file('a', '/etc', { mode: 0o120777 })]],
  'symbolic link in an archive of DOS': [
    'ARCHIVE_SYMLINK',
    [file('a', '/etc', { mode: 0o120777, system: 0 })],
  ],
  'symbolic link with a slash at its end': ['ARCHIVE_SYMLINK', [{ name: 'a/', mode: 0o120777 }]],
  'reparse point': ['ARCHIVE_SYMLINK', [file('a', '/etc', { dos: 0x400, system: 10 })]],
  'character device': ['ARCHIVE_DEVICE', [file('a', '', { mode: 0o020644 })]],
  'block device': ['ARCHIVE_DEVICE', [file('a', '', { mode: 0o060644 })]],
  fifo: ['ARCHIVE_FIFO', [file('a', '', { mode: 0o010644 })]],
  socket: ['ARCHIVE_ENTRY_TYPE', [file('a', '', { mode: 0o140644 })]],
  'file with the mode of a folder': ['ARCHIVE_ENTRY_TYPE', [file('a', 'x', { mode: 0o040755 })]],
  'folder with the mode of a file': ['ARCHIVE_ENTRY_TYPE', [{ name: 'a/', mode: 0o100644 }]],
  'file with the attribute of a folder': ['ARCHIVE_ENTRY_TYPE', [file('a', 'x', { dos: 0x10 })]],
  'volume label': ['ARCHIVE_ENTRY_TYPE', [file('a', '', { dos: 0x08 })]],
  setuid: ['ARCHIVE_SPECIAL_MODE', [file('a', 'x', { mode: 0o104755 })]],
  'sticky folder': ['ARCHIVE_SPECIAL_MODE', [{ name: 'a/', mode: 0o041777 }]],
  'folder with content': ['ARCHIVE_SIZE', [{ name: 'a/', body: 'hidden' }]],
  'folder whose content no header states': [
    'ARCHIVE_SIZE',
    [{ name: 'a/', packed: deflateRawSync('hidden'), crc: 0, length: 0 }],
  ],
  encrypted: ['ARCHIVE_ENCRYPTED', [{ ...good, flags: 0x0801 }]],
  'strongly encrypted': ['ARCHIVE_ENCRYPTED', [{ ...good, flags: 0x0840 }]],
  'encrypted directory': ['ARCHIVE_ENCRYPTED', [{ ...good, flags: 0x2800 }]],
  'encrypted by AES': ['ARCHIVE_ENCRYPTED', [{ ...good, extra: extra(0x9901, Buffer.alloc(7)) }]],
  'patch data': ['ARCHIVE_MALFORMED', [{ ...good, flags: 0x0820 }]],
  'compressed by bzip2': ['ARCHIVE_METHOD', [{ ...good, method: 12 }]],
  'compressed by deflate64': ['ARCHIVE_METHOD', [{ ...good, method: 9 }]],
  'compressed by zstd': ['ARCHIVE_METHOD', [{ ...good, method: 93 }]],
  'another name before the file': ['ARCHIVE_HEADERS_DIFFER', [{ ...good, local: { name: 'b.txt' } }]],
  'another checksum before the file': ['ARCHIVE_HEADERS_DIFFER', [{ ...good, local: { crc: 7 } }]],
  'another size before the file': ['ARCHIVE_HEADERS_DIFFER', [{ ...good, local: { length: 3 } }]],
  'another packed size before the file': [
    'ARCHIVE_HEADERS_DIFFER',
    [{ ...good, local: { packedLength: 3 } }],
  ],
  'another method before the file': ['ARCHIVE_HEADERS_DIFFER', [{ ...good, local: { method: 0 } }]],
  'encrypted before the file only': ['ARCHIVE_HEADERS_DIFFER', [{ ...good, local: { flags: 0x0801 } }]],
  'sizes of zero without a descriptor': [
    'ARCHIVE_HEADERS_DIFFER',
    [{ ...good, local: { crc: 0, length: 0, packedLength: 0 } }],
  ],
  'descriptor that differs': [
    'ARCHIVE_HEADERS_DIFFER',
    [{ ...good, descriptor: words(0x08074b50, 1, 2, 3) }],
  ],
  'descriptor of zip64': [
    'ARCHIVE_HEADERS_DIFFER',
    [{ ...good, descriptor: words(0x08074b50, 1, 2, 0, 3, 0) }],
  ],
  'descriptor that is missing': ['ARCHIVE_HEADERS_DIFFER', [{ ...good, descriptor: Buffer.alloc(0) }]],
  'stored, with its size behind it': [
    'ARCHIVE_MALFORMED',
    [{ ...good, method: 0, packed: Buffer.from('good'), descriptor: true }],
  ],
  'stored with two sizes': [
    'ARCHIVE_SIZE',
    [{ ...good, method: 0, packed: Buffer.from('good!'), length: 4 }],
  ],
  'wrong checksum': ['ARCHIVE_CHECKSUM', [{ ...good, crc: 7, local: { crc: 7 } }]],
  'fewer bytes than stated': ['ARCHIVE_SIZE', [{ ...good, length: 5, local: { length: 5 } }]],
  'more bytes than stated': ['ARCHIVE_SIZE', [{ ...good, length: 3, local: { length: 3 } }]],
  'deflated data that ends in the middle': [
    'ARCHIVE_TRUNCATED',
    [{ ...good, packed: deflateRawSync('good').subarray(0, 3) }],
  ],
  'no deflated data': ['ARCHIVE_MALFORMED', [{ ...good, packed: Buffer.alloc(9, 0xff) }]],
  'data behind the deflated data': [
    'ARCHIVE_HIDDEN_DATA',
    [{ ...good, packed: Buffer.concat([deflateRawSync('good'), bytes]) }],
  ],
  'data before the first header': ['ARCHIVE_HIDDEN_DATA', [{ ...good, before: Buffer.from('#!/bin/sh\n') }]],
  'data between two files': ['ARCHIVE_HIDDEN_DATA', [good, file('b', 'x', { before: bytes })]],
  'data before the directory': ['ARCHIVE_HIDDEN_DATA', [good], { beforeDirectory: bytes }],
  'data after the directory': ['ARCHIVE_HIDDEN_DATA', [good], { afterDirectory: bytes }],
  'a file that the directory does not list': [
    'ARCHIVE_HIDDEN_DATA',
    [good, { ...file('evil'), only: 'local' }],
  ],
  'a directory that counts fewer than it holds': ['ARCHIVE_HIDDEN_DATA', [good, file('b')], { count: 1 }],
  'a directory that counts more than it holds': ['ARCHIVE_MALFORMED', [good], { count: 2 }],
  'an entry of the directory without a file': [
    'ARCHIVE_OVERLAP',
    [good, { ...file('b'), only: 'central', at: 0 }],
  ],
  'two files in one place': ['ARCHIVE_OVERLAP', [good, { ...good, name: 'b.txt', at: 0 }]],
  'a file in the middle of another': [
    'ARCHIVE_OVERLAP',
    [
      { name: 'a', method: 0, body: zip([file('evil')]) },
      { ...file('evil'), only: 'central', at: 31 },
    ],
  ],
  'a file that reaches into the directory': [
    'ARCHIVE_OVERLAP',
    [{ ...good, packedLength: 60, local: { packedLength: 60 } }],
  ],
  'a directory beyond the end': ['ARCHIVE_TRUNCATED', [good], { directoryAt: 4000 }],
  'a byte after the end record': ['ARCHIVE_TRAILING_DATA', [good], { after: Buffer.from('x') }],
  'a comment with a second end record': ['ARCHIVE_END_RECORD', [good], { comment: endOfNothing }],
  'a comment with half an end record': ['ARCHIVE_END_RECORD', [good], { comment: Buffer.from('PK\x05\x06') }],
  'a comment longer than itself': ['ARCHIVE_TRAILING_DATA', [good], { comment: bytes, after: bytes }],
  'an end record in a comment of the directory that reaches the end': [
    'ARCHIVE_END_RECORD',
    [{ ...good, comment: `PK\x05\x06${'\0'.repeat(16)}\x16\0` }],
  ],
  'a comment with the header of a file': [
    'ARCHIVE_HIDDEN_DATA',
    [good],
    { comment: zip([file('evil')]).subarray(0, 40) },
  ],
  'a comment of the directory with the header of a file': [
    'ARCHIVE_HIDDEN_DATA',
    [
      {
        ...good,
        comment: zip([file('evil')])
          .subarray(0, 40)
          .toString('latin1'),
      },
    ],
  ],
  'several parts': ['ARCHIVE_MULTI_DISK', [good], { disk: 1 }],
  'several parts, by its count': ['ARCHIVE_MULTI_DISK', [good], { countHere: 0, count: 1 }],
  'a file on another part': ['ARCHIVE_MULTI_DISK', [{ ...good, disk: 2 }]],
  'zip64 by its count': ['ARCHIVE_ZIP64', [good], { count: 0xffff }],
  'zip64 by the place of its directory': ['ARCHIVE_ZIP64', [good], { directoryAt: 0xffffffff }],
  'zip64 by a size': ['ARCHIVE_ZIP64', [{ ...good, length: 0xffffffff, local: { length: 0xffffffff } }]],
  'zip64 by an extra field': ['ARCHIVE_ZIP64', [{ ...good, extra: extra(1, Buffer.alloc(16)) }]],
  'zip64 by an extra field before the file': [
    'ARCHIVE_ZIP64',
    [{ ...good, local: { extra: extra(1, Buffer.alloc(16)) } }],
  ],
  'zip64 by its locator': [
    'ARCHIVE_ZIP64',
    [good],
    { afterDirectory: Buffer.concat([words(0x07064b50, 0, 0, 0, 1)]) },
  ],
  'bomb by a file': [
    'ARCHIVE_FILE_TOO_LARGE',
    [{ ...good, length: 100_000_001, local: { length: 100_000_001 } }],
  ],
  'bomb by many files': [
    'ARCHIVE_TOO_LARGE',
    Array.from({ length: 6 }, (_, index) =>
      file(`${index}`, '', { length: 99_000_000, local: { length: 99_000_000 } }),
    ),
  ],
  'bomb by ratio': ['ARCHIVE_BOMB', [file('a', '\0'.repeat(11_000_000))]],
};
