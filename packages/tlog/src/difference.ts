import type { LogErrorCode } from './errors.ts';
import { hex } from './hash.ts';

export interface Difference {
  readonly code: Extract<LogErrorCode, 'LOG_MISSING' | 'LOG_ALTERED' | 'LOG_REORDERED'>;
  /** The first entry of which it is true, counted from the first of the list. */
  readonly at: number;
  /** Completes "entry 7 …". */
  readonly what: string;
}

/** What has become of a list of entries whose hashes are known; `null`: nothing. */
export function difference(expected: readonly Uint8Array[], found: readonly Uint8Array[]): Difference | null {
  const want = expected.map(hex);
  const have = found.map(hex);
  const at = Array.from({ length: Math.max(want.length, have.length) }, (_, i) => i).find(
    (i) => want[i] !== have[i],
  );
  if (at === undefined) return null;
  if (have.length === want.length && have.toSorted().join() === want.toSorted().join())
    return { code: 'LOG_REORDERED', at, what: 'stands in another place' };
  const lost = want.length - have.length;
  if (lost > 0 && (at === have.length || have[at] === want[at + 1] || !have.includes(want[at] ?? '')))
    return { code: 'LOG_MISSING', at, what: 'was deleted' };
  if (lost < 0) return { code: 'LOG_ALTERED', at, what: 'has one before it that was never committed' };
  return { code: 'LOG_ALTERED', at, what: 'was altered' };
}
