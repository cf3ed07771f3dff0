import type { CallSettings } from './api.ts';
import type { Deadlines } from './deadlines.ts';
import type { Inbox } from './runner/inbox.ts';
import { streamWindow } from './runner/protocol.ts';

export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** Whoever keeps a call. */
export interface Keeper {
  /** The time for a call's next word. */
  readonly deadlines: Deadlines<Pending>;
  /** Nobody waits for it any more. */
  readonly gone: (call: Pending) => void;
  readonly aborted: (call: Pending, reason: unknown) => void;
}

const nothing = (): void => undefined;

/** A call that was made and is not over. */
export class Pending {
  readonly id: number;
  readonly name: string;
  readonly timeoutMs: number;
  /** Once its answer is a stream. */
  inbox: Inbox | null = null;
  /** Items of its input that may still be sent. */
  credit = streamWindow;
  /** Called when there is more of it. */
  more: () => void = nothing;
  readonly #keeper: Keeper;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: (() => void) | null;
  #over = false;

  constructor(
    id: number,
    name: string,
    { timeoutMs, signal }: Pick<CallSettings, 'signal'> & { readonly timeoutMs: number },
    keeper: Keeper,
    [resolve, reject]: readonly [(value: unknown) => void, (error: unknown) => void],
  ) {
    this.id = id;
    this.name = name;
    this.#keeper = keeper;
    this.#resolve = resolve;
    this.#reject = reject;
    this.timeoutMs = timeoutMs;
    this.#signal = signal;
    this.#onAbort = signal === undefined ? null : () => keeper.aborted(this, signal.reason);
    if (this.#onAbort !== null) signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.timer(true);
  }

  get over(): boolean {
    return this.#over;
  }

  /** Starts the time that it may take until its next word anew; `false`: nobody waits now. */
  timer(run: boolean): void {
    if (run) this.#keeper.deadlines.set(this, this.timeoutMs);
    else this.#keeper.deadlines.clear(this);
  }

  /** Its answer is a stream, which the caller is given as soon as it begins; the rest of it is the inbox's. */
  begin(inbox: Inbox, stream: AsyncIterableIterator<unknown>): void {
    this.inbox = inbox;
    this.timer(false);
    this.#resolve(stream);
  }

  settle(outcome: Outcome): void {
    if (this.#over) return;
    this.done();
    if (this.inbox !== null) this.inbox.end('error' in outcome ? outcome : null);
    else if ('error' in outcome) this.#reject(outcome.error);
    else this.#resolve(outcome.value);
  }

  /** Nobody hears of it any more. */
  done(): void {
    if (this.#over) return;
    this.#over = true;
    this.timer(false);
    if (this.#onAbort !== null) this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#keeper.gone(this);
    this.more();
  }
}
