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

/** @throws ArchiveError `ARCHIVE_MALFORMED` for a bad checksum, number or magic */
export function readHeader(block: Uint8Array): TarHeader {
  const magic = text(block, 257, 6);
  if (magic !== 'ustar' && magic !== 'ustar ') throw malformed('an entry is not USTAR');
  if (checksum(block) !== octal(block, 148, 8)) throw malformed('the checksum of an entry is wrong');
  const type = text(block, 156, 1);
  const prefix = magic === 'ustar' ? text(block, 345, 155) : ''; // GNU keeps other things there
  const name = text(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    mode: octal(block, 100, 8),
    size: octal(block, 124, 12),
    type: type === '' ? '0' : type,
  };
}

/** Up to the first NUL, strict UTF-8. */
function text(block: Uint8Array, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const nul = field.indexOf(0);
  return decodeUtf8(nul < 0 ? field : field.subarray(0, nul));
}

export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new ArchiveError('ARCHIVE_UNSAFE_PATH', 'a name in the archive is not UTF-8', { cause });
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Octal digits, then blanks or NULs: base-256 and signs are other readers' extensions. */
function octal(block: Uint8Array, at: number, length: number): number {
  const digits = /^ *([0-7]{0,12})[ \0]*$/.exec(String.fromCharCode(...block.subarray(at, at + length)));
  if (digits === null) throw malformed('a number in an entry is not octal');
  return digits[1] === '' ? 0 : Number.parseInt(digits[1] ?? '', 8);
}

function checksum(block: Uint8Array): number {
  let sum = 8 * 0x20; // the field itself counts as blanks
  for (let at = 0; at < blockLength; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  return sum;
}

function malformed(why: string): ArchiveError {
  return new ArchiveError('ARCHIVE_MALFORMED', why);
}
