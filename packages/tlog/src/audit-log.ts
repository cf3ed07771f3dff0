import type { CallOptions, Storage } from '@ragnos/storage';
import { readChain } from './chain.ts';
import { continuedLines } from './continued.ts';
import type { LogEntry, NewEntry } from './entry.ts';
import { readLine } from './entry-json.ts';
import { LogError } from './errors.ts';
import { hex, leafHash } from './hash.ts';
import type { LogHead } from './head.ts';
import { folderOf, headFolder, headKey, isOutgrownTile, parseHeadKey, placeOf } from './keys.ts';
import { logLimits } from './limits.ts';
import { rangeHash } from './nodes.ts';
import { pendingAt, putPending, removePending } from './pending.ts';
import {
  consistencyRanges,
  inclusionRanges,
  verifyConsistency,
  verifyInclusion,
  type LeafRange,
} from './proof.ts';
import { readLines, type LogLine, type Range } from './read.ts';
import { resource } from './resource.ts';
import { restoreLog } from './restore.ts';
import { readSegment } from './segment.ts';
import { settleChain } from './settle.ts';
import { completesTile, stage, type Staged } from './stage.ts';
import { Tiles } from './tiles.ts';
import { verifyLog, type VerifyOptions, type VerifyReport } from './verify.ts';

export interface IndexedEntry {
  /** Its place in the log, from 0. */
  readonly index: number;
  readonly entry: LogEntry;
}

/**
 * The audit log beside a repository, on the same store, below `log/`. It has no lock, no server and no head of its own: the
 * head stands in the signed `timestamp.json`, whose compare-and-swap commits both (DESIGN, decisions 4 and 13).
 *
 *     const log = new AuditLog(storage);
 *     const before = headFromJson(timestamp.get('x-ragnos-log') ?? emptyHead);
 *     const staged = await log.stage(before, [{ kind: 'publish', time, actor, host, tool, keyIds, roles, targets }]);
 *     const won = await swap(timestampWith('x-ragnos-log', headToJson(staged.head)));   // signed, compare-and-swap
 *     if (won) await log.settle(staged);
 *     else for (const key of staged.files.keys()) await storage.delete(key);            // then again, on the new head
 *
 * Reading it, at the head of a verified timestamp:
 *
 *     for await (const { index, entry } of log.entries(head, { reverse: true })) …      // ragv log show
 *     const report = await log.verify(head, { since: headSeenBefore });                 // ragv log verify
 *     for await (const { line } of log.lines(head)) write(`${line}\n`);                 // ragv log export
 *
 * Every `head` handed in must come from a timestamp that was verified; `stage` and `settle` also need it committed. What
 * reading hands out has been checked against it. Objects that an old head needs are removed by `gc` in time, so
 * LOG_MISSING is judged only after reading the timestamp again.
 */
export class AuditLog {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /**
   * Writes down what is about to be committed on top of `head`, with the refusals that wait. Nothing that a reader of `head` sees
   * changes. The only object that is new is in `files`, and no other attempt writes the same. Besides, it completes what whoever
   * committed `head` left undone. `head` must have been read before the call, in the same attempt.
   *
   * Throws LOG_MISSING and LOG_ALTERED where the log at `head` cannot be continued, LOG_TOO_LARGE, LOG_BAD_ENTRY; nothing
   * is to be committed then (fail closed).
   */
  stage(head: LogHead, entries: readonly [NewEntry, ...NewEntry[]], call: CallOptions = {}): Promise<Staged> {
    return stage(this.#storage, head, entries, call);
  }

  /**
   * After the commit: writes the tiles that it completed, and removes the refusals that it took in. Anybody may do it, at any
   * time, any number of times; if nobody does, the next `stage` will. A `Staged` of one's own saves reading it back.
   */
  async settle(done: Staged | LogHead, call: CallOptions = {}): Promise<void> {
    const storage = this.#storage;
    if ('head' in done) {
      if (done.completes) await settleChain(storage, await readChain(storage, done.head, call), call);
      return removePending(storage, done.taken, call);
    }
    if (done.size === 0) return;
    const last = await readSegment(storage, done, call);
    if (completesTile(last, done))
      await settleChain(storage, await readChain(storage, done, call, last), call);
    const { stale } = await pendingAt(storage, last.lines, 0, call);
    await removePending(storage, stale, call);
  }

  /** Entries in their order, or the last first. Throws LOG_BAD_RANGE, and what is wrong with the first entry that is. */
  async *entries(head: LogHead, range: Range = {}, call: CallOptions = {}): AsyncGenerator<IndexedEntry> {
    for await (const { index, line } of this.lines(head, range, call)) yield { index, entry: readLine(line) };
  }

  /**
   * The same as the very bytes that were hashed, for an export as JSON lines: line n without its end, after a byte 0, is what leaf
   * n hashes, so whoever has the file and the signed timestamp needs nothing else (`headOfLines`).
   */
  async *lines(head: LogHead, range: Range = {}, call: CallOptions = {}): AsyncGenerator<LogLine> {
    const chain = await readChain(this.#storage, head, call);
    yield* readLines(chain, new Tiles(placeOf(this.#storage, head), chain.settled, call), range, call);
  }

  /**
   * Reads all that is stored up to `head` and computes it again. The report names the first entry that was deleted, altered or put
   * elsewhere, each tile and head object that is not what it should be, a log that is no continuation of `since`, a head
   * seen in an earlier verified timestamp, and each log that was lost and given up since then. Does not throw for what it finds, only where the store fails.
   */
  verify(head: LogHead, options: VerifyOptions = {}, call: CallOptions = {}): Promise<VerifyReport> {
    return verifyLog(this.#storage, head, options, call);
  }

  /** For `verifyInclusion`: that entry `index` is in the log at `head`. Throws LOG_BAD_RANGE, and what reading throws. */
  async inclusionProof(
    head: LogHead,
    index: number,
    call: CallOptions = {},
  ): Promise<{ readonly leaf: string; readonly proof: readonly string[] }> {
    for await (const { line } of this.lines(head, { from: index, to: index + 1 }, call)) {
      const leaf = hex(leafHash(line));
      const proof = await this.#hashes(head, inclusionRanges(index, head.size), call);
      verifyInclusion(head, index, leaf, proof);
      return { leaf, proof };
    }
    throw new LogError('LOG_BAD_RANGE', `no entry ${index} in a log of ${head.size}`);
  }

  /** For `verifyConsistency`: that the log at `head` begins with the one at `old`. Throws LOG_SHRANK, LOG_FORKED. */
  async consistencyProof(old: LogHead, head: LogHead, call: CallOptions = {}): Promise<readonly string[]> {
    if ((old.restarts ?? 0) !== (head.restarts ?? 0))
      throw new LogError('LOG_FORKED', 'these heads are of two logs, one of which was given up');
    if (old.size > head.size)
      throw new LogError('LOG_SHRANK', `the log has ${head.size} entries, not ${old.size}`);
    const proof = await this.#hashes(head, consistencyRanges(old.size, head.size), call);
    try {
      verifyConsistency(old, head, proof);
    } catch (cause) {
      throw new LogError('LOG_FORKED', `the first ${old.size} entries are others`, { cause });
    }
    return proof;
  }

  /**
   * Keeps a refusal until the next commit takes it in. `false`: too many wait already, which itself is noted once; whoever
   * refuses should raise an alarm then.
   */
  refuse(entry: Omit<NewEntry, 'kind'>, call: CallOptions = {}): Promise<boolean> {
    return putPending(this.#storage, { ...entry, kind: 'refusal' }, call);
  }

  /** Refusals that are not in the log yet, the oldest first; what cannot be read as one is left out. Not tamper-evident. */
  async pending(
    limit: number = logLimits.pendingMaxCount,
    call: CallOptions = {},
  ): Promise<readonly LogEntry[]> {
    const { fresh } = await pendingAt(this.#storage, [], limit, call);
    return fresh.map(({ entry }) => entry).filter((entry) => entry !== null);
  }

  /**
   * A file of C2SP tlog-tiles (`tile/0/x001/067`, `tile/entries/003.p/17`) as it is at `head`, for a server or an export that
   * serves tools: partial ones are made here, since only those above level 0 are stored. `null`: there is none.
   */
  async resource(head: LogHead, path: string, call: CallOptions = {}): Promise<Uint8Array | null> {
    const chain = await readChain(this.#storage, head, call);
    return resource(chain, new Tiles(placeOf(this.#storage, head), chain.settled, call), path, call);
  }

  /**
   * Puts a log that was damaged back in order from an export, which is read twice: whatever is missing or altered is written anew.
   * Throws LOG_ALTERED, and writes nothing, unless the lines lead to `head`.
   */
  restore(head: LogHead, lines: () => AsyncIterable<string>, call: CallOptions = {}): Promise<void> {
    return restoreLog(this.#storage, head, lines, call);
  }

  /**
   * The lines of an older export, and after them what the store still has of the entries since then. Proven by nothing yet: for
   * `restore` and `headOfLines`, which tell whether they lead to `head`.
   */
  continued(head: LogHead, lines: AsyncIterable<string>, call: CallOptions = {}): AsyncIterable<string> {
    return continuedLines(this.#storage, head, lines, call);
  }

  /**
   * For `gc`: whether reading at `head` and appending to it need an object below `log/`. What it says no to is the head object of
   * an attempt that was lost, one that a later one has swallowed, or a partial tile that has grown since; also what somebody is
   * writing at this moment, so only what was listed before `head` was read, and is older than the grace, may go. What is left of
   * a log that was given up is evidence, and needed.
   */
  async needs(head: LogHead, call: CallOptions = {}): Promise<(key: string) => boolean> {
    const { heads, settled } = await readChain(this.#storage, head, call);
    const live = new Set<string>(heads.map(headKey));
    const place = placeOf(this.#storage, head);
    const own = folderOf(place);
    return (key) => {
      if (!key.startsWith(own)) return true;
      return key.startsWith(headFolder(place))
        ? live.has(key)
        : !isOutgrownTile(key.slice(own.length), settled.size);
    };
  }

  /**
   * The heads whose objects are in the store, of the log that was begun after `restarts` lost ones; the longest first. Nobody
   * vouches for them: this is for whoever looks for a log whose signed head is worth nothing. `needs` tells whether it goes on there.
   */
  async storedHeads(restarts: number, call: CallOptions = {}): Promise<readonly LogHead[]> {
    const heads: LogHead[] = [];
    for await (const { key } of this.#storage.list(headFolder({ restarts }), call)) {
      const head = parseHeadKey(key, restarts);
      if (head !== null) heads.push(head);
    }
    return heads.toSorted((a, b) => b.size - a.size);
  }

  async #hashes(head: LogHead, ranges: readonly LeafRange[], call: CallOptions): Promise<readonly string[]> {
    const chain = await readChain(this.#storage, head, call);
    const tiles = new Tiles(placeOf(this.#storage, head), chain.settled, call);
    const hashes: string[] = [];
    for (const range of ranges) hashes.push(hex(await rangeHash(tiles, chain, range)));
    return hashes;
  }
}
