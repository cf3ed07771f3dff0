// The host: trust, install, verify, run. Paths, journal and content store stay inside.
export { openHost } from './host/open-host.ts';
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
export type {
  CallOptions,
  Finding,
  FindingKind,
  Host,
  HostEvent,
  HostOptions,
  HostProgress,
  HostStatus,
  InstalledPlugin,
  InstallOptions,
  InstallResult,
  PluginInfo,
  PluginStatus,
  RunOptions,
  RunResult,
  SearchHit,
  TrustedRepository,
  TrustOptions,
  VerifyOptions,
  VerifyResult,
  VersionInfo,
} from './host/api.ts';
