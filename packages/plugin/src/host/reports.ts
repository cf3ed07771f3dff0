/** What a host tells about plugins: what is installed, what is published, and what is wrong with either. */
import type { Explanation } from '@ragnos/client';

import type { PluginVersion } from '../names.ts';

/** Why something is not done here, in the words of the error that trying it would give. */
export interface Held {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** A plugin whose pointer cannot be read: which version is in force is not known, and none is started until the hint was followed. */
export interface DamagedPlugin extends Held {
  readonly repository: string;
  readonly vendor: string;
  readonly plugin: string;
}

export type FindingKind = 'missing' | 'added' | 'changed' | 'mode' | 'link' | 'kind' | 'unreadable';

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
  /** `null` = its pointer cannot be read, as `chain` says. */
  readonly version: string | null;
  readonly files: number;
  readonly ok: boolean;
  /** First the chain's error, if the signed metadata kept at installation does not vouch for the manifest. */
  readonly chain: { readonly code: string; readonly message: string; readonly hint?: string | null } | null;
  readonly findings: readonly Finding[];
  /** Its vendor is suspended, as far as this host has heard. */
  readonly held: Held | null;
  /** Why it would not be started although it is as signed: revoked, refused by a rule, not agreed to any more. */
  readonly refused: Held | null;
  /** The tree was unpacked again from the content store and is now right. */
  readonly repaired: boolean;
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

export interface SearchHit {
  readonly repository: string;
  readonly vendor: string;
  readonly plugin: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly latest: string | null;
  readonly installed: string | null;
}

/** What became of a published version since. */
export interface VersionStanding {
  readonly yanked: { readonly reason: string; readonly at: string } | null;
  readonly revoked: string | null;
  /** RFC 3339: when the door had all of it; `null` = it does not say. */
  readonly firstSeen: string | null;
  /** Why it is not installed although its vendor signed it: the door did not publish it. */
  readonly refused: Held | null;
}

export interface VersionInfo extends VersionStanding {
  readonly version: string;
  readonly length: number;
  readonly sha256: string;
  readonly engines: ReadonlyMap<string, string>;
  readonly installed: boolean;
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
export interface PluginExplanation extends VersionStanding {
  readonly repository: string;
  readonly vendor: string;
  readonly plugin: string;
  readonly version: string;
  /** Of its index, its manifest and its artifact, in this order. */
  readonly targets: readonly Explanation[];
}

export interface PluginStatus extends InstalledPlugin, Pick<VersionStanding, 'yanked' | 'revoked'> {
  /** Why it is not updated: its vendor is suspended or changed hands, or what is served of it was refused. */
  readonly held: Held | null;
  /** Why the version that is installed would not be started: revoked, refused by a rule, not agreed to any more, not vouched for. */
  readonly refused: Held | null;
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
  readonly damaged: readonly DamagedPlugin[];
}
