import type { CallOptions, Storage } from '@ragnos/storage';
import { readChain } from './chain.ts';
import { LogError, type LogErrorCode } from './errors.ts';
import { emptyFrontier, grow, rootOf, type Frontier } from './frontier.ts';
import { hex, leafHash, sameHash } from './hash.ts';
import type { LogHead } from './head.ts';
import type { LostLog } from './entry.ts';
import { readLine } from './entry-json.ts';
import { placeOf, tileKey, widthAt } from './keys.ts';
import { logLimits, tileWidth } from './limits.ts';
import { checkBundle, storedBundle } from './read.ts';
import { about, misstated, restartFindings, sinceFindings } from './restarted.ts';
import { readTile, Tiles } from './tiles.ts';

export interface LogFinding {
  readonly code: Extract<
    LogErrorCode,
    | 'LOG_MISSING'
    | 'LOG_ALTERED'
    | 'LOG_REORDERED'
    | 'LOG_FORKED'
    | 'LOG_SHRANK'
    | 'LOG_BAD_ENTRY'
    | 'LOG_RESTARTED'
    | 'LOG_RESTART_UNAPPROVED'
  >;
  /** One sentence for a person. */
  readonly message: string;
  /** The object of the store; `null` where it is about heads. */
  readonly key: string | null;
  /** The first entry that it is about; `null` where all entries may be whole. */
  readonly index: number | null;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly head: LogHead;
  /** How many entries were read and are under the head. */
  readonly verified: number;
  /** In the order of the log; at most 20. Empty exactly when `ok`. */
  readonly findings: readonly LogFinding[];
  /** The logs before this one, the first first: their entries are gone for good, whatever is found. */
  readonly lost: readonly LostLog[];
}

export interface VerifyOptions {
  /** A head that was seen before. */
  readonly since?: LogHead | undefined;
  /** The logs that were given up, as the verified root says; none unless given. */
  readonly lost?: readonly LostLog[] | undefined;
}

/** See `AuditLog.verify`. */
export async function verifyLog(
  storage: Storage,
  head: LogHead,
  { since, lost = [] }: VerifyOptions,
  call: CallOptions,
): Promise<VerifyReport> {
  const findings: LogFinding[] = [];
  const note = (finding: LogFinding): void => {
    const again = findings.some(
      ({ code, key, index, message }) =>
        code === finding.code &&
        key === finding.key &&
        index === finding.index &&
        (key !== null || message === finding.message),
    );
    if (!again) findings.push(finding);
  };
  const report = (verified: number): VerifyReport => ({
    ok: findings.length === 0,
    head,
    verified,
    findings,
    lost: lost.slice(0, head.restarts ?? 0),
  });
  for (const finding of [...restartFindings(head, since, lost), ...sinceFindings(head, since, lost)])
    note(finding);
  const seenHere = (since?.restarts ?? 0) === (head.restarts ?? 0) ? since : undefined;

  const chain = await noted(note, () => readChain(storage, head, call));
  if (chain === null) return report(0);
  const place = placeOf(storage, head);
  const tiles = new Tiles(place, chain.settled, call);
  const recount = new Recount(seenHere, lost[(head.restarts ?? 0) - 1]);
  let verified = 0;
  for (let index = 0; index < tiles.size / tileWidth; index++) {
    const lines = await noted(note, () => storedBundle(place, index, call));
    const root = await noted(note, () => tiles.root(0, index));
    if (lines !== null && root !== null) {
      const good = await noted(note, async () => {
        await checkBundle(place, index, lines, root, call);
        return true;
      });
      if (good === true) verified += lines.length;
    }
    recount.take(lines, index * tileWidth, note);
    if (findings.length >= logLimits.maxFindings) return report(verified);
  }
  recount.take(chain.lines, tiles.size, note);
  verified += chain.lines.length;
  await checkTiles(tiles, note, call);
  const again = recount.frontier === null ? null : hex(rootOf(recount.frontier));
  if (again === head.root) verified = head.size;
  else if (findings.length === 0) note(about('LOG_ALTERED', 'the entries do not lead to the head'));
  if (recount.forked && seenHere !== undefined && seenHere.size < head.size)
    note(about('LOG_FORKED', `the first ${seenHere.size} entries are not those seen before`));
  return report(verified);
}

/** Builds the tree a second time, from nothing but entries, and looks at it where the log was seen before. */
class Recount {
  readonly #since: LogHead | undefined;
  readonly #lost: LostLog | undefined;
  /** `null` once an entry is missing: nothing can be said about the tree any more. */
  frontier: Frontier | null = emptyFrontier;
  forked = false;

  constructor(since: LogHead | undefined, lost: LostLog | undefined) {
    this.#since = since;
    this.#lost = lost;
  }

  take(lines: readonly string[] | null, first: number, note: (finding: LogFinding) => void): void {
    if (lines !== null) checkEntries(lines, first, this.#lost, note);
    if (lines === null || this.frontier?.size !== first) this.frontier = null;
    else {
      const leaves = lines.map(leafHash);
      const at = this.#since === undefined ? -1 : this.#since.size - first;
      if (at > 0 && at <= leaves.length) {
        const then = hex(rootOf(grow(this.frontier, leaves.slice(0, at))));
        this.forked = then !== this.#since?.root;
      }
      this.frontier = grow(this.frontier, leaves);
    }
  }
}

/** Every stored tile must be as it is computed, those too that nobody needed up to here. */
async function checkTiles(
  tiles: Tiles,
  note: (finding: LogFinding) => void,
  call: CallOptions,
): Promise<void> {
  for (let level = 0; widthAt(tiles.size, level, 0) > 0; level++) {
    for (let index = 0; widthAt(tiles.size, level, index) > 0; index++) {
      const width = widthAt(tiles.size, level, index);
      if (level > 0) await noted(note, () => tiles.hashes(level, index));
      else
        await noted(note, async () => {
          const key = tileKey(tiles.place, level, index, width);
          const hashes = await readTile(tiles.place, level, index, width, call);
          const { peaks } = grow(emptyFrontier, hashes);
          if (!sameHash(peaks[0], await tiles.root(0, index)))
            throw new LogError('LOG_ALTERED', `${key} is not the tile that the head covers`, { key });
        });
    }
  }
}

function checkEntries(
  lines: readonly string[],
  first: number,
  lost: LostLog | undefined,
  note: (finding: LogFinding) => void,
): void {
  for (const [at, line] of lines.entries())
    try {
      const finding = misstated(readLine(line), first + at, lost);
      if (finding !== null) note(finding);
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      note({ code: 'LOG_BAD_ENTRY', message: error.message, key: null, index: first + at });
    }
}

async function noted<T>(note: (finding: LogFinding) => void, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    const { code, message, key = null, index = null } = error;
    if (code !== 'LOG_MISSING' && code !== 'LOG_ALTERED' && code !== 'LOG_REORDERED') throw error;
    note({ code, message, key, index });
    return null;
  }
}
