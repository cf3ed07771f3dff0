/** Calls `pause` when more came within a second than may, and `resume` when the second is over. */
export class Throttle {
  readonly #most: number;
  readonly #pause: () => void;
  readonly #resume: () => void;
  #second = -Infinity;
  #count = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(most: number, pause: () => void, resume: () => void) {
    this.#most = most;
    this.#pause = pause;
    this.#resume = resume;
  }

  count(weight = 1): void {
    const now = performance.now();
    if (now - this.#second >= 1000) {
      this.#second = now;
      this.#count = 0;
    }
    this.#count += weight;
    if (this.#count < this.#most || this.#timer !== null) return;
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
