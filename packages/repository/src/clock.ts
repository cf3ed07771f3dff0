import type { JsonValue, Timestamp } from '@ragnos/tuf';
import { inWords } from './doctor/words.ts';
import { PublishError } from './errors.ts';

/**
 * A member of the signed timestamp, unknown to clients: when it was signed, by the clock of whoever signed it. Lifetimes are settings
 * and change, so its expiry does not say it.
 */
const member = 'x-ragnos-signed-at';

/** Clocks of honest publishers differ by less. */
export const clockSlack = 5 * 60_000;

/** Who signs nothing for so long has a repository that stood still, or a clock that is ahead. */
const stoodStill = 30 * 24 * 60 * 60_000;

/** `null`: it does not say, or nothing that is a time. */
export function signedAt(timestamp: Pick<Timestamp, 'unrecognized'>): Date | null {
  const value = timestamp.unrecognized.get(member);
  const at = new Date(typeof value === 'string' ? value : Number.NaN);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** A clock that is a little behind does not take the time back: else many small steps would be a large one. */
export function withSignedAt(base: Timestamp['unrecognized'], now: Date): Timestamp['unrecognized'] {
  const before = signedAt({ unrecognized: base })?.getTime() ?? 0;
  const ahead = before - now.getTime();
  const at = ahead > 0 && ahead <= clockSlack ? before : now.getTime();
  return new Map<string, JsonValue>([...base, [member, new Date(at).toISOString()]]);
}

/** How far the clock is behind the one that signed the newest timestamp; `null`: not, or nobody can tell. */
export function clockBehind(timestamp: Pick<Timestamp, 'unrecognized'>, now: Date): string | null {
  const at = signedAt(timestamp);
  if (at === null || at.getTime() - now.getTime() <= clockSlack) return null;
  const behind = inWords(at.getTime() - now.getTime());
  return `the clock here is ${behind} behind the one that signed the newest timestamp: it says ${utc(now)}, and that was signed at ${utc(at)}`;
}

/**
 * A clock that is far ahead looks just like a repository at which nobody worked: it can be told, and not be refused. `null`: nothing
 * to tell.
 */
export function clockAhead(timestamp: Pick<Timestamp, 'unrecognized'>, now: Date): string | null {
  const at = signedAt(timestamp);
  if (at === null || now.getTime() - at.getTime() <= stoodStill) return null;
  const ahead = inWords(now.getTime() - at.getTime());
  return `nothing was signed here for ${ahead}, if the clock is right: it says ${utc(now)}, and the newest timestamp was signed at ${utc(at)}`;
}

/** What is signed by a clock that is behind expires too early, or has already. @throws PublishError CLOCK_BEHIND */
export function refuseClockBehind(timestamp: Pick<Timestamp, 'unrecognized'>, now: Date): void {
  const behind = clockBehind(timestamp, now);
  if (behind === null) return;
  throw new PublishError('CLOCK_BEHIND', behind, {
    hint: 'look at date -u and set the clock; if it is right, the other was ahead: ragv refresh --force --clock-is-right',
  });
}

function utc(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}
