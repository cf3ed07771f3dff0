import { setTimeout as sleep } from 'node:timers/promises';
import type { Repository } from './repository.ts';
import type { RefreshResult, RepositoryStatus } from './types.ts';
import { watchClock } from './watch-clock.ts';

/** What somebody has to be told of. */
export type Trouble =
  /** Due, and fewer of its keys are at hand than it needs. */
  | 'keys-missing'
  /** The store, or the service that holds a key, does not answer. */
  | 'unreachable'
  /** The store is not what it was, or a key cannot be opened: waiting will hardly help. */
  | 'refused'
  /** The clock here jumped, or is behind. */
  | 'clock';

export type WatchEvent =
  | {
      readonly kind: 'refreshed';
      readonly at: Date;
      readonly roles: ReadonlyMap<string, number>;
      readonly next: Date;
    }
  | {
      readonly kind: 'trouble';
      readonly at: Date;
      readonly trouble: Trouble;
      readonly message: string;
      /** Those that it is about; may be empty. */
      readonly roles: readonly string[];
      /** When clients break, as far as is known. */
      readonly breaks: Date | null;
      /** The code of the error behind it. */
      readonly code: string | null;
    }
  | { readonly kind: 'recovered'; readonly at: Date; readonly trouble: Trouble };

/** A clock that tests can turn. */
export interface WatchTime {
  readonly now: () => Date;
  /** Milliseconds that only ever grow, whatever is done to the clock. */
  readonly uptime: () => number;
  readonly sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** From 0 up to 1. */
  readonly random: () => number;
}

export interface WatchOptions {
  /** Called until it succeeds once: the store may be away at the start, too. */
  readonly open: () => Promise<Pick<Repository, 'refresh' | 'status'>>;
  /** Told of everything; awaited, so it has to be bounded in time. Must not throw. */
  readonly onEvent: (event: WatchEvent) => Promise<void>;
  readonly signal: AbortSignal;
  /** How often it looks at least, in milliseconds: others may have changed what is due. Default ten minutes. */
  readonly every?: number;
  /** Gives up after failing for so long. Default six hours. */
  readonly giveUpAfter?: number;
  /** The same trouble is told again after so long. Default a day. */
  readonly repeatAfter?: number;
  readonly time?: WatchTime;
}

export interface WatchEnd {
  /** `stopped`: the signal. */
  readonly reason: 'stopped' | Trouble;
  /** Due and not signed when it ended. */
  readonly pending: readonly string[];
  /** What it gave up on. */
  readonly error: unknown;
}

const minute = 60_000;
const hour = 60 * minute;
const backOffMost = 5 * minute;

/** What waiting may mend. Everything else is told at once. */
const passing: ReadonlySet<string> = new Set([
  'STORAGE_UNAVAILABLE',
  'STORAGE_LOCKED',
  'CONFLICT',
  'OUTCOME_UNKNOWN',
  'SIGNER_FAILED',
  'LOCK_TIMEOUT',
]);

/**
 * Re-signs what is due, in good time, for as long as it can. Goes on while something can be signed; ends when the timestamp
 * or the snapshot is due without its keys, since nothing can be then, and after failing for `giveUpAfter`. Any number of
 * watchers may work on one repository: the store decides, and whoever comes second finds nothing due.
 *
 * Resolves when it ends; rejects only with what is wrong at the very start and will not pass (a wrong password).
 */
export async function watch(options: WatchOptions): Promise<WatchEnd> {
  const { signal, every = 10 * minute, giveUpAfter = 6 * hour, time = realTime } = options;
  const watcher = new Watcher(options, time);
  const clock = watchClock(time);
  let repository: Pick<Repository, 'refresh' | 'status'> | null = null;
  let failures = 0;
  let failingSince = time.uptime();
  let worked = false;
  let behind = false;
  while (!signal.aborted) {
    await watcher.hear('clock', clock.jumped());
    let wait: number;
    try {
      repository ??= await options.open();
      const result = await repository.refresh({ signal });
      failures = 0;
      worked = true;
      await watcher.recovered('unreachable', 'refused', ...(behind ? (['clock'] as const) : []));
      behind = false;
      const status = await repository.status({ signal });
      if (await watcher.refreshed(result, status)) return watcher.end('keys-missing', null);
      const left = result.next.getTime() - time.now().getTime();
      wait = Math.max(1000, Math.min(every, left)) + time.random() * Math.min(minute, every / 10);
    } catch (error) {
      if (signal.aborted) break;
      const code = codeOf(error);
      const trouble = code === 'CLOCK_BEHIND' ? 'clock' : passing.has(code) ? 'unreachable' : 'refused';
      behind ||= trouble === 'clock';
      if (!worked && trouble === 'refused') throw error;
      if (failures++ === 0) failingSince = time.uptime();
      const lasting = time.uptime() - failingSince;
      if (trouble !== 'unreachable' || lasting >= Math.min(every, giveUpAfter))
        await watcher.failed(trouble, error, code);
      if (lasting >= giveUpAfter) return watcher.end(trouble, error);
      const most = Math.min(backOffMost, 1000 * 2 ** Math.min(failures, 20));
      wait = most / 2 + (time.random() * most) / 2;
    }
    await time.sleep(wait, signal);
  }
  return watcher.end('stopped', null);
}

/** What is wrong now, who was told of it, and when. */
class Watcher {
  readonly #options: WatchOptions;
  readonly #time: WatchTime;
  readonly #told = new Map<Trouble, { readonly what: string; readonly at: number }>();
  #pending: readonly string[] = [];
  #breaks: Date | null = null;

  constructor(options: WatchOptions, time: WatchTime) {
    this.#options = options;
    this.#time = time;
  }

  /** Resolves with whether nothing can be signed any more. */
  async refreshed(result: RefreshResult, status: RepositoryStatus): Promise<boolean> {
    const { pending, roles, next } = result;
    this.#pending = pending;
    const late = status.roles.filter(({ role }) => pending.includes(role));
    this.#breaks = late.reduce(
      (first, { expires }) => (expires < first ? expires : first),
      late[0]?.expires ?? status.earliestExpiry,
    );
    if (result.changed) await this.#options.onEvent({ kind: 'refreshed', at: this.#time.now(), roles, next });
    if (pending.length === 0) {
      await this.recovered('keys-missing');
      return false;
    }
    const names = pending.join(', ');
    await this.#tell(
      'keys-missing',
      `due, and its keys are not at hand: ${names}`,
      pending,
      'SIGNATURES_MISSING',
      names,
    );
    return pending.includes('timestamp') || pending.includes('snapshot');
  }

  async failed(trouble: Trouble, error: unknown, code: string): Promise<void> {
    const message = error instanceof Error ? error.message : String(error);
    await this.#tell(trouble, message, [], code, code);
  }

  /** `null`: nothing is wrong with the clock; that alone does not take back a jump. */
  async hear(trouble: Trouble, message: string | null): Promise<void> {
    if (message !== null)
      await this.#tell(trouble, message, [], null, message.replaceAll(/\d+ (?:d|h|min) ?/g, ''));
  }

  async recovered(...troubles: readonly Trouble[]): Promise<void> {
    for (const trouble of troubles)
      if (this.#told.delete(trouble))
        await this.#options.onEvent({ kind: 'recovered', at: this.#time.now(), trouble });
  }

  end(reason: WatchEnd['reason'], error: unknown): WatchEnd {
    return { reason, pending: this.#pending, error };
  }

  /** Once, until it is another one, or a day has gone. */
  async #tell(
    trouble: Trouble,
    message: string,
    roles: readonly string[],
    code: string | null,
    what: string,
  ): Promise<void> {
    const { repeatAfter = 24 * hour, onEvent } = this.#options;
    const before = this.#told.get(trouble);
    const at = this.#time.uptime();
    if (before?.what === what && at - before.at < repeatAfter) return;
    this.#told.set(trouble, { what, at });
    const event = { kind: 'trouble', at: this.#time.now(), trouble, message, roles, code } as const;
    await onEvent({ ...event, breaks: this.#breaks });
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'FAILURE';
}

const realTime: WatchTime = {
  now: () => new Date(),
  uptime: () => performance.now(),
  sleep: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }).catch(() => undefined),
  random: Math.random,
};
