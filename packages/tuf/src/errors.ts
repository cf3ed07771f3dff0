/** Everything a caller of this package may have to tell apart; closed, so that a switch over it can be exhaustive. */
export type TufErrorCode =
  | 'MALFORMED'
  | 'LIMIT'
  | 'UNSIGNED'
  | 'BAD_VERSION'
  | 'EXPIRED'
  | 'LENGTH_OR_HASH_MISMATCH'
  | 'UNKNOWN_ROLE'
  | 'ROOT_PIN_MISMATCH'
  | 'WORKFLOW';

/** What every error of ours may carry beside its message: the error below it, and what the reader can do about it. */
export interface VaultErrorOptions {
  readonly cause?: unknown;
  readonly hint?: string;
}

/** The base of every error that RAGnos Vault throws on purpose. `code` is stable; the text is not. */
export abstract class VaultError extends Error {
  abstract readonly code: string;
  /** No property at all where there is none: `declare` keeps the field from being defined as undefined. */
  declare readonly hint?: string;

  constructor(message: string, options: VaultErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    if (options.hint !== undefined) this.hint = options.hint;
  }
}

/** The repository served something we must not trust. The last trusted state stays in force. */
export abstract class RepositoryError extends VaultError {
  abstract override readonly code: string;
}

/** Not what the specification describes: JSON, a field, a name, a number, a date. */
export class MalformedMetadataError extends RepositoryError {
  override readonly code = 'MALFORMED';
}

/** More bytes, members, levels or entries than we are prepared to look at. */
export class LimitExceededError extends RepositoryError {
  override readonly code = 'LIMIT';
}

/** Fewer distinct keys have signed than the threshold asks for. */
export class UnsignedMetadataError extends RepositoryError {
  override readonly code = 'UNSIGNED';
}

/** Older than what is trusted already, or not the version that was announced: rollback, mix and match. */
export class BadVersionNumberError extends RepositoryError {
  override readonly code = 'BAD_VERSION';
}

/** Properly signed, but its time is over: freeze. */
export class ExpiredMetadataError extends RepositoryError {
  override readonly code = 'EXPIRED';
  /** Since when; whoever has a clock that may be wrong can judge by another time. `undefined` = not said. */
  readonly expires: Date | undefined;

  constructor(message: string, options: VaultErrorOptions & { readonly expires?: Date } = {}) {
    super(message, options);
    this.expires = options.expires;
  }
}

/** Not the bytes that trusted metadata announced. */
export class LengthOrHashMismatchError extends RepositoryError {
  override readonly code = 'LENGTH_OR_HASH_MISMATCH';
}

/** A role that the snapshot does not list or the delegator does not delegate to. */
export class UnknownRoleError extends RepositoryError {
  override readonly code = 'UNKNOWN_ROLE';
}

/** The bootstrap root is not the one whose fingerprint was given. */
export class RootPinMismatchError extends RepositoryError {
  override readonly code = 'ROOT_PIN_MISMATCH';
}

/** The caller's mistake, not the repository's: steps of section 5 taken out of order. */
export class WorkflowError extends VaultError {
  override readonly code = 'WORKFLOW';
}
