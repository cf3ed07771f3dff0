import type { ConfineOptions, DeniedAccess } from './api.ts';
import type { ConfineLimits } from './limits.ts';
import type { Channel, Message } from './preload/lanes.ts';

const capabilities = [
  'fs.read',
  'fs.write',
  'net.connect',
  'exec',
  'worker',
  'native',
  'eval',
  'code',
] as const;

/** The host's end of the lane on which a confined process reports, and asks the broker. Whatever it says is only its word. */
export class Control {
  readonly ready: Promise<void>;
  readonly #onDenied: ((access: DeniedAccess) => void) | undefined;
  readonly #limits: ConfineLimits;
  #denied = 0;
  #second = 0;
  #inSecond = 0;

  constructor(lane: Channel, options: Pick<ConfineOptions, 'grant' | 'onDenied'>, limits: ConfineLimits) {
    this.#onDenied = options.onDenied;
    this.#limits = limits;
    this.ready = new Promise((resolve) => {
      lane.onMessage((message) => {
        if (has(message, 'ready')) resolve();
        else if (has(message, 'denied')) this.#report(message);
      });
    });
  }

  usage(): { readonly connections: number; readonly networkBytes: number; readonly denied: number } {
    return { connections: 0, networkBytes: 0, denied: this.#denied };
  }

  close(): void {
    // nothing yet
  }

  #report({ value }: Message): void {
    this.#denied++;
    const second = Math.floor(performance.now() / 1000);
    this.#inSecond = second === this.#second ? this.#inSecond + 1 : 1;
    this.#second = second;
    if (this.#onDenied === undefined || this.#inSecond > this.#limits.deniedPerSecond) return;
    if (typeof value !== 'object' || value === null) return;
    const said: unknown = Reflect.get(value, 'denied');
    const capability = capabilities.find((one) => one === said) ?? 'other';
    this.#onDenied({ capability, what: String(Reflect.get(value, 'what')).slice(0, 300) });
  }
}

function has({ value }: Message, member: string): boolean {
  return typeof value === 'object' && value !== null && member in value;
}
