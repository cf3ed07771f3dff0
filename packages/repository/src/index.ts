export { PublishError, publishErrors, type PublishErrorCode } from './errors.ts';
export {
  defaultLifetimes,
  type BinsLayout,
  type DelegationLayout,
  type Lifetimes,
  type RepositoryLayout,
  type RoleLayout,
} from './layout.ts';
export { DoorError, doorRules, type DoorErrorCode } from './door-errors.ts';
export type {
  AddOptions,
  BringOptions,
  BroughtRole,
  CallOptions,
  Change,
  Content,
  Draft,
  EditRolesOptions,
  FileContent,
  NextAction,
  PublishResult,
  RefreshOptions,
  RefreshResult,
  RepositoryOptions,
  RepositoryStatus,
  RoleEdit,
  RoleStatus,
  RotateResult,
  SignerSource,
} from './types.ts';
export { initRepository, type InitOptions, type InitResult } from './init.ts';
export type { PreparedRole } from './prepare.ts';
export { Repository } from './repository.ts';
export { createRepository, type CreateOptions, type NewTarget } from './create.ts';
export { hashFile } from './content.ts';
export { objectMeta } from './object-meta.ts';
export { watchWrites, type WriteStep } from './watch-writes.ts';
export { EventError, eventErrors, type EventErrorCode } from './events/errors.ts';
export { differenceLines, differences, type Difference } from './events/differences.ts';
export { readMetadata, refuseUnsafe, warnings } from './events/strict.ts';
export { ledgerIn, noLedger, type Ledger } from './events/ledger.ts';
export { keysFor, type KeySet, type SignerTrust } from './events/trusted-base.ts';
