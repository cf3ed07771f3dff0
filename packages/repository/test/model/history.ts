import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { read, storageKey, type Storage } from '@ragnos/storage';
import { AuditLog, LogError, sameHead, type LogEntry, type LogHead } from '@ragnos/tlog';
import { logHeadOf } from '@ragnos/repository';
import { logRestarts, logStep, withLogRestarts, type Root } from '@ragnos/tuf';
import { ModelClient, type Get } from './client.ts';
import { textOf, type State } from './state.ts';

/** What may come of an operation, and what is left of it then. */
export interface Possible {
  readonly state: State;
  readonly taken: () => void;
}

/** An operation under way, as far as the model has to know it. */
export interface Actor {
  readonly name: string;
  /** The states that its next commit may lead to. */
  readonly next: (before: State) => readonly Possible[];
}

export interface Moment {
  readonly version: number;
  readonly root: Root;
  readonly state: State;
  readonly log: LogHead | null;
}

export const getFrom =
  (storage: Storage): Get =>
  async (key) =>
    (await read(storage, storageKey(key), { maxLength: 8_000_000 }))?.bytes ?? null;

/**
 * Every state that the store was ever in, read by a client that has only the first root, at the moment of each commit and before
 * anybody else moves. A commit that no operation under way can have made fails at once.
 */
export class History {
  readonly #storage: Storage;
  readonly #first: Uint8Array;
  readonly #now: () => Date;
  readonly #aliases: boolean;
  readonly moments: Moment[] = [];
  /** The log that is signed is lost, from before this step on or within it: nobody publishes until root gives it up. */
  lost: 'before' | 'within' | null = null;
  #etag = '';

  /** `aliases`: tough is served, which looks for every file under a second path. */
  constructor(storage: Storage, first: Uint8Array, now: () => Date, aliases = false) {
    this.#storage = storage;
    this.#first = first;
    this.#now = now;
    this.#aliases = aliases;
  }

  /** The root that trust begins with. */
  get first(): Uint8Array {
    return this.#first;
  }

  get last(): Moment {
    const last = this.moments.at(-1);
    if (last === undefined) throw new Error('nothing was seen yet');
    return last;
  }

  at(version: number): Moment | undefined {
    return this.moments.find((moment) => moment.version === version);
  }

  fresh(): Promise<ModelClient> {
    const known = { root: this.#first, timestamp: null, snapshot: null };
    return ModelClient.refresh(getFrom(this.#storage), known, this.#now());
  }

  /** A step begins. */
  async begin(): Promise<void> {
    const { log, root } = this.last;
    const givenUp = log === null ? undefined : logRestarts(root)[log.restarts ?? 0];
    const isGivenUp = log !== null && givenUp !== undefined && sameHead(givenUp, log);
    this.lost = isGivenUp || (await this.#isThere(log)) ? null : 'before';
  }

  /** The log vanishes at once, all of it or what was written of it last. `false`: there is none yet. */
  async lose(part: 'all' | 'late'): Promise<boolean> {
    const { log } = this.last;
    if (log === null) return false;
    this.lost = 'within';
    const { restarts = 0, size } = log;
    const heads = `log/${restarts === 0 ? '' : `restart-${restarts}/`}head/`;
    const isLate = (key: string): boolean =>
      key.startsWith(heads) && Number.parseInt(key.slice(heads.length), 10) > size / 2;
    for await (const { key } of this.#storage.list('log/'))
      if (part === 'all' || isLate(key)) await this.#storage.delete(storageKey(key));
    return true;
  }

  async #isThere(log: LogHead | null): Promise<boolean> {
    try {
      if (log !== null) await new AuditLog(this.#storage).needs(log);
      return true;
    } catch (error) {
      if (error instanceof LogError) return false;
      throw error;
    }
  }

  /** After a write of `actor`; `null`: nobody's. */
  async look(actor: Actor | null): Promise<void> {
    const info = await this.#storage.head(storageKey('metadata/timestamp.json'));
    const before = this.moments.at(-1);
    const nextRoot = storageKey(`metadata/${(before?.root.version ?? 0) + 1}.root.json`);
    if (info?.etag === this.#etag && (await this.#storage.head(nextRoot)) === null) return;
    this.#etag = info?.etag ?? '';
    const client = await this.fresh();
    const state = await client.state();
    if (this.#aliases) await this.#checkAliases(state);
    const { timestamp } = client.set;
    const log = timestamp === null ? null : logHeadOf(timestamp);
    const moment = { version: client.version, root: client.set.root, state, log };
    if (before === undefined) {
      this.moments.push(moment);
      return;
    }
    if (moment.version === before.version) {
      assert.equal(textOf(state), textOf(before.state));
      this.moments[this.moments.length - 1] = moment;
      return;
    }
    assert.equal(moment.version, before.version + 1);
    await this.#checkLog(before.log, moment);
    const possible = actor?.next(before.state) ?? [];
    const found = possible.find((one) => textOf(one.state) === textOf(state));
    if (found === undefined) {
      const wanted = possible.map((one) => textOf(one.state)).join('\nor\n');
      throw new Error(
        `${actor?.name ?? 'nobody'} made of\n${textOf(before.state)}\nthis:\n${textOf(state)}\nnot\n${wanted}`,
      );
    }
    for (const name of before.state.taken) assert(state.taken.has(name), `${name} stays listed`);
    found.taken();
    this.moments.push(moment);
  }

  /** Each commit has an entry, in a log that is there: the one before, or the next one if root gave that up, and only then. */
  async #checkLog(before: LogHead | null, { log, root }: Moment): Promise<void> {
    if ((log?.restarts ?? 0) === (before?.restarts ?? 0))
      assert((log?.size ?? 0) > (before?.size ?? 0), 'a commit without an entry');
    else {
      const earlier = withLogRestarts(root.unrecognized, logRestarts(root).slice(0, -1));
      assert.equal(logStep(before, log, root), 'restarted');
      assert.equal(logStep(before, log, { unrecognized: earlier }), 'unapproved');
    }
    if (this.lost !== 'within') assert(await this.#isThere(log), 'a commit on top of a log that is lost');
  }

  async #checkAliases({ files }: State): Promise<void> {
    for (const [path, { content }] of files) {
      if (!path.includes('/')) continue;
      const key = storageKey(`targets/${createHash('sha256').update(content).digest('hex')}.${path}`);
      assert((await this.#storage.head(key)) !== null, `listed, and not there for tough: ${key}`);
    }
  }

  /**
   * The log verifies against the head in the timestamp, continues what was seen before, and has one entry for each commit since it
   * began, besides refusals; one that follows on a lost log says so first. Returns the codes of the refusals.
   */
  async refusals(): Promise<readonly string[]> {
    const { log: head, root } = this.last;
    if (head === null) return [];
    const log = new AuditLog(this.#storage);
    const since = this.moments.find((moment) => moment.log !== null)?.log ?? undefined;
    const { findings } = await log.verify(head, { since, lost: logRestarts(root) });
    const restarts = head.restarts ?? 0;
    assert.deepEqual(
      findings.map(({ code }) => code),
      Array.from({ length: restarts }, () => 'LOG_RESTARTED'),
    );
    const entries: LogEntry[] = [];
    for await (const { entry } of log.entries(head)) entries.push(entry);
    let from = 0;
    for (const { version, log: at } of this.moments) {
      if (at === null || (at.restarts ?? 0) < restarts) continue;
      const own = entries.slice(from, at.size).filter(({ kind }) => kind !== 'refusal');
      const begins = from === 0 && restarts > 0;
      assert.deepEqual([version, own.length], [version, begins ? 2 : 1]);
      assert.equal(own[0]?.kind === 'restart', begins);
      from = at.size;
    }
    assert.equal(new Set(entries.map(({ id }) => id)).size, entries.length);
    return entries.filter(({ kind }) => kind === 'refusal').map(({ code }) => code ?? '');
  }
}
