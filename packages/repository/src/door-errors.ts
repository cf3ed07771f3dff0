import { VaultError, type VaultErrorOptions } from '@ragnos/tuf';

/** The rules of the door, each with what it demands. Closed; the code of a refusal names its rule. */
export const doorRules = {
  DOOR_FORMAT: 'the file is strict TUF metadata of type targets',
  DOOR_ROLE: 'somebody delegates to the role',
  DOOR_SIGNATURES: 'the threshold of the delegator’s keys has signed it, for this repository',
  DOOR_VERSION: 'the version is one of the next 16, and nobody published another file under it',
  DOOR_EXPIRY: 'it expires in the future, and within the longest life that the repository allows',
  DOOR_DELEGATIONS: 'it delegates to nobody but those to whom it did, and all of them still verify',
  DOOR_PATHS: 'every path lies in the delegation, where a client finds it',
  DOOR_IMMUTABLE: 'a path that is known keeps its digest',
  DOOR_TARGETS: 'every listed target is there, with its length and its sha256',
  DOOR_LIMITS: 'it stays within the limits on size, number and frequency',
  DOOR_GATE: 'every gate that the policy demands has passed',
  DOOR_CAPABILITIES: 'its code uses nothing that its manifest does not declare, and hides nothing',
  DOOR_FILES: 'it holds no kind of file that the policy of the organisation refuses',
  DOOR_SUSPENDED: 'its vendor is not suspended',
} as const;

export type DoorErrorCode = keyof typeof doorRules;

/**
 * What was handed in is refused, and nothing of it is published. Names the rule and the file.
 *
 * Exit codes: 3 for DOOR_FORMAT and DOOR_SIGNATURES · 4 for DOOR_EXPIRY · 5 for DOOR_ROLE · 9 for DOOR_VERSION and
 * DOOR_IMMUTABLE · 10 for the rest.
 */
export class DoorError extends VaultError {
  override readonly code: DoorErrorCode;
  /** The role's file or the target path that breaks the rule. */
  readonly file: string;

  constructor(code: DoorErrorCode, file: string, message: string, options: VaultErrorOptions = {}) {
    super(`${file}: ${message}`, options);
    this.code = code;
    this.file = file;
  }
}
