import type { Limits } from '@ragnos/tuf';

import type { Fetcher } from '../fetcher.ts';
import type { TrustedStore } from './store.ts';

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
}
