import { isJsonArray, type JsonValue, type Timestamp } from '@ragnos/tuf';
import { withSignedAt } from './clock.ts';

/**
 * A member of the signed timestamp, unknown to clients: who committed the last few versions, as `<version>:<id>`, the newest
 * first. It answers the one question that an object store leaves open when an answer is lost: was that mine?
 */
const member = 'x-ragnos-commits';
const kept = 16;

/** With it goes the time of signing. */
export function withCommit(
  base: Timestamp['unrecognized'],
  version: number,
  id: string,
  now: Date,
): Timestamp['unrecognized'] {
  const list = [`${version}:${id}`, ...entries(base)].slice(0, kept);
  return withSignedAt(new Map<string, JsonValue>([...base, [member, list]]), now);
}

export type Fate =
  /** The head has not come to that version: it may still happen. */
  | 'open'
  | 'committed'
  | 'lost'
  /** Too long ago to tell. */
  | 'forgotten';

export function decide(
  head: Timestamp,
  attempt: { readonly timestampVersion: number; readonly id: string },
): Fate {
  if (head.version < attempt.timestampVersion) return 'open';
  const mark = `${attempt.timestampVersion}:`;
  const entry = entries(head.unrecognized).find((text) => text.startsWith(mark));
  if (entry === undefined) return 'forgotten';
  return entry === mark + attempt.id ? 'committed' : 'lost';
}

function entries(unrecognized: Timestamp['unrecognized']): readonly string[] {
  const value = unrecognized.get(member);
  if (value === undefined || !isJsonArray(value)) return [];
  return value.filter((item) => typeof item === 'string');
}
