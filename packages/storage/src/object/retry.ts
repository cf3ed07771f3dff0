import { setTimeout as sleep } from 'node:timers/promises';
import { TransportFailure } from '../http/failure.ts';
import { StorageError } from '../errors.ts';

/** How often and how long a store that does not answer is asked again. */
export interface RetryPolicy {
  /** The first included. */
  readonly attempts: number;
  /** Before the second attempt; doubles, with full jitter. */
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { attempts: 6, backoffMs: 100, backoffMaxMs: 3000 };

/** Nothing, or not the whole, was answered; the message is for the error that follows if it stays so. */
export class NotNow extends Error {
  override readonly name = 'NotNow';
}

/** Full jitter: whoever was turned away together does not come back together. */
export async function pause(
  policy: RetryPolicy,
  attempt: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const most = Math.min(policy.backoffMaxMs, policy.backoffMs * 2 ** (attempt - 1));
  try {
    await sleep(Math.random() * most, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted(); // the caller's own reason, not the timer's
    throw error;
  }
}

export function isPassing(error: unknown): error is NotNow | TransportFailure {
  return error instanceof NotNow || error instanceof TransportFailure;
}

export function unavailable(where: string, error: NotNow | TransportFailure, attempts: number): StorageError {
  const network = error instanceof TransportFailure;
  const hint = network ? 'check the address and the network, and try again' : 'try again later';
  const times = attempts > 1 ? ` (asked ${attempts} times)` : '';
  return new StorageError('STORAGE_UNAVAILABLE', `${where}: ${error.message}${times}`, {
    hint,
    cause: error,
  });
}

/** For what changes nothing, or the same however often it is done. Throws STORAGE_UNAVAILABLE when no attempt was answered. */
export async function repeated<T>(
  policy: RetryPolicy,
  where: string,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let tried = 1; ; tried++) {
    try {
      return await attempt();
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (tried >= policy.attempts) throw unavailable(where, error, tried);
    }
    await pause(policy, tried, signal);
  }
}
