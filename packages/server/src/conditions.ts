/** The headers of a request that decide between 200, 206, 304, 412 and 416. */
export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifRange?: string | undefined;
  readonly range?: string | undefined;
}

export type Verdict =
  | { readonly status: 200 | 304 | 412 | 416 }
  /** `end` is not included. */
  | { readonly status: 206; readonly start: number; readonly end: number };

/** RFC 9110, 13.2.2, for a representation with a strong `etag` (quoted) and without a date. */
export function judge(conditions: Conditions, etag: string, size: number): Verdict {
  const { ifMatch, ifNoneMatch, ifRange, range } = conditions;
  if (ifMatch !== undefined && !lists(ifMatch, etag, false)) return { status: 412 };
  if (ifNoneMatch !== undefined && lists(ifNoneMatch, etag, true)) return { status: 304 };
  // A weak tag, a date, an older tag: the whole file, or two versions would be spliced into one.
  if (range === undefined || (ifRange !== undefined && ifRange.trim() !== etag)) return { status: 200 };
  return judgeRange(range, size);
}

function lists(header: string, etag: string, weak: boolean): boolean {
  if (header.trim() === '*') return true;
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag === etag || (weak && tag === `W/${etag}`));
}

/** One range of bytes; anything else, several included, is ignored as RFC 9110, 14.2 allows. */
function judgeRange(range: string, size: number): Verdict {
  const match = /^bytes=(?:(\d{1,15})-(\d{0,15})|-(\d{1,15}))$/i.exec(range.replaceAll(/[ \t]/g, ''));
  if (match === null) return { status: 200 };
  const [, first, last, suffix] = match;
  if (suffix !== undefined) {
    const length = Number(suffix);
    if (length === 0 || size === 0) return { status: 416 };
    return { status: 206, start: Math.max(0, size - length), end: size };
  }
  const start = Number(first);
  const end = last === undefined || last === '' ? size : Math.min(Number(last) + 1, size);
  if (last !== undefined && last !== '' && Number(last) < start) return { status: 200 };
  if (start >= size) return { status: 416 };
  return { status: 206, start, end };
}
