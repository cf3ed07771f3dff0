import type { ClientErrorCode } from '@ragnos/client';
import type { DiskErrorCode } from '@ragnos/disk';
import type { ConfineErrorCode, HostErrorCode, LoadErrorCode, PluginErrorCode } from '@ragnos/plugin';
import type { DoorErrorCode, EventErrorCode, PublishErrorCode } from '@ragnos/repository';
import type { SigningErrorCode } from '@ragnos/signing';
import type { StorageErrorCode } from '@ragnos/storage';
import type { LogErrorCode } from '@ragnos/tlog';
import type { TufErrorCode } from '@ragnos/tuf';
import type { CliErrorCode } from './errors.ts';

/** What the command says to scripts by its exit code. The manual page and the tests are made from this table. */
export const exitCodes = {
  ok: [0, 'done'],
  failure: [1, 'failed for a reason that has no code of its own'],
  usage: [2, 'unknown flag, missing argument, a value that cannot be meant'],
  untrusted: [3, 'a signature, hash, version, delegation or installed file did not verify'],
  expired: [4, 'signed metadata is past its time'],
  notFound: [5, 'looked for and not there'],
  unreachable: [6, 'the repository or the store did not answer, or not properly'],
  unauthorised: [7, 'a password or a permission is missing or wrong'],
  pending: [8, 'signatures are missing'],
  conflict: [9, 'something is already there, or somebody else was first'],
  refused: [10, 'properly signed, and refused by policy'],
  interrupted: [130, 'interrupted by the user'],
} as const satisfies Record<string, readonly [code: number, meaning: string]>;

export type Exit = keyof typeof exitCodes;

/** Every error code of every room: the compiler refuses a code that is missing here, and one that does not exist. */
type ErrorCode =
  | TufErrorCode
  | ClientErrorCode
  | DiskErrorCode
  | StorageErrorCode
  | SigningErrorCode
  | PublishErrorCode
  | EventErrorCode
  | DoorErrorCode
  | LogErrorCode
  | PluginErrorCode
  | HostErrorCode
  | ConfineErrorCode
  | LoadErrorCode
  | CliErrorCode;

export const exitOfError: Readonly<Record<ErrorCode, Exit>> = {
  // tuf
  MALFORMED: 'untrusted',
  LIMIT: 'untrusted',
  UNSIGNED: 'untrusted',
  BAD_VERSION: 'untrusted',
  EXPIRED: 'expired',
  LENGTH_OR_HASH_MISMATCH: 'untrusted',
  UNKNOWN_ROLE: 'notFound',
  ROOT_PIN_MISMATCH: 'untrusted',
  WORKFLOW: 'failure',
  // client
  DOWNLOAD: 'unreachable',
  NOT_FOUND_REMOTE: 'unreachable',
  FORBIDDEN_REMOTE: 'unreachable',
  HTTP_STATUS: 'unreachable',
  DOWNLOAD_LENGTH: 'untrusted',
  STALLED: 'unreachable',
  CUT: 'unreachable',
  TLS: 'untrusted',
  REDIRECT: 'untrusted',
  ENCODING: 'untrusted',
  INSECURE_URL: 'refused',
  NO_TRUSTED_ROOT: 'untrusted',
  OFFLINE: 'unreachable',
  LOCAL_ROOT_LOST: 'untrusted',
  BELOW_FLOOR: 'untrusted',
  CLOCK_SET_BACK: 'expired',
  LOG_WENT_BACK: 'untrusted',
  BAD_MAP: 'usage',
  NO_CONSENSUS: 'untrusted',
  REPOSITORY_UNREACHABLE: 'unreachable',
  REPOSITORY_UNTRUSTED: 'untrusted',
  // disk
  DISK_LINK: 'conflict',
  DISK_EXISTS: 'conflict',
  DISK_READ: 'failure',
  DISK_WRITE: 'failure',
  LOCK_TIMEOUT: 'conflict',
  LOCK: 'failure',
  // storage
  STORAGE_BAD_KEY: 'usage',
  STORAGE_BAD_RANGE: 'usage',
  STORAGE_TOO_LARGE: 'failure',
  STORAGE_MISMATCH: 'failure',
  STORAGE_CONFLICT: 'conflict',
  STORAGE_SYMLINK: 'failure',
  STORAGE_DENIED: 'unauthorised',
  STORAGE_FULL: 'failure',
  STORAGE_LOCKED: 'unreachable',
  STORAGE_BAD_URI: 'usage',
  STORAGE_PACKAGE_MISSING: 'failure',
  STORAGE_UNAVAILABLE: 'unreachable',
  // signing
  BAD_SIGNER_URI: 'usage',
  KEY_NOT_FOUND: 'notFound',
  KEY_EXISTS: 'conflict',
  KEY_UNPROTECTED: 'unauthorised',
  KEY_UNREADABLE: 'failure',
  KEY_MISMATCH: 'untrusted',
  BAD_PASSWORD: 'unauthorised',
  PASSWORD_REQUIRED: 'unauthorised',
  BAD_PASSWORD_SOURCE: 'unauthorised',
  SIGNER_FAILED: 'untrusted',
  // repository
  REPOSITORY_EXISTS: 'conflict',
  NO_REPOSITORY: 'notFound',
  STORE_WENT_BACK: 'untrusted',
  CLOCK_BEHIND: 'expired',
  CONFLICT: 'conflict',
  PATH_IMMUTABLE: 'conflict',
  BAD_TARGET: 'usage',
  BAD_LAYOUT: 'usage',
  NOT_COMPATIBLE: 'refused',
  ROLE_EXISTS: 'conflict',
  SIGNATURES_MISSING: 'pending',
  TOO_LARGE: 'failure',
  OUTCOME_UNKNOWN: 'unreachable',
  DOOR_FORMAT: 'untrusted',
  DOOR_ROLE: 'notFound',
  DOOR_SIGNATURES: 'untrusted',
  DOOR_VERSION: 'conflict',
  DOOR_EXPIRY: 'expired',
  DOOR_DELEGATIONS: 'refused',
  DOOR_PATHS: 'refused',
  DOOR_IMMUTABLE: 'conflict',
  DOOR_TARGETS: 'refused',
  DOOR_LIMITS: 'refused',
  DOOR_GATE: 'refused',
  DOOR_CAPABILITIES: 'refused',
  DOOR_SUSPENDED: 'refused',
  // repository: signing events
  EVENT_MALFORMED: 'untrusted',
  EVENT_UNTRUSTED: 'untrusted',
  EVENT_UNSAFE: 'refused',
  EVENT_EXISTS: 'conflict',
  EVENT_CLOSED: 'conflict',
  EVENT_OVERDUE: 'expired',
  EVENT_DIFFERS: 'conflict',
  NO_SUCH_EVENT: 'notFound',
  NOTHING_TO_SIGN: 'usage',
  PAST_THRESHOLD: 'refused',
  NOT_A_SIGNER: 'unauthorised',
  SECOND_BODY: 'refused',
  // tlog
  LOG_MISSING: 'untrusted',
  LOG_ALTERED: 'untrusted',
  LOG_REORDERED: 'untrusted',
  LOG_FORKED: 'untrusted',
  LOG_SHRANK: 'untrusted',
  LOG_BAD_HEAD: 'untrusted',
  LOG_BAD_PROOF: 'untrusted',
  LOG_BAD_RANGE: 'usage',
  LOG_BAD_ENTRY: 'failure',
  LOG_TOO_LARGE: 'failure',
  // plugin: names, formats, archives, packing
  PATH_NOT_RELATIVE: 'untrusted',
  PATH_TRAVERSAL: 'untrusted',
  PATH_BACKSLASH: 'untrusted',
  PATH_COLON: 'untrusted',
  PATH_CHARACTER: 'untrusted',
  PATH_RESERVED_NAME: 'untrusted',
  PATH_TRAILING_DOT: 'untrusted',
  PATH_TOO_LONG: 'untrusted',
  BAD_NAME: 'usage',
  BAD_FORMAT: 'untrusted',
  VERSION_EXISTS: 'conflict',
  NO_SUCH_VERSION_IN_INDEX: 'notFound',
  ARCHIVE_MALFORMED: 'untrusted',
  ARCHIVE_CHECKSUM: 'untrusted',
  ARCHIVE_TRUNCATED: 'untrusted',
  ARCHIVE_TRAILING_DATA: 'untrusted',
  ARCHIVE_NAME_ENCODING: 'untrusted',
  ARCHIVE_DUPLICATE: 'untrusted',
  ARCHIVE_TWINS: 'untrusted',
  ARCHIVE_FILE_AND_FOLDER: 'untrusted',
  ARCHIVE_SYMLINK: 'untrusted',
  ARCHIVE_HARD_LINK: 'untrusted',
  ARCHIVE_DEVICE: 'untrusted',
  ARCHIVE_FIFO: 'untrusted',
  ARCHIVE_SPECIAL_MODE: 'untrusted',
  ARCHIVE_SPARSE: 'untrusted',
  ARCHIVE_GNU_EXTENSION: 'untrusted',
  ARCHIVE_PAX: 'untrusted',
  ARCHIVE_ENTRY_TYPE: 'untrusted',
  ARCHIVE_SIZE: 'untrusted',
  ARCHIVE_TOO_LARGE: 'untrusted',
  ARCHIVE_FILE_TOO_LARGE: 'untrusted',
  ARCHIVE_TOO_MANY_ENTRIES: 'untrusted',
  ARCHIVE_BOMB: 'untrusted',
  ARCHIVE_ENCRYPTED: 'untrusted',
  ARCHIVE_METHOD: 'untrusted',
  ARCHIVE_ZIP64: 'untrusted',
  ARCHIVE_MULTI_DISK: 'untrusted',
  ARCHIVE_END_RECORD: 'untrusted',
  ARCHIVE_HEADERS_DIFFER: 'untrusted',
  ARCHIVE_OVERLAP: 'untrusted',
  ARCHIVE_HIDDEN_DATA: 'untrusted',
  ARCHIVE_EXTRA_FIELD: 'untrusted',
  SOURCE_UNREADABLE: 'notFound',
  SOURCE_LINK: 'refused',
  NO_SUCH_PACKAGE: 'notFound',
  PACKAGE_JSON: 'usage',
  RAGV_JSON: 'usage',
  VENDOR_MISSING: 'usage',
  VENDOR_MISMATCH: 'refused',
  DEPENDENCIES_MISSING: 'refused',
  DEPENDENCY_SOURCE: 'refused',
  DEPENDENCY_CHANGED: 'refused',
  BAD_TARGET_SYSTEM: 'usage',
  LOCKFILE_MISMATCH: 'untrusted',
  INTEGRITY_MISMATCH: 'untrusted',
  SECRET_IN_PACKAGE: 'refused',
  CAPABILITY_UNDECLARED: 'refused',
  HIDDEN_CHARACTERS: 'refused',
  PACKAGE_MANIFEST: 'usage',
  PACKAGE_UNSUPPORTED: 'refused',
  PLUGIN_NAME: 'usage',
  PLUGIN_VERSION: 'usage',
  WHEEL_RECORD: 'untrusted',
  NPM_MISSING: 'notFound',
  NPM_FAILED: 'unreachable',
  // plugin: the host
  IDENTITY_MISMATCH: 'untrusted',
  INDEX_ROLLBACK: 'untrusted',
  PATH_REDEFINED: 'untrusted',
  REVOCATIONS_LOST: 'untrusted',
  CATALOG_LOST: 'untrusted',
  POLICY_LOST: 'untrusted',
  NEVER_SEEN: 'untrusted',
  ARCHIVE_MISMATCH: 'untrusted',
  TREE_CHANGED: 'untrusted',
  EVIDENCE_INVALID: 'untrusted',
  YANKED: 'refused',
  REVOKED: 'refused',
  SUSPENDED: 'refused',
  OWNER_CHANGED: 'refused',
  ENGINES: 'refused',
  PLATFORM: 'refused',
  DOWNGRADE: 'refused',
  CONSENT_REQUIRED: 'refused',
  NOT_ALLOWED: 'refused',
  NOT_PINNED: 'refused',
  COOLDOWN: 'refused',
  ROLLOUT: 'refused',
  EVIDENCE_DEMANDED: 'refused',
  PLUGIN_FINDINGS: 'refused',
  SINGLE_SIGNER_ROOT: 'refused',
  NO_SUCH_PLUGIN: 'notFound',
  NO_SUCH_VERSION: 'notFound',
  NOT_INSTALLED: 'notFound',
  NO_PREVIOUS: 'notFound',
  NO_SUCH_COMMAND: 'notFound',
  NO_POLICY_FILE: 'notFound',
  NO_CONSENT: 'notFound',
  ALIAS_TAKEN: 'conflict',
  AMBIGUOUS_REPOSITORY: 'usage',
  PLUGINS_INSTALLED: 'conflict',
  PATH_OBSTRUCTED: 'conflict',
  HEALTH_CHECK: 'failure',
  HOST_STATE: 'failure',
  BAD_SPEC: 'usage',
  BAD_POLICY: 'usage',
  // confinement
  SANDBOX_UNAVAILABLE: 'refused',
  MODE_UNSUITABLE: 'refused',
  GRANT_IMPOSSIBLE: 'refused',
  MEMORY_LIMIT: 'refused',
  CPU_LIMIT: 'refused',
  PROCESS_LIMIT: 'refused',
  CHANNEL_GARBAGE: 'refused',
  START_FAILED: 'failure',
  PLUGIN_CRASHED: 'failure',
  PLUGIN_STOPPED: 'failure',
  CHANNEL_CLOSED: 'failure',
  CHANNEL_FULL: 'failure',
  // plugin: loading
  CALL_RATE: 'refused',
  TOO_MANY_CALLS: 'refused',
  TEXT_NOT_SIGNED: 'refused',
  REQUEST_NOT_DECLARED: 'refused',
  NO_SUCH_FUNCTION: 'notFound',
  NO_ENTRY: 'notFound',
  PLUGIN_THREW: 'failure',
  PLUGIN_LOAD: 'failure',
  CALL_TIMEOUT: 'failure',
  BAD_VALUE: 'failure',
  VALUE_TOO_LARGE: 'failure',
  PLUGIN_HUNG: 'failure',
  PLUGIN_GAVE_UP: 'failure',
  PLUGIN_CLOSED: 'failure',
  // the command line itself
  USAGE: 'usage',
  NOT_A_VAULT: 'notFound',
  VAULT_EXISTS: 'conflict',
  BAD_CONFIG: 'usage',
  NO_SUCH_VENDOR: 'notFound',
  NO_SUCH_FILE: 'notFound',
  PIP_FAILED: 'failure',
  PIP_CHANGED: 'untrusted',
  ADDRESS_IN_USE: 'conflict',
  CONFIRMATION_REQUIRED: 'unauthorised',
  STORE_UNFIT: 'refused',
  FOLDER_NOT_EMPTY: 'conflict',
  SUBMISSION_CHANGED: 'untrusted',
  BAD_KEY_FILE: 'usage',
};

/** The code of whatever was thrown, from the closed list; `FAILURE` for what nobody foresaw. */
export function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return Object.hasOwn(exitOfError, code) ? code : 'FAILURE';
}

/** The exit code for whatever was thrown: by its code, 1 for what nobody foresaw. */
export function exitOf(error: unknown): number {
  return exitOfCode(codeOf(error));
}

/** The same, of a code that was kept without its error. */
export function exitOfCode(code: string): number {
  const exit = new Map<string, Exit>(Object.entries(exitOfError)).get(code) ?? 'failure';
  return exitCodes[exit][0];
}
