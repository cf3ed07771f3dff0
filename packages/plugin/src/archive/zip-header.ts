import { ArchiveError } from '../errors.ts';
import { decodeUtf8 } from './tar-header.ts';

/** One entry as the central directory describes it, decoded and not yet judged. */
export interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packedLength: number;
  readonly length: number;
  /** Unix mode, type bits included; 0 where the archive has none. */
  readonly unixMode: number;
  readonly dosAttributes: number;
  /** Made where files have modes: unix or macOS. */
  readonly hasModes: boolean;
  /** Of the local header. */
  readonly at: number;
  /** Of this entry in the central directory, which the local header is compared with. */
  readonly nameBytes: Buffer;
}

export interface ZipEnd {
  /** Of the end record. */
  readonly at: number;
  readonly count: number;
  readonly directoryAt: number;
}

const endSignature = 0x06054b50;
const centralSignature = 0x02014b50;
export const localSignature = 0x04034b50;
const endLength = 22;
const centralLength = 46;
const maxComment = 0xffff;

/**
 * The end record, and that no other reader finds another one: it reaches the end of the archive, the directory ends where it
 * begins, and nothing before or after it could pass for a second one.
 */
export function readEnd(zip: Buffer): ZipEnd {
  const ends = endCandidates(zip);
  const [at] = ends;
  if (at === undefined) {
    const last = zip.lastIndexOf('PK\x05\x06', zip.length, 'latin1');
    throw last < 0
      ? new ArchiveError('ARCHIVE_TRUNCATED', 'the archive has no end record')
      : new ArchiveError('ARCHIVE_TRAILING_DATA', 'the end record is not the end of the archive');
  }
  if (ends.length > 1 || zip.indexOf('PK\x05\x06', at + 4, 'latin1') >= 0)
    throw new ArchiveError('ARCHIVE_END_RECORD', 'the archive has several end records');
  const count = zip.readUInt16LE(at + 10);
  const size = zip.readUInt32LE(at + 12);
  const directoryAt = zip.readUInt32LE(at + 16);
  if (count === 0xffff || size === 0xffffffff || directoryAt === 0xffffffff) throw zip64();
  if (at >= 20 && zip.readUInt32LE(at - 20) === 0x07064b50) throw zip64();
  if (zip.readUInt16LE(at + 4) !== 0 || zip.readUInt16LE(at + 6) !== 0 || zip.readUInt16LE(at + 8) !== count)
    throw new ArchiveError('ARCHIVE_MULTI_DISK', 'the archive is one of several parts');
  if (directoryAt + size > at)
    throw new ArchiveError('ARCHIVE_TRUNCATED', 'the directory of the archive does not fit into it');
  if (directoryAt + size < at)
    throw new ArchiveError(
      'ARCHIVE_HIDDEN_DATA',
      'data between the directory of the archive and its end record',
    );
  // Whoever reads from the front looks for the next header, also in comments.
  if (zip.indexOf('PK\x03\x04', directoryAt, 'latin1') >= 0)
    throw new ArchiveError('ARCHIVE_HIDDEN_DATA', "a file's header where no file can be");
  return { at, count, directoryAt };
}

/** Where an end record stands whose comment reaches the end exactly. */
function endCandidates(zip: Buffer): readonly number[] {
  const found: number[] = [];
  for (let at = zip.length - endLength; at >= 0 && at >= zip.length - endLength - maxComment; at--)
    if (
      zip[at] === 0x50 &&
      zip.readUInt32LE(at) === endSignature &&
      at + endLength + zip.readUInt16LE(at + 20) === zip.length
    )
      found.push(at);
  return found;
}

/** The entries of the central directory, which fill it exactly. */
export function readDirectory(zip: Buffer, end: ZipEnd): readonly ZipEntry[] {
  const entries: ZipEntry[] = [];
  let at = end.directoryAt;
  for (let index = 0; index < end.count; index++) {
    if (at + centralLength > end.at) throw malformed('the directory of the archive ends in the middle');
    if (zip.readUInt32LE(at) !== centralSignature) throw malformed('the directory of the archive is damaged');
    const nameEnd = at + centralLength + zip.readUInt16LE(at + 28);
    const extraEnd = nameEnd + zip.readUInt16LE(at + 30);
    const next = extraEnd + zip.readUInt16LE(at + 32);
    if (next > end.at) throw malformed('the directory of the archive ends in the middle');
    const nameBytes = zip.subarray(at + centralLength, nameEnd);
    const flags = zip.readUInt16LE(at + 8);
    const system = zip[at + 5] ?? 0;
    const external = zip.readUInt32LE(at + 38);
    const entry: ZipEntry = {
      name: nameOf(nameBytes, flags),
      flags,
      method: zip.readUInt16LE(at + 10),
      crc: zip.readUInt32LE(at + 16),
      packedLength: zip.readUInt32LE(at + 20),
      length: zip.readUInt32LE(at + 24),
      unixMode: external >>> 16,
      dosAttributes: external & 0xffff,
      hasModes: system === 3 || system === 19,
      at: zip.readUInt32LE(at + 42),
      nameBytes,
    };
    checkExtra(zip.subarray(nameEnd, extraEnd), entry.name);
    if ([entry.packedLength, entry.length, entry.at].includes(0xffffffff)) throw zip64();
    if (zip.readUInt16LE(at + 34) !== 0)
      throw new ArchiveError('ARCHIVE_MULTI_DISK', 'the archive is one of several parts');
    entries.push(entry);
    at = next;
  }
  if (at !== end.at)
    throw new ArchiveError('ARCHIVE_HIDDEN_DATA', 'the directory of the archive holds more than it counts');
  return entries;
}

/** UTF-8 where the flag says so, otherwise ASCII: readers disagree about what else it could be. */
function nameOf(bytes: Buffer, flags: number): string {
  if ((flags & utf8Flag) !== 0) return decodeUtf8(bytes, 0, bytes.length);
  if (bytes.some((byte) => byte >= 0x80))
    throw new ArchiveError(
      'ARCHIVE_NAME_ENCODING',
      'a name in the archive is not UTF-8 and does not say what it is',
    );
  return bytes.toString('latin1');
}

export const utf8Flag = 0x0800;

/** Times, owners and padding: they say nothing about where or what a file is. */
const harmless: ReadonlySet<number> = new Set([
  0x000a, // times of NTFS
  0x5455, // times of unix
  0x5855, // times and owner, Info-ZIP's first form
  0x7855, // owner
  0x7875, // owner
  0xa220, // padding of Microsoft's packages
  0xcafe, // mark of Java's archives
]);

/** @throws ArchiveError `ARCHIVE_ZIP64`, `ARCHIVE_ENCRYPTED`, `ARCHIVE_EXTRA_FIELD`, `ARCHIVE_MALFORMED` */
export function checkExtra(extra: Buffer, name: string): void {
  let at = 0;
  while (at < extra.length) {
    if (at + 4 > extra.length) throw malformed('an extra field ends in the middle');
    const id = extra.readUInt16LE(at);
    at += 4 + extra.readUInt16LE(at + 2);
    if (at > extra.length) throw malformed('an extra field ends in the middle');
    if (id === 0x0001) throw zip64();
    if (id === 0x9901) throw new ArchiveError('ARCHIVE_ENCRYPTED', `${quoted(name)} is encrypted`);
    if (!harmless.has(id))
      throw new ArchiveError(
        'ARCHIVE_EXTRA_FIELD',
        `${quoted(name)} has an extra field of type 0x${id.toString(16).padStart(4, '0')}`,
      );
  }
}

function zip64(): ArchiveError {
  return new ArchiveError('ARCHIVE_ZIP64', 'the archive uses zip64, which is for more than 4 GB', {
    hint: 'make it anew without zip64',
  });
}

function malformed(why: string): ArchiveError {
  return new ArchiveError('ARCHIVE_MALFORMED', why);
}

export function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}
