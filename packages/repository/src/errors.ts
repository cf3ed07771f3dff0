import { VaultError, type VaultErrorOptions } from '@ragnos/tuf';

/** Every way in which an operation on a repository can fail by itself. Closed; tests assert them. */
export type PublishErrorCode = keyof typeof publishErrors;

/** What each code means, for the manual page and for whoever maps them to exit codes. */
export const publishErrors = {
  REPOSITORY_EXISTS: 'there is a repository, or a part of one, in this store; nothing was written',
  NO_REPOSITORY: 'there is no timestamp.json in this store: not a repository, or one that lost its head',
  STORE_WENT_BACK:
    'the store shows an older or another state than one that was seen before; nothing was signed',
  CLOCK_BEHIND: 'the clock here is behind the one that signed the newest timestamp; nothing was signed',
  CONFLICT:
    'others kept publishing first, or changed what this operation was based on; nothing was published',
  PATH_IMMUTABLE: 'this path was published with other content, and published paths never change',
  BAD_TARGET: 'this path or content cannot be published',
  BAD_LAYOUT: 'these roles would make a repository that clients refuse, or that nobody could sign',
  UNKNOWN_ROLE: 'there is no such role, or it was removed',
  NOT_COMPATIBLE: 'a client that the repository serves (`compat`) could not read this; nothing was published',
  ROLE_EXISTS: 'the name of this role is taken, or was; names are never used twice',
  SIGNATURES_MISSING: 'fewer signers are at hand than the threshold asks for; nothing was published',
  TOO_LARGE: 'a metadata file would be larger than clients accept; nothing was published',
  LOG_INTACT: 'the audit log is there and verifies, or there is none: it is not given up',
  OUTCOME_UNKNOWN:
    'the store did not say whether the commit happened, and could not be asked; look at status',
} as const;

/**
 * The one error of this package beside those of the rooms below it: a `RepositoryError` of the trust core when what is in the
 * store does not verify, `StorageError`, `SigningError` (an aborted call rejects with the signal's own reason).
 *
 * Exit codes: 3 untrusted for STORE_WENT_BACK · 5 not found for NO_REPOSITORY and UNKNOWN_ROLE · 8 pending signatures for
 * SIGNATURES_MISSING · 9 conflict for CONFLICT, LOG_INTACT, REPOSITORY_EXISTS, ROLE_EXISTS and PATH_IMMUTABLE · 6 for OUTCOME_UNKNOWN ·
 * 4 expired for CLOCK_BEHIND · 2 usage for BAD_LAYOUT and BAD_TARGET · 10 refused for NOT_COMPATIBLE · 1 for TOO_LARGE.
 */
export class PublishError extends VaultError {
  override readonly code: PublishErrorCode;

  constructor(code: PublishErrorCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

/** For a target file of which the metadata says that it is in the store. */
export function notThere({ description }: { readonly description: string }, key: string): PublishError {
  return new PublishError('STORE_WENT_BACK', `${description}: ${key} is published, and is not there`, {
    hint: 'restore the file from a backup',
  });
}
