import { setImmediate as breathe } from 'node:timers/promises';

const sliceMs = 8;

/** For work on many small files, which is several times faster when nothing is awaited: in slices that let others in. */
export class Slices {
  readonly #signal: AbortSignal | undefined;
  #end = nextEnd();

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Whether others should have their turn now. */
  get over(): boolean {
    return process.uptime() * 1000 >= this.#end;
  }

  /** Lets others in. @throws the signal's reason */
  async rest(): Promise<void> {
    await breathe();
    this.#signal?.throwIfAborted();
    this.#end = nextEnd();
  }
}

function nextEnd(): number {
  return process.uptime() * 1000 + sliceMs;
}
