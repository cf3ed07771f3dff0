import { randomBytes } from 'node:crypto';
import { StorageError } from '../errors.ts';
import type { TransportFailure } from '../http/failure.ts';
import type { StorageKey } from '../key.ts';
import type { ObjectMeta } from '../storage.ts';
import type { Outcome } from './caller.ts';
import type { Expected, Payload } from './dialect.ts';
import { headObject, type Reading } from './read.ts';
import { isPassing, pause, unavailable, type NotNow } from './retry.ts';
import { fateOf, writesField } from './writes.ts';

/**
 * A conditional write whose outcome is told truly. It carries an id of its own in the object's metadata: when an answer is
 * lost, or says "try again", the object is read, and the ids there say what happened (`writes.ts`). Only while the object is still
 * as expected is the write sent again, under the same condition and id, so that it happens once at most.
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
  const { dialect, caller, policy, seen } = reading;
  const before = await writesBefore(reading, key, expected, signal);
  if (before === null) return null;
  const writeId = randomBytes(8).toString('hex');
  const writes = writesField(writeId, before);
  let unknown: NotNow | TransportFailure | null = null;
  for (let tried = 1; ; tried++) {
    const draft = dialect.put(dialect.prefix + key, payload, meta, expected, writes);
    let outcome: Outcome | null = null;
    try {
      outcome = await caller.call(draft, signal, { condition: expected });
    } catch (error) {
      if (!isPassing(error)) throw error;
      unknown = error;
    }
    if (outcome?.kind === 'done') {
      const etag = dialect.putEtag(outcome.answer);
      seen.remember(key, etag, writes.split(','));
      return etag;
    }
    if (outcome !== null && outcome.kind !== 'lost') throw noFit(key);
    const lost = outcome !== null;
    if (lost && unknown === null && (expected === null || dialect.respell === undefined)) return null;

    if (!lost) await pause(policy, tried, signal);
    const now = await headObject(reading, key, signal);
    if (now?.writes[0] === writeId) return now.info.etag;
    if ((now?.info.etag ?? null) === expected) {
      if (lost ? dialect.respell?.(draft) === true : tried < policy.attempts) continue;
      if (unknown !== null) throw unavailable(key, unknown, tried); // it may still be on its way
    }
    if (unknown === null) return null;
    const fate = fateOf(writeId, now?.writes ?? [], before);
    if (fate === 'lost') return null;
    if (fate === 'written') return `overtaken-${writeId}`; // no etag that anything has now
    throw unavailable(key, unknown, tried);
  }
}

/** The ids of what is to be replaced; `null`: that is not there any more. Asked for only if it was not just read. */
async function writesBefore(
  reading: Reading,
  key: StorageKey,
  expected: Expected,
  signal: AbortSignal | undefined,
): Promise<readonly string[] | null> {
  if (expected === null) return [];
  const seen = reading.seen.of(key, expected);
  if (seen !== null) return seen;
  const found = await headObject(reading, key, signal);
  return found?.info.etag === expected ? found.writes : null;
}

function noFit(key: StorageKey): StorageError {
  return new StorageError('STORAGE_UNAVAILABLE', `${key}: an answer that fits no write`);
}
