import { ArchiveError } from '../errors.ts';

export const blockLength = 512;

/** One USTAR header block, decoded and not yet judged. */
export interface TarHeader {
  readonly name: string;
  readonly mode: number;
  readonly size: number;
  /** `0` file, `5` folder, `x` and `g` pax, and what we refuse. */
  readonly type: string;
}

/** @throws ArchiveError `ARCHIVE_CHECKSUM`, or `ARCHIVE_MALFORMED` for a number or magic that cannot be read */
export function readHeader(tar: Buffer, at: number): TarHeader {
  const magic = text(tar, at + 257, 6);
  if (magic !== 'ustar' && magic !== 'ustar ') throw malformed('an entry is not USTAR');
  if (checksum(tar, at) !== octal(tar, at + 148, 8))
    throw new ArchiveError('ARCHIVE_CHECKSUM', 'the checksum of an entry is wrong');
  const type = text(tar, at + 156, 1);
  const prefix = magic === 'ustar' ? text(tar, at + 345, 155) : ''; // GNU keeps other things there
  const name = text(tar, at, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: octal(tar, at + 100, 8),
    size: octal(tar, at + 124, 12),
    type: type === '' ? '0' : type,
  };
}

/** Up to the first NUL, strict UTF-8. Looks no further than the field: an archive without any NUL must cost no more. */
function text(tar: Buffer, at: number, length: number): string {
  let end = at;
  while (end < at + length && tar[end] !== 0) end++;
  return decodeUtf8(tar, at, end);
}

/** Nearly every name is ASCII, for which a TextDecoder is ten times slower than this. */
export function decodeUtf8(bytes: Buffer, from: number, to: number): string {
  const plain = bytes.toString('latin1', from, to);
  if (!/[^ -~]/.test(plain)) return plain;
  try {
    return decoder.decode(bytes.subarray(from, to));
  } catch (cause) {
    throw new ArchiveError('ARCHIVE_NAME_ENCODING', 'a name in the archive is not UTF-8', { cause });
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Blanks, octal digits, then blanks or NULs: base-256 and signs are other readers' extensions. */
function octal(tar: Buffer, from: number, length: number): number {
  const end = from + length;
  let at = from;
  let value = 0;
  while (at < end && tar[at] === 0x20) at++;
  for (; at < end; at++) {
    const digit = (tar[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  for (; at < end; at++) if (tar[at] !== 0x20 && tar[at] !== 0) throw malformed('a number is not octal');
  return value;
}

const block = new Uint8Array(blockLength);
const words = new Uint32Array(block.buffer);

/** Four bytes at a time, in two lanes of 16 bits (128 × 2 × 255 fits): most archives are read before the loop is compiled. */
function checksum(tar: Buffer, at: number): number {
  block.set(tar.subarray(at, at + blockLength));
  block.fill(0x20, 148, 156); // the field itself counts as blanks
  let lanes = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? 0;
    lanes = (lanes + (word & 0xff00ff) + ((word >>> 8) & 0xff00ff)) | 0;
  }
  return (lanes & 0xffff) + (lanes >>> 16);
}

function malformed(why: string): ArchiveError {
  return new ArchiveError('ARCHIVE_MALFORMED', why);
}
