/** Every way in which the log can refuse. Closed; tests assert them. */
export type LogErrorCode = keyof typeof logErrors;

/** What each code means, for the manual page and for whoever maps them to exit codes. */
export const logErrors = {
  LOG_MISSING: 'an object or an entry of the log that the signed head covers is gone',
  LOG_ALTERED: 'an object or an entry of the log is not the one that the signed head covers',
  LOG_REORDERED: 'the entries of the log are there, in another order than the signed head covers',
  LOG_FORKED: 'the log is not a continuation of the one seen before',
  LOG_SHRANK: 'the log is shorter than the one seen before',
  LOG_RESTARTED:
    'the log was lost and begun anew, as the keys of root approved: what was in it before is gone',
  LOG_RESTART_UNAPPROVED: 'the log was begun anew, and not as a root says that it was',
  LOG_BAD_HEAD: 'not the head of a log: a size and a sha256 in hex',
  LOG_BAD_ENTRY: 'not an entry of the audit log, or one that must not be written',
  LOG_TOO_LARGE: 'an entry, or the entries of one commit, are larger than the log takes',
  LOG_BAD_PROOF: 'the proof does not show what it should',
  LOG_BAD_RANGE: 'there is no such entry in a log of this size',
} as const;

export interface LogErrorOptions {
  /** The object of the store that is meant. */
  readonly key?: string;
  /** The first entry that is meant. */
  readonly index?: number;
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * The one error of this package (a storage that fails throws its own, an aborted call the signal's reason). It has the shape
 * of `VaultError` of the trust core, which this room may not import.
 *
 * Exit codes: 3 untrusted for MISSING, ALTERED, REORDERED, FORKED, SHRANK, RESTART_UNAPPROVED, BAD_HEAD, BAD_PROOF ·
 * 10 refused for RESTARTED · 2 usage for BAD_RANGE ·
 * 1 for the others.
 */
export class LogError extends Error {
  override readonly name = 'LogError';
  readonly code: LogErrorCode;
  declare readonly key?: string;
  declare readonly index?: number;
  declare readonly hint?: string;

  constructor(code: LogErrorCode, message: string, options: LogErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    if (options.key !== undefined) this.key = options.key;
    if (options.index !== undefined) this.index = options.index;
    if (options.hint !== undefined) this.hint = options.hint;
  }
}

/** `null` for a log that is not as it should be. Throws where the store fails. */
export async function unlessWrong<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof LogError) return null;
    throw error;
  }
}
