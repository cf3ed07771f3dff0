/** The trust core: bytes in, state out. Nothing here touches a disk, a network or a clock. */
export {
  binFor,
  binName,
  delegatedKeys,
  isBin,
  matchesPattern,
  rolesForTarget,
  type RoleToVisit,
} from './delegation.ts';
export {
  BadVersionNumberError,
  ExpiredMetadataError,
  LengthOrHashMismatchError,
  LimitExceededError,
  MalformedMetadataError,
  RepositoryError,
  RootPinMismatchError,
  UnknownRoleError,
  UnsignedMetadataError,
  VaultError,
  WorkflowError,
  type TufErrorCode,
  type VaultErrorOptions,
} from './errors.ts';
export { checkableHashes, checkBytes } from './hashes.ts';
export { canonicalJson } from './json/canonical.ts';
export { parseJson } from './json/parse.ts';
export { Reader } from './json/reader.ts';
export { isJsonArray, isJsonObject, type JsonObject, type JsonOutput, type JsonValue } from './json/value.ts';
export { keyFromJson, keyToJson, newKey, type Key } from './keys/key.ts';
export { mlDsaMessage } from './keys/ml-dsa.ts';
export { keyFingerprint, verifySignature } from './keys/verify.ts';
export { defaultLimits, type Limits } from './limits.ts';
export {
  logRestarts,
  logStep,
  maxLogRestarts,
  signedLog,
  withLogRestarts,
  type LogRestart,
  type LogStep,
  type SignedLog,
} from './log-restarts.ts';
export {
  metadataToBytes,
  parseMetadata,
  verifyThreshold,
  type Metadata,
  type Signature,
} from './metadata/envelope.ts';
export { formatDate } from './metadata/fields.ts';
export { editedTargetFiles } from './metadata/target-files.ts';
export { signedToBytes } from './metadata/write.ts';
export type {
  DelegatedRole,
  Delegations,
  Hashes,
  MetaFile,
  RoleKeys,
  Root,
  Signed,
  SignedByType,
  SignedType,
  Snapshot,
  SuccinctRoles,
  TargetFile,
  Targets,
  Timestamp,
  Unrecognized,
} from './model.ts';
export {
  hashedTargetPath,
  hexDigest,
  isTopLevelRole,
  keyId,
  metadataFileName,
  roleName,
  targetPath,
  topLevelRoles,
  type Brand,
  type HexDigest,
  type KeyId,
  type RoleName,
  type TargetPath,
  type TopLevelRole,
} from './names.ts';
export { repositoryId, withRepositoryId } from './repository-id.ts';
export { checkRootPin, replaceableBySingleKey, rootFingerprint } from './root-pin.ts';
export { TrustedMetadataSet, type TrustOptions } from './trusted-metadata-set.ts';
