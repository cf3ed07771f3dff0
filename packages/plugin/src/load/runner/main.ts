/** Runs in the plugin's process: its exported functions are what the host may call. Nothing here is trusted by the host. */
import type { RunnerContext } from '../../confine/preload/begin.ts';
import { Inbox } from './inbox.ts';
import { streamWindow, type FaultCode, type FromPlugin } from './protocol.ts';
import { packValue, unpackValue } from './values.ts';

type Callable = (...args: readonly unknown[]) => unknown;

interface Call {
  /** Made when somebody asks for it: most never do. */
  abort: AbortController | null;
  /** Why nobody waits for it any more. */
  why: Error | null;
  readonly input: Inbox | null;
  /** Items that may still be sent. */
  credit: number;
  /** Called when there is more. */
  more: () => void;
}

function signalOf(call: Call): AbortSignal {
  call.abort ??= new AbortController();
  if (call.why !== null) call.abort.abort(call.why);
  return call.abort.signal;
}

/** @throws what cannot be sent */
type Send = (message: FromPlugin, bytes?: Uint8Array) => boolean;

export async function runner(context: RunnerContext): Promise<void> {
  const { channel } = context;
  const calls = new Map<number, Call>();
  const send: Send = (message, bytes) => channel.send(message, bytes);
  const functions = context.load().then(functionsOf);
  channel.onMessage(({ value: message, bytes }) => {
    if (typeof message !== 'object' || message === null) return;
    const [t, id] = [text(message, 't'), number(message, 'id')];
    const call = calls.get(id);
    if (t === 'call') void answer(message, id, bytes);
    else if (t === 'abort' && call !== undefined) {
      call.why = new Error(text(message, 'why'));
      call.abort?.abort(call.why);
    } else if (t === 'in') call?.input?.push(unpackValue(part(message), bytes));
    else if (t === 'inEnd') call?.input?.end(ended(message));
    else if (t === 'ping') send({ t: 'pong', id });
    else if (t === 'pull' && call !== undefined) {
      call.credit += number(message, 'n');
      call.more();
    }
  });

  async function answer(message: object, id: number, bytes: Uint8Array | null): Promise<void> {
    const input =
      Reflect.get(message, 'input') === true ? new Inbox((n) => void send({ t: 'pull', id, n })) : null;
    const call: Call = { abort: null, why: null, input, credit: streamWindow, more: () => undefined };
    calls.set(id, call);
    try {
      const name = text(message, 'name');
      const target = (await functions).get(name);
      if (target === undefined) return fail(id, 'missing', new Error(`it exports no function ${name}`));
      if (call.why !== null) return; // before it began
      const about = {
        get signal() {
          return signalOf(call);
        },
        emit,
        log,
        ...(input === null ? {} : { input }),
      };
      const result = await Promise.resolve(
        Reflect.apply(target, undefined, [unpackValue(part(message), bytes), about]),
      );
      if (isIterable(result)) await stream(id, call, result);
      else reply(id, result);
    } catch (error) {
      fail(id, 'thrown', error);
    } finally {
      calls.delete(id);
      input?.end(null);
    }
  }

  async function stream(id: number, call: Call, items: AsyncIterable<unknown>): Promise<void> {
    send({ t: 'stream', id });
    const signal = signalOf(call);
    const stopped = new Promise<null>((resolve) =>
      signal.addEventListener('abort', () => resolve(null), { once: true }),
    );
    const iterator = items[Symbol.asyncIterator]();
    for (;;) {
      while (call.credit === 0 && !signal.aborted)
        await Promise.race([new Promise<void>((resolve) => (call.more = resolve)), stopped]);
      const next = signal.aborted ? null : await Promise.race([iterator.next(), stopped]);
      if (next === null) return void iterator.return?.().then(undefined, () => undefined);
      if (next.done === true) break;
      call.credit--;
      const { packed, bytes } = packValue(next.value);
      if (!send({ t: 'item', id, v: packed }, bytes)) await channel.drained();
    }
    send({ t: 'end', id });
  }

  function reply(id: number, result: unknown): void {
    let made;
    try {
      made = packValue(result);
    } catch (error) {
      return fail(id, 'value', error);
    }
    try {
      send({ t: 'ok', id, v: made.packed }, made.bytes);
    } catch (error) {
      fail(id, 'size', error);
    }
  }

  function fail(id: number, code: FaultCode, error: unknown): void {
    const name = error instanceof Error ? error.name : 'Error';
    const message = error instanceof Error ? error.message : String(error);
    const wide = error instanceof RangeError && code === 'thrown' && message.startsWith('a message of ');
    send({
      t: 'err',
      id,
      code: wide ? 'size' : code,
      name: name.slice(0, 100),
      message: message.slice(0, 4000),
    });
  }

  /** For whoever listens on the host. Waits where many are under way; nobody has to wait for it. */
  async function emit(event: string, data?: unknown): Promise<void> {
    const { packed, bytes } = packValue(data);
    if (!send({ t: 'event', event: event.slice(0, 200), v: packed }, bytes)) await channel.drained();
  }

  function log(...parts: readonly unknown[]): void {
    const line = parts.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join(' ');
    send({ t: 'log', text: line.slice(0, 8000) });
  }

  try {
    const names = [...(await functions).keys()];
    send({ t: 'up', functions: names.slice(0, 1000).map((name) => name.slice(0, 200)), error: null });
  } catch (error) {
    const { name, message } = error instanceof Error ? error : new Error(String(error));
    send({ t: 'up', functions: [], error: `${name}: ${message}`.slice(0, 4000) });
  }
}

/** Exported functions; of a CommonJS module, those of what it exports. */
function functionsOf(module: object): ReadonlyMap<string, Callable> {
  const found = new Map<string, Callable>();
  const fallback: unknown = Reflect.get(module, 'default');
  // A function may be exported with others as its members, as lodash is.
  const whole = (typeof fallback === 'object' && fallback !== null) || isCallable(fallback) ? fallback : {};
  for (const from of [whole, module])
    for (const [name, value] of Object.entries(from)) if (isCallable(value)) found.set(name, value);
  return found;
}

function isCallable(value: unknown): value is Callable {
  return typeof value === 'function';
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

function text(from: object, name: string): string {
  return String(Reflect.get(from, name));
}

function number(from: object, name: string): number {
  return Number(Reflect.get(from, name));
}

function part(from: object): object {
  const packed: unknown = Reflect.get(from, 'v');
  return typeof packed === 'object' && packed !== null ? packed : {};
}

function ended(message: object): { readonly error: Error } | null {
  const error: unknown = Reflect.get(message, 'error');
  return typeof error === 'string' ? { error: new Error(error) } : null;
}
