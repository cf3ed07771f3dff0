import type { CallSettings } from './api.ts';
import type { Inbox } from './runner/inbox.ts';
import { streamWindow } from './runner/protocol.ts';

export type Outcome = { readonly value: unknown } | { readonly error: unknown };

/** Whoever keeps a call: is told when nobody waits for it any more. */
export interface Keeper {
  readonly gone: (call: Pending) => void;
  /** The time for its next word is over. */
  readonly late: (call: Pending, timeoutMs: number) => void;
  readonly aborted: (call: Pending, reason: unknown) => void;
}

const nothing = (): void => undefined;

/** A call that was made and is not over. */
export class Pending {
  readonly id: number;
  readonly name: string;
  /** Once its answer is a stream. */
  inbox: Inbox | null = null;
  /** Items of its input that may still be sent. */
  credit = streamWindow;
  /** Called when there is more of it. */
  more: () => void = nothing;
  readonly #keeper: Keeper;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: (() => void) | null;
  #timer: NodeJS.Timeout | undefined;
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
    this.#timeoutMs = timeoutMs;
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
    clearTimeout(this.#timer);
    this.#timer = run
      ? setTimeout(() => this.#keeper.late(this, this.#timeoutMs), this.#timeoutMs)
      : undefined;
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
    clearTimeout(this.#timer);
    if (this.#onAbort !== null) this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#keeper.gone(this);
    this.more();
  }
}
