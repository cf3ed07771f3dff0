import { crc32 } from 'node:zlib';
import { ArchiveError } from '../errors.ts';
import { inflateRaw, type Inflated } from './inflate-raw.ts';
import type { ArchiveLimits } from './limits.ts';

/**
 * Unpacks exactly one gzip member (RFC 1952) that fills `bytes` exactly. zlib's own reader also takes several members
 * and ignores what follows the last: bytes that one reader sees and another does not.
 */
export function gunzipStrict(bytes: Uint8Array, limits: ArchiveLimits): Uint8Array {
  if (bytes.length > limits.archiveMaxLength)
    throw new ArchiveError(
      'ARCHIVE_TOO_LARGE',
      `the archive has ${bytes.length} bytes, more than ${limits.archiveMaxLength}`,
    );
  const start = endOfHeader(bytes);
  if (bytes.length < start + 8) throw new ArchiveError('ARCHIVE_TRUNCATED', 'the archive ends in its header');
  const allowed = Math.min(
    limits.unpackedMaxLength,
    Math.max(limits.ratioFreeLength, bytes.length * limits.maxRatio),
  );
  const { buffer, consumed } = inflate(bytes.subarray(start), allowed, limits);
  const trailer = start + consumed;
  if (bytes.length < trailer + 8)
    throw new ArchiveError('ARCHIVE_TRUNCATED', 'the archive ends before its checksum');
  if (bytes.length > trailer + 8)
    throw new ArchiveError(
      'ARCHIVE_TRAILING_DATA',
      `${bytes.length - trailer - 8} bytes follow the end of the archive`,
    );
  const view = new DataView(bytes.buffer, bytes.byteOffset + trailer, 8);
  if (view.getUint32(0, true) !== crc32(buffer) || view.getUint32(4, true) !== buffer.length >>> 0)
    throw new ArchiveError('ARCHIVE_CHECKSUM', 'the checksum of the archive is wrong');
  return buffer;
}

/** Flags: 1 text, 2 header crc, 4 extra, 8 name, 16 comment. */
function endOfHeader(bytes: Uint8Array): number {
  if (bytes.length < 18) throw new ArchiveError('ARCHIVE_TRUNCATED', `${bytes.length} bytes are no archive`);
  const flags = bytes[3] ?? 0;
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b || bytes[2] !== 8 || flags > 31)
    throw new ArchiveError('ARCHIVE_MALFORMED', 'not a gzip archive');
  let at = 10;
  if ((flags & 4) !== 0) at += 2 + (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
  if ((flags & 8) !== 0) at = afterNul(bytes, at);
  if ((flags & 16) !== 0) at = afterNul(bytes, at);
  return (flags & 2) === 0 ? at : at + 2;
}

function afterNul(bytes: Uint8Array, from: number): number {
  const nul = bytes.indexOf(0, from);
  if (nul < 0) throw new ArchiveError('ARCHIVE_TRUNCATED', 'the archive ends in its header');
  return nul + 1;
}

/**
 * One output buffer of the size that the trailer states saves zlib's growing list of chunks and half of the memory. A
 * lie costs a second chunk, or memory that is reserved within `allowed` and never touched.
 */
function chunkSize(bytes: Uint8Array, allowed: number): number {
  const stated = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - 4, 4).getUint32(0, true);
  return Math.max(1024, Math.min(stated, allowed) + 1);
}

function inflate(bytes: Uint8Array, allowed: number, limits: ArchiveLimits): Inflated {
  try {
    return inflateRaw(bytes, { maxOutputLength: allowed, chunkSize: chunkSize(bytes, allowed) });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : '';
    if (code === 'ERR_BUFFER_TOO_LARGE')
      throw allowed < limits.unpackedMaxLength
        ? new ArchiveError(
            'ARCHIVE_BOMB',
            `${bytes.length} packed bytes unpack to more than ${limits.maxRatio} times as many`,
          )
        : new ArchiveError('ARCHIVE_TOO_LARGE', `the archive unpacks to more than ${allowed} bytes`);
    if (code === 'Z_BUF_ERROR')
      throw new ArchiveError('ARCHIVE_TRUNCATED', 'the archive ends in the middle', { cause });
    throw new ArchiveError('ARCHIVE_MALFORMED', 'the archive is damaged', { cause });
  }
}
