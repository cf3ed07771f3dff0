/** Closed: what a caller may have to tell apart. */
export type DiskErrorCode =
  'DISK_LINK' | 'DISK_EXISTS' | 'DISK_READ' | 'DISK_WRITE' | 'LOCK_TIMEOUT' | 'LOCK';

export interface DiskErrorOptions {
  readonly cause?: unknown;
  readonly hint?: string;
}

/**
 * The local disk would not do it. Same shape as every error of the house (`code`, `hint`, `cause`), without
 * importing the trust core for it: this room imports nothing.
 */
export class DiskError extends Error {
  readonly code: DiskErrorCode;
  readonly hint?: string;

  constructor(code: DiskErrorCode, message: string, options: DiskErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DiskError';
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
  }
}

const hints: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EROFS', 'the file system is read-only'],
  ['EACCES', 'check who owns the folder and its mode'],
  ['EPERM', 'check who owns the folder and its mode'],
  ['ENOENT', 'the folder is missing'],
  ['EMFILE', 'too many open files; raise the limit (ulimit -n)'],
]);

/** The `code` of a Node error (`ENOENT`, …), or `undefined` for anything else. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function diskError(code: DiskErrorCode, what: string, cause: unknown): DiskError {
  const reason = errorCode(cause) ?? (cause instanceof Error ? cause.message : String(cause));
  const hint = hints.get(reason);
  return new DiskError(code, `${what}: ${reason}`, hint === undefined ? { cause } : { cause, hint });
}
