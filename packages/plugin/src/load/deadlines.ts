const longestMs = 2 ** 31 - 1; // of a timer

/**
 * One timer for many waits, each with an end of its own. A timer for each would be a tenth of what a call costs; almost all
 * waits are over before it ever looks. It keeps no program alive.
 */
export class Deadlines<Wait> {
  readonly #late: (wait: Wait) => void;
  readonly #ends = new Map<Wait, number>();
  #timer: NodeJS.Timeout | undefined;
  /** When it looks next. */
  #due = Number.POSITIVE_INFINITY;

  /** `late` is called once for each wait that is not over in time. */
  constructor(late: (wait: Wait) => void) {
    this.#late = late;
  }

  /** From now; instead of the end that it had. */
  set(wait: Wait, ms: number): void {
    const end = performance.now() + ms;
    this.#ends.set(wait, end);
    if (end < this.#due) this.#look(end);
  }

  clear(wait: Wait): void {
    this.#ends.delete(wait);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#ends.clear();
    this.#due = Number.POSITIVE_INFINITY;
  }

  #look(at: number): void {
    clearTimeout(this.#timer);
    this.#due = at;
    const ms = Math.min(longestMs, Math.max(1, Math.ceil(at - performance.now())));
    this.#timer = setTimeout(() => this.#check(), ms).unref();
  }

  #check(): void {
    this.#due = Number.POSITIVE_INFINITY;
    const now = performance.now();
    const over: Wait[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [wait, end] of this.#ends)
      if (end <= now) over.push(wait);
      else next = Math.min(next, end);
    if (next < this.#due) this.#look(next);
    for (const wait of over) if (this.#ends.delete(wait)) this.#late(wait); // unless the one before ended it
  }
}
