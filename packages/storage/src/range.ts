import { StorageError } from './errors.ts';
import type { GetOptions, ObjectInfo } from './storage.ts';

/** The bytes that `get` is to deliver. Throws STORAGE_BAD_RANGE and STORAGE_TOO_LARGE. */
export function resolveRange(
  info: Pick<ObjectInfo, 'key' | 'size'>,
  options: GetOptions,
): { readonly start: number; readonly end: number } {
  const { range, maxLength = Infinity } = options;
  const start = range?.start ?? 0;
  const end = Math.min(range?.end ?? info.size, info.size);
  if (
    range !== undefined &&
    !(isOffset(start) && (range.end === undefined || isOffset(range.end)) && start < end)
  )
    throw new StorageError(
      'STORAGE_BAD_RANGE',
      `${info.key} has ${info.size} bytes, none of them in ${start}–${range.end ?? ''}`,
    );
  if (end - start > maxLength)
    throw new StorageError(
      'STORAGE_TOO_LARGE',
      `${info.key}: ${end - start} bytes, more than the ${maxLength} allowed`,
    );
  return { start, end };
}

function isOffset(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}
