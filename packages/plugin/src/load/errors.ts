import { VaultError, type VaultErrorOptions } from '@ragnos/tuf';

/** Closed: what a call to a loaded plugin may end with, beside what starting it says (host, confine). */
export type LoadErrorCode = LoadRefusedCode | LoadNotFoundCode | LoadFailureCode;

export type LoadRefusedCode =
  | 'CALL_RATE' // more calls per minute than are granted
  | 'TOO_MANY_CALLS' // more at once than the host holds
  | 'TEXT_NOT_SIGNED' // an MCP tool or prompt whose text is not that of the signed manifest
  | 'REQUEST_NOT_DECLARED'; // an MCP server asked for what its manifest does not declare

export type LoadNotFoundCode = 'NO_SUCH_FUNCTION' | 'NO_ENTRY'; // nothing to load: it has no main module, or is no server

export type LoadFailureCode =
  | 'PLUGIN_THREW'
  | 'PLUGIN_LOAD' // its module threw while it was loaded
  | 'CALL_TIMEOUT'
  | 'BAD_VALUE' // what was given or returned is no JSON
  | 'VALUE_TOO_LARGE'
  | 'PLUGIN_HUNG' // it does not answer at all
  | 'PLUGIN_GAVE_UP' // it crashed too often to be started again
  | 'PLUGIN_CLOSED'; // its handle was closed

export abstract class LoadError extends VaultError {
  abstract override readonly code: LoadErrorCode;
}

/** Not done because it goes beyond what was signed or granted. Exit code 10. */
export class LoadRefusedError extends LoadError {
  override readonly code: LoadRefusedCode;
  constructor(code: LoadRefusedCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Exit code 5. */
export class LoadNotFoundError extends LoadError {
  override readonly code: LoadNotFoundCode;
  constructor(code: LoadNotFoundCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Exit code 1. */
export class LoadFailureError extends LoadError {
  override readonly code: LoadFailureCode;
  constructor(code: LoadFailureCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}
