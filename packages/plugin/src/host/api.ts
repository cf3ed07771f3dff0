import type { Fetcher } from '@ragnos/client';

import type { PluginManifest } from '../formats/manifest.ts';
import type { OrganisationPolicy } from '../formats/organisation-policy.ts';
import type { VerifiedArtifact } from './artifact.ts';
import type { PublishedFiles } from './published-manifest.ts';
import type { ConsentAnswer } from './consent-answer.ts';
import type { ConsentRequest } from './consent.ts';
import type { Permit } from './grants-permit.ts';
import type { PluginGrant } from './grants-list.ts';
import type { HostLimits } from './limits.ts';
import type { PolicyExplanation } from './policy-explain.ts';
import type { PolicySource } from './policy.ts';
import type {
  DamagedPlugin,
  HeldUpdate,
  HostStatus,
  InstalledPlugin,
  PluginExplanation,
  PluginInfo,
  SearchHit,
  VerifyResult,
} from './reports.ts';
import type { RunOptions, RunResult } from './run-api.ts';
import type { InstallStep } from './steps.ts';

/** Something was refused or changed on this host; also a line of events.jsonl. Never holds a secret. */
export interface HostEvent {
  /** RFC 3339, UTC. */
  readonly time: string;
  /**
   * `refusal` carries an error's code; `change` is one of INSTALLED, UPDATED, ROLLED_BACK, UNINSTALLED, REPAIRED, RECOVERED,
   * TRUSTED, OWNER_HANDED_OVER, OWNER_ACCEPTED, CONSENTED, CONSENT_WITHDRAWN, LOG_RESTARTED.
   */
  readonly type: 'refusal' | 'change';
  readonly code: string;
  /** One line, as the error's message. */
  readonly what: string;
  /** Alias of the repository; `null` if none was chosen yet. */
  readonly repository: string | null;
  /** `vendor/plugin[@version]`, or a vendor; `null` if the event is about none. */
  readonly plugin: string | null;
  readonly hint: string | null;
}

export interface HostProgress {
  readonly phase: 'refresh' | 'download' | 'unpack' | 'verify';
  readonly plugin: string;
  /** Bytes; in `verify` files. `total` is `null` where it is not known. */
  readonly done: number;
  readonly total: number | null;
}

/** A file of it, what such a file holds, or what `parseOrganisationPolicy` returns. */
export type GivenPolicy =
  string | OrganisationPolicy | (Readonly<Record<string, unknown>> & { readonly format: string });

/** What every call on a host has in common. */
export interface HostOptions {
  /** RAGV_HOME; created with mode 0700 when trust is first put in it. */
  readonly home: string;
  /** The repository to use when a spec names none. Not needed while there is only one. */
  readonly alias?: string | undefined;
  /** The project's folder, where `ragv.lock` is; `null` or absent: no lockfile is read or written. */
  readonly project?: string | null | undefined;
  readonly fetcher?: Fetcher | undefined;
  readonly now?: (() => Date) | undefined;
  /** Never asks the network: what was trusted last must still be in force. */
  readonly offline?: boolean | undefined;
  /** `http:` off loopback. */
  readonly allowHttp?: boolean | undefined;
  /** Called for every event, after it was appended to the log. Must not throw. */
  readonly onEvent?: ((event: HostEvent) => void) | undefined;
  readonly onProgress?: ((progress: HostProgress) => void) | undefined;
  readonly limits?: HostLimits | undefined;
  /** Asked after the pointer was moved; if it throws, the pointer goes back (`HEALTH_CHECK`). Runs after our own checks. */
  readonly healthCheck?:
    | ((about: { readonly folder: string; readonly manifest: PluginManifest }) => void | Promise<void>)
    | undefined;
  /**
   * Starts what was installed for a moment, and throws if it does not live; then the pointer goes back as for `healthCheck`.
   * Asked where a rule or a caller demands it. Absent: it is started confined, as `run` and `load` do.
   */
  readonly startCheck?:
    | ((about: {
        readonly folder: string;
        readonly manifest: PluginManifest;
        readonly permit: Permit;
        readonly signal: AbortSignal | undefined;
      }) => Promise<void>)
    | undefined;
  /** The organisation's policy, or a file of it: it narrows, and may consent in advance. That of the repository comes on top. */
  readonly policy?: GivenPolicy | undefined;
  /** For tests: called by name (`installSteps`) after every write of an install. What it throws fails the install. */
  readonly step?: ((name: InstallStep) => void) | undefined;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface TrustOptions extends CallOptions {
  readonly home: string;
  readonly alias: string;
  /** Base URL: `metadata/` and `targets/` lie below it. */
  readonly url: URL | string;
  /** The trusted root itself, or the sha256 (hex) of version 1 as the repository serves it. Never first use. */
  readonly root: Uint8Array | { readonly fingerprint: string };
  /** Accept a root that one signature can replace (decision 10). */
  readonly singleSigner?: boolean | undefined;
  readonly fetcher?: Fetcher | undefined;
  readonly now?: (() => Date) | undefined;
  readonly allowHttp?: boolean | undefined;
  readonly onEvent?: ((event: HostEvent) => void) | undefined;
}

/** A repository that this host trusts. Everything on the host is keyed by alias and `rootSha256`. */
export interface TrustedRepository {
  readonly alias: string;
  readonly url: string;
  /** Of the root that trust started from. */
  readonly rootSha256: string;
  readonly rootVersion: number;
  readonly singleSigner: boolean;
  /** RFC 3339 */
  readonly trustedAt: string;
  readonly plugins: number;
}

export interface InstallOptions extends CallOptions {
  /** Everything is downloaded, verified and unpacked, then thrown away; the pointer is not touched. */
  readonly dryRun?: boolean | undefined;
  /** Also consider prereleases for a range or for `latest`. A range that names one considers it anyway. */
  readonly prerelease?: boolean | undefined;
  /** What somebody agreed to; without it, and without a rule that agrees, `CONSENT_REQUIRED`. */
  readonly grant?: ConsentAnswer | undefined;
  /** Of `update`: agree to exactly what the last one held back, and to nothing else. */
  readonly grantHeld?: boolean | undefined;
  /** Start it for a moment before it stays, whatever the policy says. */
  readonly startFirst?: boolean | undefined;
  /** A vendor whose keys may have changed without a handover: they are accepted, and known from then on. */
  readonly acceptOwner?: string | undefined;
}

/** What is gone back to was installed once: it is not chosen anew. Started first it is where a rule says so, not by a flag. */
export type RollbackOptions = Pick<InstallOptions, 'dryRun' | 'grant' | 'signal'>;

export interface InstallResult {
  readonly repository: string;
  readonly vendor: string;
  readonly plugin: string;
  readonly version: string;
  /** `null` = it was not installed before. */
  readonly previous: string | null;
  readonly treeHash: string;
  readonly files: number;
  /** Bytes of the artifact; 0 if it was in the content store already. */
  readonly downloaded: number;
  readonly changed: boolean;
  readonly dryRun: boolean;
  /** What somebody should know: lifecycle scripts that were not run, a new set of vendor keys. */
  readonly notes: readonly string[];
  /** A newer version that was not taken, and why; `null` = none. */
  readonly held: HeldUpdate | null;
  /** What would have to be agreed to for `held` to be taken; `null` = that is not what it waits for. */
  readonly request: ConsentRequest | null;
}

export interface VerifyOptions extends CallOptions {
  readonly repair?: boolean | undefined;
}

/**
 * One repository's plugins on this machine. `spec` is `[alias:]vendor/plugin[@version|@range|@channel]`; without a
 * version it means the channel `latest`. Every rejection is a typed error, was appended to the log, and left the
 * host as it was.
 */
export interface Host {
  readonly repository: TrustedRepository;
  install(spec: string, options?: InstallOptions): Promise<InstallResult>;
  /** Without a spec: all that is installed; one failure does not stop the others and is thrown at the end. */
  update(spec?: string, options?: InstallOptions): Promise<readonly InstallResult[]>;
  /** To the version installed before, after verifying its tree. */
  rollback(spec: string, options?: RollbackOptions): Promise<InstallResult>;
  uninstall(
    spec: string,
    options?: { readonly dryRun?: boolean | undefined } & CallOptions,
  ): Promise<InstalledPlugin>;
  /** Without those that are `damaged`. */
  list(): Promise<readonly InstalledPlugin[]>;
  /** Of which plugins the pointer cannot be read (`HOST_STATE`). */
  damaged(): Promise<readonly DamagedPlugin[]>;
  info(spec: string, options?: CallOptions): Promise<PluginInfo>;
  explain(spec: string, options?: CallOptions): Promise<PluginExplanation>;
  /** The signed manifest of a published version, installed here or not. */
  manifest(spec: string, options?: CallOptions): Promise<PluginManifest>;
  /** The files of a published version, to be read: it is downloaded and verified, and neither installed nor inspected. */
  files(spec: string, options?: CallOptions): Promise<PublishedFiles>;
  search(text: string, options?: CallOptions): Promise<readonly SearchHit[]>;
  /** Findings are an answer, not an error. */
  verify(spec?: string, options?: VerifyOptions): Promise<readonly VerifyResult[]>;
  status(options?: CallOptions): Promise<HostStatus>;
  /** Verifies chain and tree (`TREE_CHANGED` otherwise), then starts the plugin's command, confined. */
  run(spec: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** The published file of an installed plugin, verified again: for pip, an editor, or another host of such files. */
  artifact(spec: string, options?: CallOptions): Promise<VerifiedArtifact>;
  /** What was agreed to for installed plugins, and what they may do. Asks no network. */
  grants(spec?: string): Promise<readonly PluginGrant[]>;
  /** Takes back all that was agreed to for a plugin: it is not started until somebody agrees anew. */
  withdraw(spec: string, options?: CallOptions): Promise<void>;
  /** The policies in force, as far as this host knows. Asks no network. */
  policies(): Promise<readonly PolicySource[]>;
  /** What the policy says about a plugin, and which rule says it. */
  explainPolicy(spec: string, options?: CallOptions): Promise<PolicyExplanation>;
  /** The newest events last. */
  log(options?: { readonly last?: number | undefined }): Promise<readonly HostEvent[]>;
}
