import { streamWindow } from './protocol.ts';

interface Failed {
  readonly error: unknown;
}

/**
 * A stream's receiving end: what came and was not taken yet, at most a window of it. Whoever sends is told of every half
 * window that was taken. One reader, once.
 */
export class Inbox implements AsyncIterableIterator<unknown> {
  readonly #items: unknown[] = [];
  readonly #pull: (count: number) => void;
  #taken = 0;
  #ended: { readonly failed: Failed | null } | null = null;
  #waiting: {
    readonly resolve: (result: IteratorResult<unknown>) => void;
    readonly reject: (error: unknown) => void;
  } | null = null;

  constructor(pull: (count: number) => void) {
    this.#pull = pull;
  }

  /** Items that wait to be taken. */
  get waiting(): number {
    return this.#items.length;
  }

  push(item: unknown): void {
    if (this.#ended !== null) return;
    const waiting = this.#waiting;
    if (waiting === null) {
      this.#items.push(item);
      return;
    }
    this.#waiting = null;
    this.#count();
    waiting.resolve({ done: false, value: item });
  }

  /** What came before is still handed out. */
  end(failed: Failed | null): void {
    if (this.#ended !== null) return;
    this.#ended = { failed };
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) return;
    if (failed === null) waiting.resolve({ done: true, value: undefined });
    else waiting.reject(failed.error);
  }

  async next(): Promise<IteratorResult<unknown>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift();
      this.#count();
      return { done: false, value };
    }
    const ended = this.#ended;
    return await new Promise((resolve, reject) => {
      if (ended === null) this.#waiting = { resolve, reject };
      else if (ended.failed === null) resolve({ done: true, value: undefined });
      else reject(ended.failed.error); // as whoever aborted it said, Error or not
    });
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.#items.length = 0;
    this.end(null);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #count(): void {
    if (++this.#taken < streamWindow / 2) return;
    const count = this.#taken;
    this.#taken = 0;
    if (this.#ended === null) this.#pull(count);
  }
}
