import { randomBytes } from 'node:crypto';
import { StorageError } from '../errors.ts';
import type { StorageKey } from '../key.ts';
import type { ObjectMeta } from '../storage.ts';
import type { Outcome } from './caller.ts';
import type { Expected, Payload } from './dialect.ts';
import { headObject, type Reading } from './read.ts';
import { isPassing, pause, unavailable, type NotNow } from './retry.ts';
import type { TransportFailure } from '../http/failure.ts';

/**
 * A conditional write whose outcome is always told truly. Each write carries an id of its own in the object's metadata: when an
 * answer is lost, or says "try again", the object is read, and the id says whether it is ours. Only while the object is
 * still as expected is the write sent again, under the same condition and id, so that it happens once at most.
 *
 * Resolves with the new etag, or with `null`: somebody else was first. Throws STORAGE_UNAVAILABLE when it may or may not have happened.
 */
export async function writeObject(
  reading: Reading,
  key: StorageKey,
  payload: Payload,
  meta: ObjectMeta,
  expected: Expected,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const { dialect, caller, policy } = reading;
  const writeId = randomBytes(12).toString('hex');
  let unknown: NotNow | TransportFailure | null = null;
  for (let tried = 1; ; tried++) {
    const draft = dialect.put(dialect.prefix + key, payload, meta, expected, writeId);
    let outcome: Outcome | null = null;
    try {
      outcome = await caller.call(draft, signal, { condition: expected });
    } catch (error) {
      if (!isPassing(error)) throw error;
      unknown = error;
    }
    if (outcome?.kind === 'done') return dialect.putEtag(outcome.answer);
    if (outcome !== null && outcome.kind !== 'lost') throw noFit(key);
    if (unknown === null && (expected === null || dialect.respell === undefined)) return null;

    if (outcome === null) {
      if (tried >= policy.attempts) throw unknown === null ? noFit(key) : unavailable(key, unknown, tried);
      await pause(policy, tried, signal);
    }
    const now = await headObject(reading, key, signal);
    if (now?.writeId === writeId) return now.info.etag;
    const asExpected = (now?.info.etag ?? null) === expected;
    if (outcome === null) {
      if (asExpected) continue;
      if (expected === null) return null;
    } else {
      if (asExpected && dialect.respell?.(draft) === true) continue;
      if (unknown === null || (expected === null && now !== null)) return null;
    }
    // Ours may have been first, and another's came on top of it: nobody but the content can tell.
    throw unknown === null ? noFit(key) : unavailable(key, unknown, tried);
  }
}

function noFit(key: StorageKey): StorageError {
  return new StorageError('STORAGE_UNAVAILABLE', `${key}: an answer that fits no write`);
}
