/** The tamper-evident audit log beside a repository; `AuditLog` has the worked example. */
export { AuditLog, type IndexedEntry } from './audit-log.ts';
export { alerts, defaultAlertRules, type Alert, type AlertRules } from './alerts.ts';
export { checkpointKey, signCheckpoint } from './checkpoint.ts';
export {
  entryKinds,
  type Actor,
  type EntryKind,
  type FileVersion,
  type Listed,
  type LogEntry,
  type LostLog,
  type NewEntry,
  type RoleChange,
  type TargetChange,
} from './entry.ts';
export { plainText } from './entry-json.ts';
export { LogError, logErrors, type LogErrorCode } from './errors.ts';
export { headOfLines } from './export.ts';
export { leafHash } from './hash.ts';
export {
  emptyHead,
  headFromJson,
  headToJson,
  restartedHead,
  sameHead,
  sameTree,
  type LogHead,
} from './head.ts';
export type { LogJson } from './json.ts';
export { logFolder } from './keys.ts';
export { logLimits } from './limits.ts';
export { listedRoles, listedTargets } from './listed.ts';
export { verifyConsistency, verifyInclusion } from './proof.ts';
export type { LogLine, Range } from './read.ts';
export { lostWords } from './restarted.ts';
export type { Staged } from './stage.ts';
export type { LogFinding, VerifyOptions, VerifyReport } from './verify.ts';

// Left out on purpose: the objects in the store (segments, tiles, bundles), which only AuditLog reads and writes; their
// form is in docs/adr/0008-audit-log.md.
