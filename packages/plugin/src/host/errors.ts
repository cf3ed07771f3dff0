import { VaultError } from '@ragnos/tuf';

/** Closed: everything a host may refuse or fail at, beside what reading (plugin, tuf), fetching (client) and the disk say. */
export type HostErrorCode = UntrustedCode | PolicyCode | NotFoundCode | ConflictCode | FailureCode;

export type UntrustedCode =
  | 'IDENTITY_MISMATCH' // path, index and manifest do not speak of the same thing
  | 'INDEX_ROLLBACK' // the index lost a version that this host knew
  | 'PATH_REDEFINED' // a known target path has a new digest
  | 'REVOCATIONS_LOST' // revocations that this host has seen are gone or fewer
  | 'CATALOG_LOST' // what the door wrote down of a vendor, and this host has seen, is gone or less
  | 'POLICY_LOST' // a policy of the organisation that this host has seen is gone
  | 'NEVER_SEEN' // the door wrote down what it published, and this version is not among it
  | 'ARCHIVE_MISMATCH' // the archive does not hold exactly the files of the signed manifest
  | 'TREE_CHANGED' // the installed files are not those of the signed manifest
  | 'EVIDENCE_INVALID'; // the signed chain kept at installation does not vouch for the installed plugin

export type PolicyCode =
  | 'YANKED'
  | 'REVOKED'
  | 'SUSPENDED' // the repository has suspended the vendor
  | 'OWNER_CHANGED' // other keys sign for the vendor, and those known here did not hand over to them
  | 'ENGINES' // made for another Node
  | 'PLATFORM' // made for another operating system or processor
  | 'DOWNGRADE' // lower than what is installed, and not asked for by its exact version
  | 'CONSENT_REQUIRED' // it asks for something that nobody here has agreed to
  | 'NOT_ALLOWED' // a rule of the policy refuses the vendor or the plugin
  | 'NOT_PINNED' // a rule names other versions
  | 'FILE_KIND' // it holds a kind of file that a rule has in no such plugin
  | 'COOLDOWN' // the catalog has not known it for long enough, or does not say since when
  | 'ROLLOUT' // not this host's turn yet
  | 'EVIDENCE_DEMANDED' // a rule demands evidence that nobody has checked
  | 'PLUGIN_FINDINGS' // its files use or hide what its manifest does not say
  | 'SINGLE_SIGNER_ROOT'; // one signature could replace the root

export type NotFoundCode =
  | 'NO_REPOSITORY'
  | 'NO_SUCH_PLUGIN'
  | 'NO_SUCH_VERSION'
  | 'NOT_INSTALLED'
  | 'NO_PREVIOUS'
  | 'NO_SUCH_COMMAND'
  | 'SETTING_MISSING' // it is not started without a setting that nobody gave, or that was not granted
  | 'NO_POLICY_FILE'
  | 'NO_CONSENT'; // nothing was agreed to that could be taken back

export type ConflictCode = 'ALIAS_TAKEN' | 'AMBIGUOUS_REPOSITORY' | 'PLUGINS_INSTALLED' | 'PATH_OBSTRUCTED'; // a link or foreign file stands where we write

export type FailureCode = 'HEALTH_CHECK' | 'HOST_STATE' | 'BAD_SPEC' | 'BAD_POLICY';

interface Options {
  readonly cause?: unknown;
  readonly hint?: string;
}

/** The base of what a host throws on purpose; the subclass is the exit code's family, `code` says which. */
export abstract class HostError extends VaultError {
  abstract override readonly code: HostErrorCode;
}

/** What was served, or what stands on disk, is not what was signed. Exit code 3. */
export class HostUntrustedError extends HostError {
  override readonly code: UntrustedCode;
  constructor(code: UntrustedCode, message: string, options: Options = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Properly signed, and refused all the same. Exit code 10. */
export class HostPolicyError extends HostError {
  override readonly code: PolicyCode;
  constructor(code: PolicyCode, message: string, options: Options = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Looked, and it is not there. Exit code 5. */
export class HostNotFoundError extends HostError {
  override readonly code: NotFoundCode;
  constructor(code: NotFoundCode, message: string, options: Options = {}) {
    super(message, options);
    this.code = code;
  }
}

/** What is there already stands in the way. Exit code 9. */
export class HostConflictError extends HostError {
  override readonly code: ConflictCode;
  constructor(code: ConflictCode, message: string, options: Options = {}) {
    super(message, options);
    this.code = code;
  }
}

/** Exit code 1, except `BAD_SPEC`, the caller's typing, which is 2. */
export class HostFailureError extends HostError {
  override readonly code: FailureCode;
  constructor(code: FailureCode, message: string, options: Options = {}) {
    super(message, options);
    this.code = code;
  }
}
