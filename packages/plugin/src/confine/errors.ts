import { VaultError, type VaultErrorOptions } from '@ragnos/tuf';

export type ConfineErrorCode = ConfineRefusedCode | ConfineFailureCode;

export type ConfineRefusedCode =
  | 'SANDBOX_UNAVAILABLE' // the operating system's layer is missing here, and the mode is nothing without it
  | 'MODE_UNSUITABLE' // this runtime, or this grant, cannot be confined in this mode
  | 'GRANT_IMPOSSIBLE' // a path, program or variable that would undo the confinement, or is not there
  | 'MEMORY_LIMIT'
  | 'CPU_LIMIT'
  | 'PROCESS_LIMIT'
  | 'CHANNEL_GARBAGE'; // what came over the private channel is no message of ours

export type ConfineFailureCode =
  | 'START_FAILED' // it ended, or said nothing, before it was up
  | 'PLUGIN_CRASHED' // it ended by itself, with a code or by a signal
  | 'PLUGIN_STOPPED' // the host ended it
  | 'CHANNEL_CLOSED'
  | 'CHANNEL_FULL'; // the other side does not read

/** What confining a plugin is refused for, or fails at. */
export abstract class ConfineError extends VaultError {
  abstract override readonly code: ConfineErrorCode;
}

/** Not started, or ended by us, because it went beyond what it may. Exit code 10. */
export class ConfineRefusedError extends ConfineError {
  override readonly code: ConfineRefusedCode;
  constructor(code: ConfineRefusedCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Exit code 1. */
export class ConfineFailureError extends ConfineError {
  override readonly code: ConfineFailureCode;
  constructor(code: ConfineFailureCode, message: string, options: VaultErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}
