/** Every way a storage call can fail. Closed: a driver maps what it meets to one of these, and tests assert them. */
export type StorageErrorCode = keyof typeof storageErrors;

/** What each code means, for the manual page and for whoever maps them to exit codes. */
export const storageErrors = {
  STORAGE_BAD_KEY: 'the key or prefix is not one that every store can hold',
  STORAGE_BAD_RANGE: 'the range starts past the end of the object, or ends before it starts',
  STORAGE_TOO_LARGE: 'the object is larger than the caller allows',
  STORAGE_MISMATCH: 'the body is not as long as announced, or has another digest; nothing was stored',
  STORAGE_CONFLICT: 'something else lies where the object should be; nothing was stored',
  STORAGE_SYMLINK: 'a symbolic link lies on the way; nothing was followed and nothing was stored',
  STORAGE_DENIED: 'the store refused access; nothing was stored',
  STORAGE_FULL: 'no space, or over quota; nothing was stored',
  STORAGE_LOCKED: 'somebody else held the lock for the whole time allowed; nothing was stored',
  STORAGE_BAD_URI: 'the address of the store is not one that can be used; nothing was stored',
  STORAGE_PACKAGE_MISSING: 'the driver needs a package that is not installed; nothing was stored',
  STORAGE_UNAVAILABLE: 'no answer, or an unknown one: a write may have happened, so read again and compare',
} as const;

/**
 * The one error of this package (an aborted call rejects with the signal's own reason instead).
 * It has the shape of `VaultError` of the trust core, which this room may not import.
 *
 * Exit codes: usage 2 for BAD_KEY, BAD_RANGE and BAD_URI · 6 unreachable for UNAVAILABLE and LOCKED · 7 unauthorised for DENIED ·
 * 9 conflict for CONFLICT · 1 for the others.
 */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  readonly code: StorageErrorCode;
  readonly hint?: string;

  constructor(
    code: StorageErrorCode,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    if (options.hint !== undefined) this.hint = options.hint;
  }
}
