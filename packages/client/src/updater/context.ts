import type { Limits, LogRestart, RoleName } from '@ragnos/tuf';

import type { Fetcher } from '../fetcher.ts';
import type { TrustedStore } from './store.ts';

/** What is being waited for. */
export interface WaitProgress {
  /** `lock`, for another process that refreshes the same folder, or the file that is fetched: `timestamp.json`. */
  readonly what: string;
  /** Bytes so far. */
  readonly received: number;
  /** As trusted metadata announces it; `null` = nothing says how long it is. */
  readonly total: number | null;
}

/** For everything that waits. */
export interface WaitOptions {
  /** Ends the wait with its reason; what is trusted stays as it was. */
  readonly signal?: AbortSignal | undefined;
  /** Called before each wait, and as bytes arrive. Must not throw. */
  readonly onProgress?: ((progress: WaitProgress) => void) | undefined;
}

/** What every step of one refresh works with. */
export interface Context {
  readonly store: TrustedStore;
  readonly fetcher: Fetcher;
  readonly metadataUrl: URL;
  readonly limits: Limits;
  /** The root that the caller trusts; `null` = whatever the folder started from. */
  readonly bootstrap: Uint8Array | null;
  /** The start of the update, read once (5.1). */
  readonly now: Date;
  /** Asks nobody and writes nothing. */
  readonly offline: boolean;
  readonly signal: AbortSignal | undefined;
  readonly onProgress?: WaitOptions['onProgress'];
  /** As in `UpdaterOptions`. */
  readonly onLogRestart?: ((restart: LogRestart) => void) | undefined;
  /** Told of a targets role as it was received, before anything of it was checked. */
  readonly onFetched?: ((role: RoleName, bytes: Uint8Array) => void) | undefined;
}
