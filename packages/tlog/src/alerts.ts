import type { IndexedEntry } from './audit-log.ts';

export interface AlertRules {
  /** Length of the windows in which entries are counted. */
  readonly windowMs: number;
  /** How many former windows the median is taken of; an alert needs at least three. */
  readonly formerWindows: number;
  /** Unusual is more than this many times the median … */
  readonly factor: number;
  /** … and more than this many entries. */
  readonly minimum: number;
}

export const defaultAlertRules: AlertRules = {
  windowMs: 60 * 60 * 1000,
  formerWindows: 24 * 7,
  factor: 5,
  minimum: 20,
};

export interface Alert {
  readonly kind: 'new-host' | 'new-signer' | 'frequency';
  /** The entry that raised it. */
  readonly index: number;
  readonly time: Date;
  /** The key id, or the actor as `user:name`. */
  readonly subject: string;
  /** One sentence for a person. */
  readonly message: string;
}

/**
 * What is unusual in a log, read in its order from an entry on that is old enough to be a history: what comes first is
 * never unusual. `from`: alerts for earlier entries are left out, so that only what is new raises one. Pure.
 *
 * - `new-host`: a key that has signed elsewhere signs on a machine where it never did.
 * - `new-signer`: a key signs that never did, and that no entry made valid.
 * - `frequency`: an actor makes more entries within a window than `factor` times the median of its former windows, the empty
 *   ones counted; once per window. A median because one former burst must not make the next look usual.
 */
export function alerts(
  entries: Iterable<IndexedEntry>,
  rules: AlertRules = defaultAlertRules,
  from = 0,
): readonly Alert[] {
  const found: Alert[] = [];
  const hostsOf = new Map<string, Set<string>>();
  const known = new Set<string>();
  const countsOf = new Map<string, Windows>();
  let first = true;
  for (const item of entries) {
    const { index, entry } = item;
    const raise = (kind: Alert['kind'], subject: string, message: string): void => {
      if (index >= from) found.push({ kind, index, time: entry.time, subject, message });
    };
    for (const key of entry.keysAdded ?? []) known.add(key);
    for (const key of entry.keyIds ?? []) {
      const hosts = hostsOf.get(key);
      if (!known.has(key) && !first)
        raise('new-signer', key, `key ${key} signed for the first time, and no entry made it valid`);
      if (hosts !== undefined && !hosts.has(entry.host))
        raise('new-host', key, `key ${key} signed on ${entry.host}, so far only on ${[...hosts].join(', ')}`);
      known.add(key);
      hostsOf.set(key, (hosts ?? new Set()).add(entry.host));
    }
    const actor = `${entry.actor.type}:${entry.actor.name}`;
    const windows = countsOf.get(actor) ?? new Windows(rules);
    countsOf.set(actor, windows);
    const unusual = windows.add(entry.time);
    if (unusual !== null)
      raise(
        'frequency',
        actor,
        `${actor} made ${unusual.count} entries within ${rules.windowMs / 60_000} minutes, usually ${unusual.median}`,
      );
    first = false;
  }
  return found;
}

/** The counts of one actor in windows of one length. */
class Windows {
  readonly #rules: AlertRules;
  readonly #counts = new Map<number, number>();
  #first: number | null = null;
  #alerted: number | null = null;

  constructor(rules: AlertRules) {
    this.#rules = rules;
  }

  add(time: Date): { readonly count: number; readonly median: number } | null {
    const { windowMs, formerWindows, factor, minimum } = this.#rules;
    const window = Math.floor(time.getTime() / windowMs);
    this.#first ??= window;
    const count = (this.#counts.get(window) ?? 0) + 1;
    this.#counts.set(window, count);
    if (count === 1)
      for (const old of this.#counts.keys()) if (old < window - formerWindows) this.#counts.delete(old);
    const former = Math.min(formerWindows, window - this.#first);
    if (former < 3 || count <= minimum || this.#alerted === window) return null;
    const counts = Array.from({ length: former }, (_, i) => this.#counts.get(window - 1 - i) ?? 0);
    const median = counts.toSorted((a, b) => a - b)[Math.floor(former / 2)] ?? 0;
    if (count <= factor * median) return null;
    this.#alerted = window;
    return { count, median };
  }
}
