import { putOnce, type CallOptions, type Storage, type StorageKey } from '@ragnos/storage';
import { readChain, wholeTiles } from './chain.ts';
import type { NewEntry } from './entry.ts';
import { newLine } from './entry-json.ts';
import { LogError } from './errors.ts';
import { emptyFrontier, grow } from './frontier.ts';
import { sha256 } from './hash.ts';
import { headOf, type LogHead } from './head.ts';
import { headKey } from './keys.ts';
import { logLimits } from './limits.ts';
import { logMeta } from './object-meta.ts';
import { pendingAt, pendingLine, removePending } from './pending.ts';
import { encodeSegment, newSegment, readSegment, type Segment } from './segment.ts';
import { settleChain } from './settle.ts';

/** What a commit has to carry, and what it leaves behind if it is lost. */
export interface Staged {
  /** To be written into the timestamp. */
  readonly head: LogHead;
  /** Written for this attempt alone, by their sha256: a lost attempt deletes them, or leaves them to `gc`. */
  readonly files: ReadonlyMap<StorageKey, string>;
  /** Refusals that were taken in; `settle` removes their files. */
  readonly taken: readonly StorageKey[];
  /** `settle` has tiles to write. */
  readonly completes: boolean;
}

export async function stage(
  storage: Storage,
  head: LogHead,
  entries: readonly [NewEntry, ...NewEntry[]],
  call: CallOptions,
): Promise<Staged> {
  checkBeginning(head, entries);
  const own = entries.map((entry) => newLine(entry));
  const room = logLimits.commitMaxEntries - own.length;
  if (room < 0)
    throw new LogError('LOG_TOO_LARGE', `more than ${logLimits.commitMaxEntries} entries in one commit`);
  const last = head.size === 0 ? null : await readSegment(storage, head, call);
  if (last !== null && completesTile(last, head))
    await settleChain(storage, await readChain(storage, head, call, last), call);

  const limit = Math.min(room, logLimits.pendingTaken);
  const { fresh, stale } = await pendingAt(storage, last?.lines ?? [], limit, call);
  await removePending(storage, stale, call); // before the commit that would make us forget that they are in the log
  const taken = fresh.map((one) => pendingLine(one, entries[0]));
  const lines = beginsAnew(head) ? [...own, ...taken] : [...taken, ...own]; // what was lost comes first
  const segment = await merge(storage, last, lines, head, call);

  const next = headOf(grow(segment.base, segment.leaves), head.restarts);
  const key = headKey(next);
  const bytes = encodeSegment(segment);
  await putOnce(storage, key, bytes, logMeta(key), call);
  return {
    head: next,
    files: new Map([[key, sha256(bytes)]]),
    taken: fresh.map((one) => one.key),
    completes: completesTile(segment, next),
  };
}

function beginsAnew({ size, restarts = 0 }: LogHead): boolean {
  return size === 0 && restarts > 0;
}

/** A log that follows on a lost one begins with saying so, and no other entry says it. */
function checkBeginning(head: LogHead, entries: readonly NewEntry[]): void {
  const says = entries.map(
    ({ kind, lost }) => kind === 'restart' && (lost?.restarts ?? 0) + 1 === head.restarts,
  );
  const isSaid = entries.some(({ kind, lost }) => kind === 'restart' || lost !== undefined);
  const good = beginsAnew(head) ? says[0] === true && !says.includes(true, 1) : !isSaid;
  if (!good)
    throw new LogError(
      'LOG_BAD_ENTRY',
      'a log that was begun anew says so in its first entry, and no other does',
    );
}

/** The tiles below a segment are there; one that ends beyond the tile it begins in leaves tiles to be written. */
export function completesTile({ base }: Segment, head: LogHead): boolean {
  return base.size < wholeTiles(head.size);
}

/**
 * New entries take those of earlier commits with them, as a binary counter carries: a segment swallows the one below it that is no
 * longer than itself. So a chain has few links, and an entry is written again only a few times before it goes into a bundle.
 */
async function merge(
  storage: Storage,
  last: Segment | null,
  lines: readonly string[],
  head: LogHead,
  call: CallOptions,
): Promise<Segment> {
  const tile = wholeTiles(head.size);
  let segment = newSegment(last === null ? emptyFrontier : grow(last.base, last.leaves), lines);
  let below = last;
  while (below !== null && below.base.size >= tile) {
    const together = below.leaves.length + segment.leaves.length;
    if (below.leaves.length > segment.leaves.length || together > logLimits.mergedEntries) break;
    segment = {
      base: below.base,
      leaves: [...below.leaves, ...segment.leaves],
      lines: [...below.lines, ...segment.lines],
    };
    const more = below.base.size > tile && together * 2 <= logLimits.mergedEntries;
    below = more ? await readSegment(storage, headOf(below.base, head.restarts), call) : null;
  }
  return segment;
}
