import type { Readable } from 'node:stream';

/** Everybody who has a reason not to read a stream: it flows while nobody has one. */
export class Tap {
  readonly #stream: Readable;
  readonly #reasons = new Set<object>();
  readonly #listeners = new Set<() => void>();

  constructor(stream: Readable) {
    this.#stream = stream;
  }

  get held(): boolean {
    return this.#reasons.size > 0;
  }

  hold(reason: object): void {
    this.#reasons.add(reason);
    this.#stream.pause();
  }

  free(reason: object): void {
    if (!this.#reasons.delete(reason) || this.held) return;
    for (const listener of this.#listeners) listener();
    if (!this.held) this.#stream.resume(); // what was read already may have given a new one
  }

  /** Called when nobody has a reason any more, before more is read. */
  onFree(listener: () => void): void {
    this.#listeners.add(listener);
  }
}

const taps = new WeakMap<Readable, Tap>();

/** The one of a stream. */
export function tapOf(stream: Readable): Tap {
  const known = taps.get(stream);
  if (known !== undefined) return known;
  const tap = new Tap(stream);
  taps.set(stream, tap);
  return tap;
}
