import type { Explanation, Fetcher } from '@ragnos/client';
import type { Readable, Writable } from 'node:stream';

import type { DeniedAccess } from '../confine/api.ts';
import type { Mode } from '../confine/grant.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import type { GivenGrant } from '../load/permit.ts';
import type { OrganisationPolicy } from '../formats/organisation-policy.ts';
import type { PluginVersion } from '../names.ts';
import type { VerifiedArtifact } from './artifact.ts';
import type { ConsentAnswer, ConsentRequest } from './consent.ts';
import type { Permit } from './grants-permit.ts';
import type { PluginGrant } from './grants-list.ts';
import type { HostLimits } from './limits.ts';
import type { PolicyExplanation } from './policy-explain.ts';
import type { PolicySource } from './policy.ts';
import type { InstallStep } from './steps.ts';

/** Something was refused or changed on this host; also a line of events.jsonl. Never holds a secret. */
export interface HostEvent {
  /** RFC 3339, UTC. */
  readonly time: string;
  /**
   * `refusal` carries an error's code; `change` is one of INSTALLED, UPDATED, ROLLED_BACK, UNINSTALLED, REPAIRED, RECOVERED,
   * TRUSTED, OWNER_HANDED_OVER, OWNER_ACCEPTED, CONSENTED, CONSENT_WITHDRAWN,
   * LOG_RESTARTED.
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

/** An update that waits: for consent, or for a rule to let it through. */
export interface HeldUpdate extends Held {
  readonly version: PluginVersion;
  /** sha256 of its manifest, where it waits for consent: what `grantHeld` agrees to. */
  readonly manifest: string | null;
  /** RFC 3339: when this host first held it. */
  readonly since: string;
}

export interface InstalledPlugin {
  readonly repository: string;
  readonly vendor: string;
  readonly plugin: string;
  readonly version: string;
  readonly previous: string | null;
  readonly treeHash: string;
  /** The plugin's folder. Read-only by convention; `verify` shows any change. */
  readonly folder: string;
  readonly installedAt: string;
  /** Versions whose trees are kept, newest first. */
  readonly kept: readonly string[];
  /** What the last `update` did not take; `null` = it held nothing back. */
  readonly heldUpdate: HeldUpdate | null;
}

export type FindingKind = 'missing' | 'added' | 'changed' | 'mode' | 'link' | 'kind' | 'unreadable';

/** Why nothing of a vendor is installed or updated here, in the words of the error that trying it would give. */
export interface Held {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** One thing that is not as the signed manifest says. */
export interface Finding {
  readonly kind: FindingKind;
  /** Relative to the plugin's folder, `/` between segments. */
  readonly path: string;
}

export interface VerifyResult {
  readonly repository: string;
  readonly vendor: string;
  readonly plugin: string;
  readonly version: string;
  readonly files: number;
  readonly ok: boolean;
  /** First the chain's error, if the signed metadata kept at installation does not vouch for the manifest. */
  readonly chain: { readonly code: string; readonly message: string } | null;
  readonly findings: readonly Finding[];
  /** Its vendor is suspended, as far as this host has heard. */
  readonly held: Held | null;
  /** The tree was unpacked again from the content store and is now right. */
  readonly repaired: boolean;
}

export interface VerifyOptions extends CallOptions {
  readonly repair?: boolean | undefined;
}

export interface SearchHit {
  readonly repository: string;
  readonly vendor: string;
  readonly plugin: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly latest: string | null;
  readonly installed: string | null;
}

export interface VersionInfo {
  readonly version: string;
  readonly length: number;
  readonly sha256: string;
  readonly engines: ReadonlyMap<string, string>;
  readonly yanked: { readonly reason: string; readonly at: string } | null;
  readonly revoked: string | null;
  readonly installed: boolean;
  /** RFC 3339: when the door had all of it; `null` = it does not say. */
  readonly firstSeen: string | null;
  /** Why it is not installed although its vendor signed it: the door did not publish it. */
  readonly refused: Held | null;
}

export interface PluginInfo {
  readonly repository: string;
  readonly vendor: string;
  readonly plugin: string;
  readonly description: string;
  readonly channels: ReadonlyMap<string, string>;
  /** Newest first. */
  readonly versions: readonly VersionInfo[];
}

/** Why a version is trusted, or not. */
export interface PluginExplanation {
  readonly repository: string;
  readonly vendor: string;
  readonly plugin: string;
  readonly version: string;
  readonly yanked: { readonly reason: string; readonly at: string } | null;
  readonly revoked: string | null;
  /** RFC 3339: when the door had all of it; `null` = it does not say. */
  readonly firstSeen: string | null;
  /** Why it is not installed although its vendor signed it: the door did not publish it. */
  readonly refused: Held | null;
  /** Of its index, its manifest and its artifact, in this order. */
  readonly targets: readonly Explanation[];
}

export interface PluginStatus extends InstalledPlugin {
  readonly yanked: { readonly reason: string; readonly at: string } | null;
  readonly revoked: string | null;
  /** Why it is not updated: its vendor is suspended or changed hands, or what is served of it was refused. */
  readonly held: Held | null;
  /** What was asked for: a range, `null` for whatever is newest. */
  readonly wanted: string | null;
  /** A newer version that `update` would take; `null` = none that is known of. */
  readonly newer: string | null;
  /** The newest version there is, in what was asked for or not; `null` = nothing can be installed any more. */
  readonly newest: string | null;
}

export interface HostStatus {
  readonly repository: string;
  readonly url: string;
  /** RFC 3339; `null` = never. */
  readonly lastRefresh: string | null;
  readonly ageMs: number | null;
  /** How far this host's clock is behind a time that it has shown at a refresh before. */
  readonly clockBehindMs: number;
  /** Why what is known could not be refreshed now; `null` = it was, or nobody was to be asked. */
  readonly stale: Held | null;
  readonly versions: ReadonlyMap<string, number>;
  readonly plugins: readonly PluginStatus[];
}

/** Where a running plugin reads and writes. None of them is ended. */
export interface RunStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

export interface RunOptions extends CallOptions {
  /** Default `pipe`: nothing to read, and what it writes comes with the result. An MCP server speaks over streams. */
  readonly stdio?: 'pipe' | RunStreams | undefined;
  /** Whether an MCP client speaks over the streams, which are filtered then. Default: if the plugin is an MCP server. */
  readonly mcp?: boolean | undefined;
  /** Which of several `bin` entries. Default: the one named like the plugin, else the only one, else `main`. */
  readonly bin?: string | undefined;
  /** What a bundle asks its person for, by the setting's name; secrets come from the environment instead. */
  readonly settings?: ReadonlyMap<string, readonly string[]> | undefined;
  /** Default: `sandbox` where it is to be had, else `process`; never weaker than policy says. */
  readonly mode?: Mode | undefined;
  /** Agreed to for this start alone, in the place of what was at installation. */
  readonly grant?: GivenGrant | undefined;
  /** What `$project` stands for. Default: the host's project. */
  readonly workFolder?: string | null | undefined;
  /** Values of granted environment variables, before the host's own. */
  readonly env?: ReadonlyMap<string, string> | undefined;
  /** Unpack a damaged tree again from the content store instead of refusing. */
  readonly repair?: boolean | undefined;
  /** Called when it was verified and has been started. */
  readonly onStart?:
    | ((about: {
        readonly version: string;
        readonly folder: string;
        readonly mode: Mode;
        /** What it asks for and does not get. */
        readonly withheld: readonly string[];
      }) => void)
    | undefined;
  readonly onDenied?: ((access: DeniedAccess) => void) | undefined;
  /**
   * How old what is known may be until it is refreshed and what runs is judged again. Default 15 minutes; 0 = nothing is
   * done by itself. What a refresh at the start brings counts as known at the start.
   */
  readonly recheckEveryMs?: number | undefined;
  /** It was revoked or refused since it was started; policy says whether it goes on. */
  readonly onJudged?: ((error: Error, stopped: boolean) => void) | undefined;
  /** What of an MCP server did not pass the filter. */
  readonly onRefused?: ((error: Error) => void) | undefined;
}

export interface RunResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Empty unless `stdio` is `pipe`. */
  readonly stdout: string;
  readonly stderr: string;
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
  rollback(spec: string, options?: InstallOptions): Promise<InstallResult>;
  uninstall(
    spec: string,
    options?: { readonly dryRun?: boolean | undefined } & CallOptions,
  ): Promise<InstalledPlugin>;
  list(): Promise<readonly InstalledPlugin[]>;
  info(spec: string, options?: CallOptions): Promise<PluginInfo>;
  explain(spec: string, options?: CallOptions): Promise<PluginExplanation>;
  /** The signed manifest of a published version, installed here or not. */
  manifest(spec: string, options?: CallOptions): Promise<PluginManifest>;
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
