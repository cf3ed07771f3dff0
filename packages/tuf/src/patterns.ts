import { LimitExceededError } from './errors.ts';

/** What a search for one target may cost, in steps of the matcher: one role may hold tens of thousands of patterns. */
export class PatternWork {
  readonly #max: number;
  #left: number;

  constructor(max: number) {
    this.#max = max;
    this.#left = max;
  }

  /** @throws LimitExceededError once more than `max` were spent */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0)
      throw new LimitExceededError(`path patterns that take more than ${this.#max} steps to match`);
  }
}

const asterisk = 0x2a;
const questionMark = 0x3f;

/** Whether they agree up to the pattern's first wildcard: of 10,000 vendors that leaves one. */
export function startsAlike(pattern: string, path: string): boolean {
  for (let at = 0; at < pattern.length; at++) {
    const c = pattern.charCodeAt(at);
    if (c === asterisk || c === questionMark) return true;
    if (c !== path.charCodeAt(at)) return false;
  }
  return pattern.length === path.length;
}

/**
 * Whether the path of these segments matches a path pattern (4.5): `*` and `?` within one segment, everything else
 * literally, braces and classes too. Takes at worst as many steps as a segment has characters for each of the pattern.
 */
export function matchesSegments(pattern: string, segments: readonly string[], work: PatternWork): boolean {
  const patterns = pattern.split('/');
  return (
    patterns.length >= segments.length &&
    patterns.every((glob, index) => {
      const segment = segments[index];
      return segment !== undefined && matchesSegment(glob, segment, work);
    })
  );
}

/** Two pointers and the last `*`: on a mismatch that star takes one character more. */
function matchesSegment(pattern: string, segment: string, work: PatternWork): boolean {
  work.spend(pattern.length + segment.length);
  let g = 0;
  let star = -1;
  let resume = 0;
  for (let t = 0; t < segment.length;) {
    const c = pattern.charCodeAt(g); // NaN behind the end, which equals nothing
    if (c === asterisk) {
      star = g++;
      resume = t;
    } else if (c === questionMark) {
      g++;
      t += width(segment, t);
    } else if (c === segment.charCodeAt(t)) {
      g++;
      t++;
    } else if (star >= 0) {
      work.spend(t - resume + 1);
      g = star + 1;
      resume += width(segment, resume);
      t = resume;
    } else return false;
  }
  while (pattern.charCodeAt(g) === asterisk) g++;
  return g === pattern.length;
}

/** Characters are code points, as every peer counts them: `?` is a whole emoji. */
function width(text: string, at: number): 1 | 2 {
  const c = text.charCodeAt(at);
  return c >= 0xd800 && c <= 0xdbff ? 2 : 1;
}
