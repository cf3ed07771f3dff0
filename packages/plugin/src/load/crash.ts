import { ConfineError } from '../confine/errors.ts';
import { defaultRestart, type RestartPolicy } from './api.ts';
import { LoadFailureError } from './errors.ts';

/** Ended by itself, or for using too much: worth another start. What breaks the rules of the channel is not. */
function isCrash(error: Error): boolean {
  if (!(error instanceof ConfineError))
    return error instanceof LoadFailureError && error.code === 'PLUGIN_HUNG';
  return ['PLUGIN_CRASHED', 'CHANNEL_CLOSED', 'MEMORY_LIMIT', 'CPU_LIMIT', 'START_FAILED'].includes(
    error.code,
  );
}

/** How often one plugin ended lately, and when it is started again. */
export class Restarts {
  readonly #policy: RestartPolicy | null;
  readonly #crashes: number[] = [];

  /** `null` = never again. */
  constructor(given: Partial<RestartPolicy> | null | undefined) {
    this.#policy = given === null ? null : { ...defaultRestart, ...given };
  }

  /** Counts an end for `error`. How many milliseconds until the next start; `null` = there is none. */
  pauseAfter(error: Error): number | null {
    if (this.#policy === null || !isCrash(error)) return null;
    const { backoffMs, maxBackoffMs, limit, windowMs } = this.#policy;
    const now = performance.now();
    this.#crashes.push(now);
    while (this.#crashes.length > 0 && now - (this.#crashes[0] ?? now) > windowMs) this.#crashes.shift();
    if (this.#crashes.length > limit) return null;
    const pause = Math.min(maxBackoffMs, backoffMs * 2 ** (this.#crashes.length - 1));
    return pause * (0.5 + Math.random() / 2); // not all plugins of a host in one moment
  }

  /** Why it stays down that ended for `error`, once `pauseAfter` said so. */
  verdict(name: string, error: Error): Error {
    if (this.#policy === null || !isCrash(error)) return error;
    const { limit, windowMs } = this.#policy;
    return new LoadFailureError(
      'PLUGIN_GAVE_UP',
      `${name} ended more than ${limit} times within ${Math.round(windowMs / 1000)} s: ${error.message}`,
      { cause: error },
    );
  }
}
