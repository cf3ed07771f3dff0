/** The base of every error that this package throws: `code` is closed, `hint` says what to do. */
export { VaultError } from '@ragnos/tuf';
// The host: trust, install, verify, run. Paths, journal and content store stay inside.
export { splitAlias } from './host/context.ts';
export { openClient, type RepositoryClient } from './host/open-client.ts';
export { homeLog, openHost } from './host/open-host.ts';
export type { VerifiedArtifact } from './host/artifact.ts';
export type { PublishedFiles } from './host/published-manifest.ts';
export { installSteps, type InstallStep } from './host/steps.ts';
export { listTrusted, removeTrusted, trustRepository } from './host/trust.ts';
export { defaultHostLimits } from './host/limits.ts';
export type { HostLimits } from './host/limits.ts';
export {
  HostConflictError,
  HostError,
  HostFailureError,
  HostNotFoundError,
  HostPolicyError,
  HostUntrustedError,
} from './host/errors.ts';
export type { HostErrorCode } from './host/errors.ts';
export type { ConsentAnswer } from './host/consent-answer.ts';
export { ConsentRequiredError, requestWords, type ConsentRequest } from './host/consent.ts';
export type { PluginGrant } from './host/grants-list.ts';
export { localPolicy } from './host/policy-file.ts';
export { rangeProblems } from './host/policy-judge.ts';
export { refusedKinds } from './host/file-kinds.ts';
export { ruleWords, type PolicyExplanation } from './host/policy-explain.ts';
export type { Permit, Withheld } from './host/grants-permit.ts';
export { boundsFrom, grantFrom, type CapabilityBounds } from './formats/given-bounds.ts';
export type { Consent, ConsentBy } from './host/grants.ts';
export { rulesFor, type PlacedRule, type PolicySource } from './host/policy.ts';
export {
  parseOrganisationPolicy,
  serializeOrganisationPolicy,
  type Cooldown,
  type OnRevoked,
  type OrganisationPolicy,
  type PolicyRule,
  type Rollout,
} from './formats/organisation-policy.ts';
export type {
  CallOptions,
  Host,
  HostEvent,
  HostOptions,
  GivenPolicy,
  HostProgress,
  InstallOptions,
  InstallResult,
  TrustedRepository,
  TrustOptions,
  VerifyOptions,
} from './host/api.ts';
export type {
  Finding,
  FindingKind,
  Held,
  HeldUpdate,
  DamagedPlugin,
  HostStatus,
  InstalledPlugin,
  PluginExplanation,
  PluginInfo,
  PluginStatus,
  SearchHit,
  VerifyResult,
  VersionInfo,
  VersionStanding,
} from './host/reports.ts';
export type { RunOptions, RunResult, RunStreams } from './host/run-api.ts';
export { readArchive, readTar, type ArchiveEntry } from './archive/tar-reader.ts';
export { readZip } from './archive/zip-reader.ts';
export { defaultArchiveLimits, type ArchiveLimits } from './archive/limits.ts';
export { writeArchive, type FileToPack } from './archive/tar-writer.ts';
export {
  ArchiveError,
  FormatError,
  NameError,
  PackError,
  PluginError,
  type ArchiveCode,
  type FileNameCode,
  type FormatCode,
  type NameCode,
  type PackCode,
  type PluginErrorCode,
} from './errors.ts';
export { parseAuthorFile, type AuthorFile } from './formats/author.ts';
export {
  capabilitiesToJson,
  defaultLimits as defaultCapabilityLimits,
  limitBounds,
  noCapabilities,
  parseCapabilities,
  readCapabilities,
  serverRequests,
  type Capabilities,
  type CapabilityLimits,
} from './capabilities/capabilities.ts';
export {
  checkPlugin,
  type CheckOptions,
  type FindingCode,
  type PluginCheck,
  type PluginFinding,
} from './capabilities/check.ts';
export { refusedFiles, type ExtensionPolicy } from './capabilities/extensions.ts';
export { inspectFiles } from './capabilities/inspect.ts';
export type { Inspection, InspectLimits, InspectOptions } from './capabilities/inspection.ts';
export { declarationFor, undeclared, type Evidence, type UsedCapability } from './capabilities/used.ts';
export { capabilityDifference, widens, type CapabilityDifference } from './capabilities/difference.ts';
export { codeChanges, type CodeChange } from './capabilities/code-changes.ts';
export { fileChanges, type FileChange } from './capabilities/file-changes.ts';
export { lineDifference, type ChangedLine } from './capabilities/line-difference.ts';
export { textChanges, type TextChange } from './capabilities/text-changes.ts';
export { textDifference, type TextDifference } from './capabilities/text-difference.ts';
export { quoted, visible } from './capabilities/visible.ts';
export type { SignedTexts } from './formats/texts.ts';
export {
  manifestDifference,
  type ManifestDifference,
  type NameDifference,
} from './capabilities/manifest-difference.ts';
export { narrow, type CapabilityPolicy } from './capabilities/narrow.ts';
export { describeCapabilities, type Severity, type Statement } from './capabilities/words.ts';
export { capabilityNames as capabilityWords, type CapabilityName } from './capabilities/items.ts';
export {
  endpointCovers,
  formatEndpoint,
  hostCovers,
  parseEndpoint,
  type Endpoint,
} from './capabilities/endpoint.ts';
export {
  emptyCatalog,
  firstSeenOf,
  parseCatalog,
  parseSearch,
  recordFirstSeen,
  recordPlugin,
  replaceInSearch,
  serializeCatalog,
  serializeSearch,
  type Catalog,
  type CatalogPlugin,
  type SearchEntry,
  type SeenDigest,
  type SeenDigests,
} from './formats/catalog.ts';
export { handoverBytes, isHandedOver, isSuccession, sameIds, type Owner } from './formats/owners.ts';
export type { FileRef } from './formats/common.ts';
export {
  byPath,
  parseManifest,
  serializeManifest,
  treeHash,
  type BundledPackage,
  type ManifestFile,
  type PluginManifest,
} from './formats/manifest.ts';
export {
  addVersion,
  indexLoss,
  latestVersion,
  parseIndex,
  serializeIndex,
  yankVersion,
  type IndexEntry,
  type IndexLoss,
  type PluginIndex,
  type Yank,
} from './formats/plugin-index.ts';
export {
  parseRevocations,
  serializeRevocations,
  type Revocation,
  type Revocations,
} from './formats/revocations.ts';
export {
  parseSubmission,
  serializeSubmission,
  type Submission,
  type SubmittedTarget,
} from './formats/submission.ts';
export {
  defaultVendorLimits,
  defaultVendorRules,
  parseVendorPolicy,
  serializeVendorPolicy,
  type VendorLimits,
  type VendorPolicy,
  type VendorRules,
} from './formats/vendor-policy.ts';
export { checkArchive } from './host/unpack.ts';
export { compareVersions, isPrerelease, loadRanges, type Ranges } from './formats/versions.ts';
export {
  filePath,
  foldedPath,
  pluginName,
  pluginPath,
  pluginSpec,
  pluginVersion,
  vendorName,
  type FilePath,
  type PluginName,
  type PluginSpec,
  type PluginVersion,
  type VendorName,
} from './names.ts';
export type { Packed, PackOptions } from './pack/options.ts';
export { keywordsOf, readKeywords } from './pack/keywords.ts';
export { pack } from './pack/load.ts';
export type {
  ConfinedProcess,
  ConfineOptions,
  DeniedAccess,
  DeniedReason,
  Exit,
  Usage,
} from './confine/api.ts';
export {
  ConfineError,
  ConfineFailureError,
  ConfineRefusedError,
  type ConfineErrorCode,
} from './confine/errors.ts';
export { modes, nothingGranted, type Grant, type Mode, type Runtime } from './confine/grant.ts';
export { closeInspector } from './confine/inspector.ts';
export { defaultConfineLimits, type ConfineLimits } from './confine/limits.ts';
export type { Channel, Message } from './confine/preload/lanes.ts';
export {
  runProbes,
  type ProbeOutcome,
  type ProbeResult,
  type SuiteOptions,
  type SuiteReport,
} from './confine/probes/suite.ts';
export { probedCapabilities } from './confine/probes/table.ts';
export { startConfined } from './confine/start.ts';
export { openVault, withServerTexts } from './load/open.ts';
export type { ServerTextsOptions } from './load/mcp/server-texts.ts';
export { defaultLoadLimits, defaultRestart } from './load/api.ts';
export type {
  CallParameters,
  CallResult,
  FunctionName,
  PluginContext,
  UnknownApi,
} from './load/typed-call.ts';
export type {
  CallSettings,
  HandleEvents,
  LoadLimits,
  LoadOptions,
  McpOptions,
  PluginHandle,
  PluginLog,
  PluginMetrics,
  PluginState,
  Recheck,
  RestartPolicy,
  Vault,
  VaultOptions,
} from './load/api.ts';
export {
  LoadError,
  LoadFailureError,
  LoadNotFoundError,
  LoadRefusedError,
  type LoadErrorCode,
} from './load/errors.ts';
export type { McpMetrics } from './load/mcp/filter.ts';
export type { McpTransport } from './load/mcp/transport.ts';
export { instructionsName, textHash } from './load/mcp/texts.ts';
export type { GivenGrant } from './load/permit.ts';
