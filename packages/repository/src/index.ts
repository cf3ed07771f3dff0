export { PublishError, publishErrors, type PublishErrorCode } from './errors.ts';
export {
  defaultLifetimes,
  type BinsLayout,
  type DelegationLayout,
  type Lifetimes,
  type RepositoryLayout,
  type RoleLayout,
} from './layout.ts';
export { defaultAudit, logHeadOf, type AuditNote, type AuditOptions } from './audit.ts';
export { isBinName, rekeyedSplit } from './own-split.ts';
export { binDelegations, delegatedNames } from './signed.ts';
export { keysNote } from './root.ts';
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
export { compatClients, type Client, type ClientBudgets, type ClientFacts } from './compat.ts';
export { binStyles, clientFacts } from './compat-facts.ts';
export { compatRules, type CompatIssue, type CompatRule } from './compat-check.ts';
export type { AliasResult } from './compat-aliases.ts';
export { initRepository, type InitOptions, type InitResult } from './init.ts';
export { Repository } from './repository.ts';
export { createRepository, type CreateOptions, type NewTarget } from './create.ts';
export { hashFile } from './content.ts';
export { bestBits, freePrefix } from './split.ts';
export { objectMeta } from './object-meta.ts';
export { clockAhead, clockBehind, signedAt } from './clock.ts';
export { watchWrites, type WriteStep } from './watch-writes.ts';
export { EventError, eventErrors, type EventErrorCode } from './events/errors.ts';
export { differenceLines, differences, type Difference } from './events/differences.ts';
export { readMetadata, refuseUnsafe, warnings } from './events/strict.ts';
export { eventToBytes, metadataOf, parseEvent, type SigningEvent } from './events/event.ts';
export { review, wordsOf, type Need, type Review, type ReviewedRole } from './events/review.ts';
export {
  mergeEvents,
  secondBodies,
  signEvent,
  withoutStrangers,
  type SignedEvent,
  type SignEventOptions,
} from './events/sign-event.ts';
export type { Proposal } from './events/propose.ts';
export type { AppliedEvent, ApplyOptions } from './events/apply.ts';
export { eventFolder, type EventFolder, type EventState, type KeptEvent } from './events/event-folder.ts';
export {
  participantOf,
  signTranscript,
  verifyTranscript,
  type Participant,
  type Transcript,
} from './events/transcript.ts';
export { refuseToCancel } from './events/cancel.ts';
export type { WornRole } from './events/reset-snapshot.ts';
export type { SubmittedRoot } from './events/submit-root.ts';
export { ledgerIn, noLedger, type Ledger } from './events/ledger.ts';
export { keysFor, type KeySet, type SignerTrust } from './events/trusted-base.ts';
export { examineServer, examineStore, type Diagnosis, type DoctorOptions } from './doctor/doctor.ts';
export type { CheckOptions, CheckedRole } from './doctor/head.ts';
export type { HttpAnswer, HttpObserver, HttpQuestion } from './doctor/observer.ts';
export { quickCheck, quickCheckHead } from './doctor/quick-check.ts';
export {
  doctorRules,
  finding,
  type Fault,
  type Finding,
  type RuleId,
  type Severity,
} from './doctor/rules.ts';
export type { DiskPlace } from './doctor/disk.ts';
export type { KeyPlace } from './doctor/vault.ts';
export {
  watch,
  type Trouble,
  type WatchEnd,
  type WatchEvent,
  type WatchOptions,
  type WatchTime,
} from './watch.ts';
export { collect, noteHead, type Amount, type CollectOptions, type Collected } from './retention/collect.ts';
export { holdsFromBytes, holdsToBytes, newHold, type Hold } from './retention/holds.ts';
export {
  publishDeadline,
  putFresh,
  restoreLost,
  type Deadline,
  type FreshOptions,
  type Stored,
} from './retention/publisher.ts';
export { defaultGrace, defaultKeepFor } from './retention/times.ts';
