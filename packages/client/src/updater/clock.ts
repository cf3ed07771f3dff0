import type { TrustedMetadataSet } from '@ragnos/tuf';
import { ExpiredMetadataError, parseMetadata, RepositoryError } from '@ragnos/tuf';

import { ClockSetBackError } from '../errors.ts';
import type { State } from './notes.ts';
import { stateFromBytes } from './notes.ts';
import type { TrustedStore } from './store.ts';

/**
 * What this folder remembers of its last refresh; of two copies the one that knows the later time. Nobody has signed it:
 * a time ahead of the clock counts only within the life of a timestamp that is kept here too, which is all that we ever
 * write, so that neither a damaged note nor a forged one keeps anybody out.
 */
export async function readState(store: TrustedStore, clock: Date): Promise<State | null> {
  const copies = (await store.state()).map(stateFromBytes).filter((state) => state !== null);
  const state = copies.toSorted((a, b) => b.latestTime.getTime() - a.latestTime.getTime())[0] ?? null;
  if (state === null || state.latestTime <= clock) return state;
  const end = await expiryHere(store);
  return { ...state, latestTime: end === null ? clock : within(state.latestTime, end) };
}

/** The latest expiry of the timestamps kept here; `null` = none can be read. */
async function expiryHere(store: TrustedStore): Promise<Date | null> {
  let latest: Date | null = null;
  for (const bytes of await store.timestamp())
    try {
      const { expires } = parseMetadata(bytes, 'timestamp').signed;
      if (latest === null || expires > latest) latest = expires;
    } catch (error) {
      if (!(error instanceof RepositoryError)) throw error; // damaged: the next one will do
    }
  return latest;
}

/** `time`, but while what ends at `end` is still in force. */
function within(time: Date, end: Date): Date {
  return time < end ? time : new Date(end.getTime() - 1000);
}

/** The time by which expiry is judged: a clock that was set back does not revive what had expired (freeze). */
export function timeInForce(clock: Date, state: State | null): Date {
  return state !== null && state.latestTime > clock ? state.latestTime : clock;
}

/** What a refresh that was accepted at `clock` leaves behind. */
export function stateAfter(clock: Date, trusted: TrustedMetadataSet, before: State | null): State {
  const latestTime = within(timeInForce(clock, before), trusted.timestamp?.expires ?? clock);
  return { lastRefresh: clock, latestTime };
}

/** `error`, unless what it calls expired would be in force by the clock alone: then the clock is what is wrong. */
export function orClockSetBack(
  error: unknown,
  time: { readonly clock: Date; readonly state: State | null; readonly graceMs: number },
): unknown {
  if (!(error instanceof ExpiredMetadataError) || error.expires === undefined) return error;
  const { clock, state, graceMs } = time;
  if (error.expires.getTime() <= clock.getTime() - graceMs) return error;
  const seen = timeInForce(clock, state).toISOString();
  return new ClockSetBackError(
    `${error.message}; the clock here says ${clock.toISOString()}, and has said ${seen}`,
    {
      cause: error,
      hint: 'set the clock right; if it was ahead then, this ends once the repository has signed anew',
    },
  );
}
