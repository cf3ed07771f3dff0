import { setImmediate as breathe } from 'node:timers/promises';

/** Numbers in [0, 1) that a seed decides (mulberry32), so that a run can be had again. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Waiting {
  readonly slow: boolean;
  readonly go: () => void;
}

/** How often a reader gets the turn while somebody who writes waits for it. */
const shareOfReaders = 0.3;

/**
 * Whose call to the store comes next. Everybody stops before each call; one of them is let go, runs up to its next call, and so
 * on. With a store in memory the seed decides the whole interleaving.
 */
export class Schedule {
  #random: () => number = randomFrom(0);
  #waiting: Waiting[] = [];

  /** From here on another seed decides. Whoever waits goes on waiting. */
  seed(seed: number): void {
    this.#random = randomFrom(seed);
  }

  /** `slow`: a reader, who may be left waiting when the work of a step has ended. */
  turn(slow = false): Promise<void> {
    return new Promise((go) => this.#waiting.push({ slow, go }));
  }

  /** Lets them go one after another until `work` has ended. */
  async drive(work: readonly Promise<unknown>[]): Promise<void> {
    const state = { ended: false };
    const all = Promise.allSettled(work).then(() => (state.ended = true));
    while (!state.ended) {
      await breathe();
      this.#next()?.go();
    }
    await all;
  }

  #next(): Waiting | undefined {
    const fast = this.#waiting.filter(({ slow }) => !slow);
    const slow = this.#waiting.filter((one) => one.slow);
    const from = fast.length === 0 || (slow.length > 0 && this.#random() < shareOfReaders) ? slow : fast;
    const next = from[Math.floor(this.#random() * from.length)];
    this.#waiting = this.#waiting.filter((one) => one !== next);
    return next;
  }
}
