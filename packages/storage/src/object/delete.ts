import { StorageError } from '../errors.ts';
import type { StorageKey } from '../key.ts';
import { headObject, type Reading } from './read.ts';
import { isPassing, pause, unavailable, type NotNow } from './retry.ts';
import type { TransportFailure } from '../http/failure.ts';

/**
 * Deletes what is there now, and nothing that comes after it: a deletion whose answer was lost is not blindly sent again, since
 * the name may have been given to another object meanwhile.
 */
export async function deleteObject(
  reading: Reading,
  key: StorageKey,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { dialect, caller, policy } = reading;
  let meant = (await headObject(reading, key, signal))?.info.etag;
  let unknown: NotNow | TransportFailure | null = null;
  for (let tried = 1; meant !== undefined; tried++) {
    const draft = dialect.delete(dialect.prefix + key, meant);
    let lost = false;
    try {
      lost = (await caller.call(draft, signal, { condition: meant })).kind === 'lost';
      if (!lost) return;
    } catch (error) {
      if (!isPassing(error)) throw error;
      unknown = error;
      await pause(policy, tried, signal);
    }
    const now: string | undefined = (await headObject(reading, key, signal))?.info.etag;
    if (now === undefined || (unknown !== null && now !== meant)) return;
    if (lost && now === meant && dialect.respell?.(draft) === true) continue;
    if (tried >= policy.attempts)
      throw unknown === null
        ? new StorageError('STORAGE_UNAVAILABLE', `${key}: it is replaced faster than it can be deleted`)
        : unavailable(key, unknown, tried);
    meant = now;
  }
}
