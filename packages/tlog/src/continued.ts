import type { CallOptions, Storage } from '@ragnos/storage';
import { unlessWrong } from './errors.ts';
import { headOf, type LogHead } from './head.ts';
import { placeOf } from './keys.ts';
import { tileWidth } from './limits.ts';
import { storedBundle } from './read.ts';
import { readSegment } from './segment.ts';

/** See `AuditLog.continued`. */
export async function* continuedLines(
  storage: Storage,
  head: LogHead,
  lines: AsyncIterable<string>,
  call: CallOptions,
): AsyncGenerator<string> {
  let index = 0;
  for await (const line of lines) {
    yield line;
    index++;
  }
  const newest = await newestEntries(storage, head, index, call);
  while (index < newest.from) {
    const bundle = Math.floor(index / tileWidth);
    const stored = await unlessWrong(() => storedBundle(placeOf(storage, head), bundle, call));
    if (stored === null) return;
    yield* stored.slice(index - bundle * tileWidth);
    index = (bundle + 1) * tileWidth;
  }
  yield* newest.lines.slice(index - newest.from);
}

/** The entries up to the head, from `wanted` on, or as far back as the head objects are whole: each proves the one below it. */
async function newestEntries(
  storage: Storage,
  head: LogHead,
  wanted: number,
  call: CallOptions,
): Promise<{ readonly from: number; readonly lines: readonly string[] }> {
  let at = head;
  let lines: readonly string[] = [];
  while (at.size > wanted) {
    const below = at;
    const segment = await unlessWrong(() => readSegment(storage, below, call));
    if (segment === null) break;
    lines = [...segment.lines, ...lines];
    at = headOf(segment.base, head.restarts);
  }
  return { from: at.size, lines };
}
