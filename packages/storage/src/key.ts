import { StorageError } from './errors.ts';

declare const brand: unique symbol;

/** A name that every store can hold and no file system misreads: see `storageKey`. */
export type StorageKey = string & { readonly [brand]: 'StorageKey' };

/** Bounds of the narrowest store: S3 for the whole, ext4 and NTFS for a segment. All lengths are bytes of UTF-8. */
export const keyLimits = { keyMaxLength: 1024, segmentMaxLength: 255 } as const;

/** Control characters, what Windows cannot store, and the invisible ones that HFS+ drops from names. */
const unsafe = /[\p{Cc}\\:*?"<>|\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/u;
const windowsDevice = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?$/i;
const privateFolder = /^(\.storage|storag~[0-9]+)$/i;

/**
 * The only way to a `StorageKey`. Segments are separated by `/`; none is empty, `.` or `..`, ends in a dot or a space, or is
 * a Windows device; no backslash, control character or any of `:*?"<>|`; Unicode in NFC. The first segment `.storage` is the
 * folder driver's own. Keys that differ only in case stay two keys: where a disk cannot tell them apart, the second is
 * refused by the store as already there, never merged into the first.
 *
 * Throws STORAGE_BAD_KEY.
 */
export function storageKey(raw: string): StorageKey {
  const problem = problemWith(raw);
  if (problem !== null)
    throw new StorageError('STORAGE_BAD_KEY', `unsafe storage key ${quote(raw)}: ${problem}`);
  return raw as StorageKey;
}

/** Checks the beginning of keys as `list` takes it: whole segments, then possibly a part of one. Throws STORAGE_BAD_KEY. */
export function checkPrefix(raw: string): string {
  const whole = raw.slice(0, raw.lastIndexOf('/') + 1);
  const part = raw.slice(whole.length);
  const problem =
    (whole === '' ? null : problemWith(whole.slice(0, -1))) ??
    (unsafe.test(part) ? 'unsafe character' : null);
  if (problem !== null)
    throw new StorageError('STORAGE_BAD_KEY', `unsafe storage prefix ${quote(raw)}: ${problem}`);
  return raw;
}

/** Ascending by the bytes of UTF-8, the order in which every store lists; UTF-16 units alone would sort U+1F600 before U+FF5E. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

function problemWith(raw: string): string | null {
  if (typeof raw !== 'string') return 'not a string';
  if (raw.length > keyLimits.keyMaxLength || Buffer.byteLength(raw) > keyLimits.keyMaxLength)
    return `longer than ${keyLimits.keyMaxLength} bytes`;
  if (!raw.isWellFormed()) return 'lone surrogate';
  if (raw.normalize('NFC') !== raw) return 'not in Unicode normalisation form C';
  const segments = raw.split('/');
  if (privateFolder.test(segments[0] ?? '')) return 'its first segment is reserved';
  for (const segment of segments) {
    const problem = problemWithSegment(segment);
    if (problem !== null) return problem;
  }
  return null;
}

function problemWithSegment(segment: string): string | null {
  if (segment === '') return 'empty segment';
  if (segment === '.' || segment === '..') return `segment ${segment}`;
  if (unsafe.test(segment)) return 'unsafe character';
  if (segment.endsWith('.') || segment.endsWith(' ')) return 'segment ends in a dot or a space';
  if (windowsDevice.test(segment)) return 'a device name on Windows';
  if (Buffer.byteLength(segment) > keyLimits.segmentMaxLength)
    return `segment longer than ${keyLimits.segmentMaxLength} bytes`;
  return null;
}

function quote(raw: unknown): string {
  const text = JSON.stringify(raw) ?? typeof raw;
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
