import { VaultError, type VaultErrorOptions } from '@ragnos/tuf';

/** Every way in which getting a signature can fail. Closed; tests assert them. */
export type SigningErrorCode = keyof typeof signingErrors;

/** What each code means, for the manual page and for whoever maps them to exit codes. */
export const signingErrors = {
  BAD_SIGNER_URI: 'not a signer URI, or one of a scheme that this build does not know',
  KEY_NOT_FOUND: 'there is no key file at this path',
  KEY_EXISTS: 'a file is already there, and keys are never overwritten',
  KEY_UNPROTECTED: 'others can read the key or password file, or the key in it is not encrypted',
  KEY_UNREADABLE: 'the file cannot be read, or holds no private key that TUF and this Node can use',
  KEY_NOT_WRITTEN: 'the key file could not be written; one that was there before is as it was',
  KEY_MISMATCH: 'the signer holds another key than the one expected',
  BAD_PASSWORD: 'the password does not open the key',
  PASSWORD_REQUIRED: 'no password was given in any of the places where one is looked for',
  BAD_PASSWORD_SOURCE: 'a place was named for the password, but what is there is no usable password',
  SIGNER_FAILED: 'the signer gave no signature, or one that does not verify under its own key',
} as const;

/**
 * The one error of this package (an aborted call rejects with the signal's own reason instead). Its message, hint and cause
 * never hold a password or a part of a private key.
 *
 * Exit codes: 2 usage for BAD_SIGNER_URI · 3 untrusted for KEY_MISMATCH and SIGNER_FAILED · 5 not found for KEY_NOT_FOUND ·
 * 7 unauthorised for BAD_PASSWORD, PASSWORD_REQUIRED, BAD_PASSWORD_SOURCE and KEY_UNPROTECTED · 9 conflict for KEY_EXISTS ·
 * 1 for KEY_UNREADABLE and KEY_NOT_WRITTEN.
 */
export class SigningError extends VaultError {
  override readonly code: SigningErrorCode;

  constructor(code: SigningErrorCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}
