import type { FileSystem } from '@ragnos/disk';
import { nodeFileSystem } from '@ragnos/disk';
import type { Limits, LogRestart } from '@ragnos/tuf';
import { defaultLimits } from '@ragnos/tuf';
import { resolve } from 'node:path';

import { defaultFetcher } from '../default-fetcher.ts';
import type { Fetcher } from '../fetcher.ts';
import { baseUrl, below } from './remote.ts';
import type { StalePolicy } from './stale.ts';
import { TrustedStore } from './store.ts';

export interface UpdaterOptions {
  /** Where trusted metadata is kept; created if absent. Losing it is a security event: it belongs in no cache folder. */
  readonly dir: string;
  /** `metadata/` and `targets/` lie below it. `https:`, `file:`, and `http:` on loopback. */
  readonly baseUrl?: URL | string | undefined;
  /** Instead of `baseUrl`, where the two lie apart. */
  readonly metadataUrl?: URL | string | undefined;
  readonly targetsUrl?: URL | string | undefined;
  /** The root that trust begins with. Needed for a new folder; for an old one it must lie on the folder's own chain. */
  readonly root?: Uint8Array | undefined;
  readonly fetcher?: Fetcher | undefined;
  /** `http:` off loopback; only for the default fetcher. */
  readonly allowHttp?: boolean | undefined;
  readonly now?: (() => Date) | undefined;
  readonly limits?: Limits | undefined;
  /** Asks nobody: what is kept here must verify and still be in force. */
  readonly offline?: boolean | undefined;
  readonly fs?: FileSystem | undefined;
  /** When the repository does not answer, or too late. Default `strict`. */
  readonly stale?: StalePolicy | undefined;
  /** The least versions of root, timestamp, snapshot and roles, as a lockfile remembers them: a new host is then as safe as an old one. */
  readonly floors?: ReadonlyMap<string, number> | undefined;
  /** How long `refreshIfDue` is content with the last refresh. Default 60; never beyond expiry. */
  readonly refreshIntervalMinutes?: number | undefined;
  /** How long `knowledge` calls the last refresh fresh. Default 7; says nothing about trust. */
  readonly freshnessThresholdDays?: number | undefined;
  /** How long a refresh waits for another process that refreshes the same folder. Default two minutes. */
  readonly lockTimeoutMs?: number | undefined;
  /**
   * Told once of each audit log of the repository that was lost and given up, by the keys of root, since this folder last saw
   * it. `logRestarts(updater.trusted.root)` has all of them, for ever. Must not throw.
   */
  readonly onLogRestart?: ((restart: LogRestart) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What the client knows and how old that is; for `status`, and for whoever decides offline. */
export interface Knowledge {
  /** The last refresh that succeeded, in whichever process; `null` = never, or the note is lost. Not signed. */
  readonly lastRefresh: Date | null;
  readonly ageMs: number | null;
  /** Whether that is at most `freshnessThresholdDays` ago, or ahead: then the clock has been wrong. */
  readonly fresh: boolean;
  /** How far the clock is behind a time that it has shown here before; 0 = it is not. Expiry is judged by the later. */
  readonly clockBehindMs: number;
  /** Of root, timestamp, snapshot and every role that the snapshot lists; only what is trusted now. */
  readonly versions: ReadonlyMap<string, number>;
}

/** A signed file as it was received. */
export interface SignedFile {
  /** As published with consistent snapshots: `3.root.json`, `timestamp.json`, `7.vendor.acme.json`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** What the options come to. */
export interface Parts {
  readonly store: TrustedStore;
  readonly fetcher: Fetcher;
  readonly metadataUrl: URL;
  readonly targetsUrl: URL;
  readonly limits: Limits;
  readonly now: () => Date;
}

export function partsOf(options: UpdaterOptions): Parts {
  const limits = options.limits ?? defaultLimits;
  const base = options.baseUrl === undefined ? null : baseUrl(options.baseUrl);
  const part = (given: URL | string | undefined, name: string): URL => {
    if (given !== undefined) return baseUrl(given);
    return below(base ?? baseUrl(''), `${name}/`);
  };
  return {
    store: new TrustedStore(resolve(options.dir), options.fs ?? nodeFileSystem, limits),
    fetcher: options.fetcher ?? defaultFetcher({ allowHttp: options.allowHttp ?? false }),
    metadataUrl: part(options.metadataUrl, 'metadata'),
    targetsUrl: part(options.targetsUrl, 'targets'),
    limits,
    now: options.now ?? (() => new Date()),
  };
}
