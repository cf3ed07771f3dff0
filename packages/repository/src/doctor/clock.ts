import { clockAhead, clockBehind } from '../clock.ts';
import type { CheckedHead, CheckOptions } from './head.ts';
import { finding, type Finding } from './rules.ts';

/** The clock here against the one that signed last. Of a clock and a folder on one machine nothing more can be known. */
export function* clock(
  { timestamp }: Pick<CheckedHead, 'timestamp'>,
  { now }: CheckOptions,
): Generator<Finding> {
  const behind = clockBehind(timestamp.signed, now);
  if (behind !== null)
    yield finding('clock-behind', behind, 'look at date -u and set the clock: nothing is signed by it');
  const ahead = clockAhead(timestamp.signed, now);
  if (ahead !== null)
    yield finding('clock-ahead', ahead, 'compare date -u with another clock before anything is signed by it');
}
