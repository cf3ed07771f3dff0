import { Broker } from './broker/broker.ts';
import { systemResolve } from './broker/dial.ts';
import type { ConfineOptions, DeniedAccess, DeniedReason } from './api.ts';
import type { ConfineLimits } from './limits.ts';
import type { Channel, Message } from './preload/lanes.ts';
import { Throttle } from './throttle.ts';

const capabilities = ['net.connect', 'exec', 'worker', 'native', 'eval', 'code'] as const;

/** The host's end of the lane on which a confined process reports, and asks the broker. Whatever it says is only its word. */
export class Control {
  /** It is there, and waits to be told what it may do. */
  readonly reached: Promise<void>;
  readonly ready: Promise<void>;
  readonly #broker: Broker;
  readonly #lane: Channel;
  readonly #onDenied: ((access: DeniedAccess) => void) | undefined;
  readonly #limits: ConfineLimits;
  readonly #throttle: Throttle;
  #denied = 0;
  #second = 0;
  #inSecond = 0;

  constructor(
    lane: Channel,
    options: Pick<ConfineOptions, 'grant' | 'onDenied' | 'resolve'>,
    limits: ConfineLimits,
  ) {
    this.#lane = lane;
    this.#onDenied = options.onDenied;
    this.#limits = limits;
    this.#throttle = new Throttle(
      limits.controlPerSecond,
      () => lane.pause(),
      () => lane.resume(),
    );
    const { connect } = options.grant;
    const denied = (what: string, why: DeniedReason): void => this.#report('net.connect', what, why);
    this.#broker = new Broker(lane, connect, limits, options.resolve ?? systemResolve, denied);
    const reached = Promise.withResolvers<void>();
    const ready = Promise.withResolvers<void>();
    this.reached = reached.promise;
    this.ready = ready.promise;
    lane.onMessage((message) => this.#receive(message, reached.resolve, ready.resolve));
  }

  #receive(message: Message, reached: () => void, ready: () => void): void {
    const { value } = message;
    if (typeof value === 'object' && value !== null) {
      if ('here' in value) reached();
      else if ('ready' in value) ready();
      else if ('denied' in value) this.#report(value.denied, Reflect.get(value, 'what'));
      else if (this.#broker.receive(message)) {
        this.#throttle.count(message.weight - 1); // what a connection carries has bounds of its own
        return;
      }
    }
    this.#throttle.count(message.weight);
  }

  usage(): { readonly connections: number; readonly networkBytes: number; readonly denied: number } {
    return { connections: this.#broker.connections, networkBytes: this.#broker.bytes, denied: this.#denied };
  }

  /** Asks the plugin to end, in words that a preload reads: a signal would only reach what stands around it. */
  end(): void {
    this.#lane.send({ stop: 1 });
  }

  close(): void {
    this.#throttle.stop();
    this.#broker.close();
  }

  #report(said: unknown, what: unknown, why?: DeniedReason): void {
    this.#denied++;
    const second = Math.floor(performance.now() / 1000);
    this.#inSecond = second === this.#second ? this.#inSecond + 1 : 1;
    this.#second = second;
    if (this.#onDenied === undefined || this.#inSecond > this.#limits.deniedPerSecond) return;
    const capability = capabilities.find((one) => one === said) ?? 'other';
    const reason = why ?? (capability === 'code' ? 'not-signed' : 'not-granted');
    this.#onDenied({ capability, what: String(what).slice(0, 300), reason, by: null });
  }
}
