/** A bucket that holds a minute's worth and fills again as the minute goes. */
export function perMinute(count: number, now: () => number = () => performance.now()): () => boolean {
  let left = count;
  let at = now();
  return () => {
    const time = now();
    left = Math.min(count, left + ((time - at) / 60_000) * count);
    at = time;
    if (left < 1) return false;
    left--;
    return true;
  };
}

/** Calls `pause` when more came within a second than may, and `resume` when the second is over. */
export class Throttle {
  readonly #most: number;
  readonly #pause: () => void;
  readonly #resume: () => void;
  #second = 0;
  #count = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(most: number, pause: () => void, resume: () => void) {
    this.#most = most;
    this.#pause = pause;
    this.#resume = resume;
  }

  count(): void {
    const now = performance.now();
    if (now - this.#second >= 1000) {
      this.#second = now;
      this.#count = 0;
    }
    if (++this.#count < this.#most || this.#timer !== null) return;
    this.#pause();
    this.#timer = setTimeout(
      () => {
        this.#timer = null;
        this.#resume();
      },
      1000 - (now - this.#second),
    );
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
