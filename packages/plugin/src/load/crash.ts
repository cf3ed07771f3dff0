import { ConfineError } from '../confine/errors.ts';
import type { RestartPolicy } from './api.ts';
import { LoadFailureError } from './errors.ts';

/** Ended by itself, or for using too much: worth another start. What breaks the rules of the channel is not. */
export function isCrash(error: Error): boolean {
  if (!(error instanceof ConfineError))
    return error instanceof LoadFailureError && error.code === 'PLUGIN_HUNG';
  return ['PLUGIN_CRASHED', 'CHANNEL_CLOSED', 'MEMORY_LIMIT', 'CPU_LIMIT', 'START_FAILED'].includes(
    error.code,
  );
}

export function gaveUp(name: string, { limit, windowMs }: RestartPolicy, cause: Error): LoadFailureError {
  return new LoadFailureError(
    'PLUGIN_GAVE_UP',
    `${name} ended more than ${limit} times within ${Math.round(windowMs / 1000)} s: ${cause.message}`,
    { cause },
  );
}
