import { VaultError, type VaultErrorOptions } from '@ragnos/tuf';

/** What only the command line itself can refuse. */
export type CliErrorCode =
  | 'USAGE'
  | 'NODE_TOO_OLD'
  | 'NOT_A_VAULT'
  | 'VAULT_EXISTS'
  | 'BAD_CONFIG'
  | 'NO_SUCH_VENDOR'
  | 'NO_SUCH_FILE'
  | 'NO_TEXTS' // of a server: what its tools say could not be asked of it
  | 'ADDRESS_IN_USE'
  | 'CONFIRMATION_REQUIRED'
  | 'STORE_UNFIT'
  | 'FOLDER_NOT_EMPTY'
  | 'SUBMISSION_CHANGED'
  | 'BAD_KEY_FILE'
  | 'PIP_FAILED'
  | 'PIP_CHANGED'; // what pip installed is not what it was given

export class CliError extends VaultError {
  override readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}
