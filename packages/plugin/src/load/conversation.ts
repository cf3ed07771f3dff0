import type { Channel, Message } from '../confine/preload/lanes.ts';
import { Throttle } from '../confine/throttle.ts';
import type { CallSettings, LoadLimits } from './api.ts';
import { Deadlines } from './deadlines.ts';
import { LoadFailureError, LoadNotFoundError, LoadRefusedError, type LoadError } from './errors.ts';
import { itemsOf, namesOf, pack, packedOf, textOf, tooLarge } from './message-parts.ts';
import { Pending, type Keeper } from './pending.ts';
import { Inbox } from './runner/inbox.ts';
import { streamWindow, type ToPlugin } from './runner/protocol.ts';
import { unpackValue } from './runner/values.ts';

export interface Listeners {
  readonly event: (name: string, data: unknown) => void;
  readonly log: (line: string) => void;
  /** It breaks the protocol, or does not answer: it is to be ended. */
  readonly fault: (why: string) => void;
  readonly hung: () => void;
}

/** The host's end of one process's call lane. What comes is checked before it is believed. */
export class Conversation {
  /** Settles when its module was loaded, with the names of its functions, or has failed; never, if it ends before. */
  readonly up: Promise<readonly string[] | LoadFailureError>;
  readonly #channel: Channel;
  readonly #limits: LoadLimits;
  readonly #listeners: Listeners;
  readonly #clean: (text: string) => string;
  readonly #pending = new Map<number, Pending>();
  readonly #throttle: Throttle;
  #up: (names: readonly string[] | LoadFailureError) => void = () => undefined;
  #next = 1;
  #names: readonly string[] = [];
  #ended: Error | null = null;
  #hungTimer: NodeJS.Timeout | null = null;

  /** `clean` takes what tells about this host out of a text. */
  constructor(channel: Channel, limits: LoadLimits, listeners: Listeners, clean: (text: string) => string) {
    this.#channel = channel;
    this.#limits = limits;
    this.#listeners = listeners;
    this.#clean = clean;
    this.up = new Promise((resolve) => (this.#up = resolve));
    this.#throttle = new Throttle(
      limits.messagesPerSecond,
      () => channel.pause(),
      () => channel.resume(),
    );
  }

  /** What came before is heard now: whoever is told of a fault must be able to end the process by then. */
  listen(): void {
    this.#channel.onMessage((message) => {
      try {
        this.#receive(message);
      } catch (error) {
        this.#listeners.fault(error instanceof Error ? error.message : 'a message that is none');
      }
    });
  }

  get inFlight(): number {
    return this.#pending.size;
  }

  /** Settles all that waits. */
  end(error: Error): void {
    this.#ended ??= error;
    this.#throttle.stop();
    if (this.#hungTimer !== null) clearTimeout(this.#hungTimer);
    for (const pending of this.#pending.values()) pending.settle({ error: this.#ended });
    this.#keeper.deadlines.close();
  }

  async call(name: string, params: unknown, settings: CallSettings): Promise<unknown> {
    settings.signal?.throwIfAborted();
    if (this.#ended !== null) throw this.#ended;
    if (this.#pending.size >= this.#limits.callsAtOnce)
      throw new LoadRefusedError('TOO_MANY_CALLS', `${this.#pending.size} calls are under way`);
    const { packed, bytes } = pack(params);
    const items = settings.input === undefined ? null : itemsOf(settings.input);
    const id = this.#next++;
    const { signal, timeoutMs = this.#limits.callTimeMs } = settings;
    return await new Promise((resolve, reject) => {
      const pending = new Pending(id, name, { signal, timeoutMs }, this.#keeper, [resolve, reject]);
      this.#pending.set(id, pending);
      try {
        this.#send({ t: 'call', id, name, input: items !== null, v: packed }, bytes);
      } catch (error) {
        pending.settle({ error: tooLarge(error) });
        return;
      }
      if (items !== null) void this.#feed(pending, items);
    });
  }

  readonly #keeper: Keeper = {
    gone: ({ id }) => void this.#pending.delete(id),
    aborted: (call, reason) => this.#abandon(call, reason),
    deadlines: new Deadlines((call) => {
      const error = `${call.name} did not answer within ${call.timeoutMs} ms`;
      const hint =
        'it was told to stop; a call is given more time with timeoutMs, all of them with limits.callTimeMs';
      this.#abandon(call, new LoadFailureError('CALL_TIMEOUT', error, { hint }));
      this.#ping(call.id);
    }),
  };

  #abandon(call: Pending, error: unknown): void {
    if (call.over) return;
    this.#send({ t: 'abort', id: call.id, why: error instanceof Error ? error.message : 'aborted' });
    call.settle({ error });
  }

  #begin(call: Pending): void {
    const inbox = new Inbox((n) => this.#send({ t: 'pull', id: call.id, n }));
    call.begin(inbox, this.#stream(call, inbox));
  }

  /** What the caller reads: leaving it ends the call, and each wait has its time. */
  #stream(pending: Pending, inbox: Inbox): AsyncIterableIterator<unknown> {
    const leave = (): void => {
      if (pending.over) return;
      this.#send({ t: 'abort', id: pending.id, why: 'nobody reads on' });
      pending.done();
    };
    const stream: AsyncIterableIterator<unknown> = {
      next: async () => {
        if (inbox.waiting === 0 && !pending.over) pending.timer(true);
        try {
          return await inbox.next();
        } finally {
          pending.timer(false);
        }
      },
      return: async () => {
        leave();
        return inbox.return();
      },
      throw: async (error) => {
        leave();
        await inbox.return();
        throw error;
      },
      [Symbol.asyncIterator]: () => stream,
    };
    return stream;
  }

  /** The caller's stream, item by item, no faster than the plugin takes it. */
  async #feed(pending: Pending, iterator: AsyncIterator<unknown>): Promise<void> {
    const { id } = pending;
    try {
      for (;;) {
        while (pending.credit === 0 && !pending.over)
          await new Promise<void>((resolve) => (pending.more = resolve));
        if (pending.over) return void (await iterator.return?.());
        const next = await iterator.next();
        if (pending.over) return void (await iterator.return?.());
        if (next.done === true) return this.#send({ t: 'inEnd', id, error: null });
        pending.credit--;
        const { packed, bytes } = pack(next.value);
        this.#send({ t: 'in', id, v: packed }, bytes);
        await this.#channel.drained();
      }
    } catch (error) {
      if (pending.over) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#send({ t: 'inEnd', id, error: this.#clean(message.slice(0, 2000)) });
      if (error instanceof LoadFailureError || error instanceof RangeError)
        pending.settle({ error: error instanceof RangeError ? tooLarge(error) : error });
    }
  }

  /** @throws RangeError */
  #send(message: ToPlugin, bytes?: Uint8Array): void {
    this.#channel.send(message, bytes);
  }

  /** One that is busy still answers this; one that loops does not. */
  #ping(id: number): void {
    if (this.#hungTimer !== null || this.#ended !== null) return;
    this.#send({ t: 'ping', id });
    this.#hungTimer = setTimeout(() => this.#listeners.hung(), this.#limits.hungTimeMs);
  }

  #receive({ value: message, bytes, weight }: Message): void {
    if (typeof message !== 'object' || message === null) throw new TypeError('no message');
    const t: unknown = Reflect.get(message, 't');
    const id: unknown = Reflect.get(message, 'id');
    if (t !== 'ok' && t !== 'item' && t !== 'event' && t !== 'log') this.#throttle.count(weight - 1); // what carries no value is small
    if (t === 'up') {
      const settle = this.#up;
      this.#up = () => {
        throw new TypeError('it says twice that it is up');
      };
      const failed = Reflect.get(message, 'error') !== null;
      if (failed) return settle(this.#loadFault(message));
      this.#names = namesOf(Reflect.get(message, 'functions'));
      return settle(this.#names);
    }
    if (t === 'event') {
      this.#throttle.count(weight);
      return this.#listeners.event(textOf(message, 'event', 200), unpackValue(packedOf(message), bytes));
    }
    if (t === 'log') {
      this.#throttle.count(weight);
      return this.#listeners.log(textOf(message, 'text', this.#limits.logLineBytes));
    }
    if (t === 'pong') {
      if (this.#hungTimer === null) throw new TypeError('a pong that nobody asked for');
      clearTimeout(this.#hungTimer);
      this.#hungTimer = null;
      return;
    }
    if (typeof id !== 'number' || !(id > 0) || id >= this.#next)
      throw new TypeError('an answer to what was never asked');
    const pending = this.#pending.get(id);
    if (pending === undefined) return this.#throttle.count(weight); // nobody waits for it any more
    this.#answer(String(t), pending, message, bytes);
  }

  #answer(t: string, pending: Pending, message: object, bytes: Uint8Array | null): void {
    const { inbox } = pending;
    if (t === 'ok' && inbox === null) pending.settle({ value: unpackValue(packedOf(message), bytes) });
    else if (t === 'err') pending.settle({ error: this.#fault(pending.name, message) });
    else if (t === 'stream' && inbox === null) this.#begin(pending);
    else if (t === 'item' && inbox !== null) {
      if (inbox.waiting >= 2 * streamWindow) throw new TypeError('more items than were asked for');
      inbox.push(unpackValue(packedOf(message), bytes));
    } else if (t === 'end' && inbox !== null) pending.settle({ value: undefined });
    else if (t === 'pull') {
      const n: unknown = Reflect.get(message, 'n');
      if (typeof n !== 'number' || !(n > 0) || pending.credit + n > streamWindow)
        throw new TypeError('a pull of what was never sent');
      pending.credit += n;
      pending.more();
    } else throw new TypeError(`an answer that does not fit its call`);
  }

  #loadFault(message: object): LoadFailureError {
    const text = this.#clean(textOf(message, 'error', 2000));
    return new LoadFailureError('PLUGIN_LOAD', `its module could not be loaded: ${text}`);
  }

  #fault(name: string, message: object): LoadError {
    const text = this.#clean(textOf(message, 'message', 2000));
    const kind: unknown = Reflect.get(message, 'code');
    if (kind === 'missing')
      return new LoadNotFoundError('NO_SUCH_FUNCTION', `the plugin exports no function ${name}`, {
        hint:
          this.#names.length === 0 ? 'it exports none' : `it exports ${this.#names.slice(0, 20).join(', ')}`,
      });
    if (kind === 'value')
      return new LoadFailureError('BAD_VALUE', `what ${name} returned is no JSON: ${text}`);
    if (kind === 'size')
      return new LoadFailureError('VALUE_TOO_LARGE', `what ${name} returned is too large: ${text}`);
    return new LoadFailureError('PLUGIN_THREW', `${name}: ${textOf(message, 'name', 100)}: ${text}`);
  }
}
