import type { TrustedMetadataSet } from '@ragnos/tuf';

import type { State } from './notes.ts';
import { stateFromBytes } from './notes.ts';
import type { TrustedStore } from './store.ts';

/** What this folder remembers of its last refresh; of two copies the one that knows the later time. */
export async function readState(store: TrustedStore): Promise<State | null> {
  const copies = (await store.state()).map(stateFromBytes).filter((state) => state !== null);
  return copies.toSorted((a, b) => b.latestTime.getTime() - a.latestTime.getTime())[0] ?? null;
}

/** The time by which expiry is judged: a clock that was set back does not revive what had expired (freeze). */
export function timeInForce(clock: Date, state: State | null): Date {
  return state !== null && state.latestTime > clock ? state.latestTime : clock;
}

/** What an accepted refresh leaves behind. */
export function stateAfter(clock: Date, trusted: TrustedMetadataSet, before: State | null): State {
  const seen = before !== null && before.latestTime > clock ? before.latestTime : clock;
  const end = trusted.timestamp?.expires ?? clock;
  return { lastRefresh: clock, latestTime: seen < end ? seen : end };
}
