import { StorageError } from '../errors.ts';
import type { StorageKey } from '../key.ts';
import { resolveRange } from '../range.ts';
import type { ByteRange, GetOptions, ObjectInfo, StoredObject } from '../storage.ts';
import { sizeOf, type Caller } from './caller.ts';
import type { Dialect, Found } from './dialect.ts';
import type { SeenWrites } from './writes.ts';
import { isPassing, NotNow, pause, repeated, unavailable, type RetryPolicy } from './retry.ts';

/** Read at once with the object's headers; most objects of a repository are smaller, and cost one request. */
const firstLength = 1024 * 1024;
const pieceLength = 64 * 1024;

export interface Reading {
  readonly dialect: Dialect;
  readonly caller: Caller;
  readonly policy: RetryPolicy;
  readonly seen: SeenWrites;
}

/** `null`: there is none. */
export async function headObject(
  { dialect, caller, policy, seen }: Reading,
  key: StorageKey,
  signal: AbortSignal | undefined,
): Promise<Found | null> {
  const name = dialect.prefix + key;
  return repeated(policy, key, signal, async () => {
    const outcome = await caller.call(dialect.head(name), signal);
    if (outcome.kind === 'absent') return null;
    if (outcome.kind !== 'done') throw new NotNow(`${key}: an answer that fits no question`);
    const found = dialect.found(key, outcome.answer);
    seen.remember(key, found.info.etag, found.writes);
    return found;
  });
}

/** Nothing is held open between `get` and the reading of the body: what came with the headers is at hand, the rest is asked for then. */
export async function getObject(
  reading: Reading,
  key: StorageKey,
  options: GetOptions,
): Promise<StoredObject | null> {
  const { dialect, caller, policy, seen } = reading;
  const { range, maxLength = Infinity, signal } = options;
  signal?.throwIfAborted();
  const start = range?.start ?? 0;
  if (!isOffset(start) || (range?.end !== undefined && !(isOffset(range.end) && range.end > start)))
    return refuseRange(reading, key, options);
  const wanted = Math.min((range?.end ?? Infinity) - start, Math.max(1, maxLength), firstLength);
  const draft = dialect.get(dialect.prefix + key, { start, end: start + wanted }, null);
  const outcome = await repeated(
    policy,
    key,
    signal,
    () => caller.call(draft, signal, { answerMaxLength: wanted + 65_536 }), // or an error's text
  );
  if (outcome.kind === 'absent') return null;
  if (outcome.kind !== 'done') return refuseRange(reading, key, options);
  const { answer } = outcome;
  const { info, writes } = dialect.found(key, answer);
  seen.remember(key, info.etag, writes);
  const { end } = resolveRange(info, options);
  const got = Math.min(wanted, info.size - start);
  const whole = answer.status === 200 && start === 0 && sizeOf(answer.header('content-range')) === null;
  if (answer.bytes.length !== got || (answer.status !== 206 && !whole))
    throw new StorageError(
      'STORAGE_UNAVAILABLE',
      `${key}: the store answers another range than it was asked for`,
      {
        hint: 'something between here and the store changes answers',
      },
    );
  return { info, body: bodyOf(reading, info, answer.bytes.subarray(0, end - start), start, end, signal) };
}

/** What a store can only say by refusing: whether there is such an object, and how long it is. Empty objects end here too. */
async function refuseRange(
  reading: Reading,
  key: StorageKey,
  options: GetOptions,
): Promise<StoredObject | null> {
  const found = await headObject(reading, key, options.signal);
  if (found === null) return null;
  const { start, end } = resolveRange(found.info, options);
  return {
    info: found.info,
    body: bodyOf(reading, found.info, new Uint8Array(0), start, end, options.signal),
  };
}

async function* bodyOf(
  { caller, policy }: Reading,
  info: ObjectInfo,
  first: Uint8Array,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  signal?.throwIfAborted();
  for (let at = 0; at < first.length; at += pieceLength) {
    signal?.throwIfAborted();
    yield first.subarray(at, at + pieceLength);
  }
  let position = start + first.length;
  for (let tried = 1; position < end; tried++) {
    signal?.throwIfAborted();
    const before: number = position;
    try {
      const span: Required<ByteRange> = { start: position, end };
      for await (const piece of caller.download(info.key, span, info.etag, signal)) {
        signal?.throwIfAborted();
        position += piece.length;
        yield piece;
      }
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (position > before) tried = 1; // it goes on where it was cut, as long as it goes on
      if (tried >= policy.attempts) throw unavailable(info.key, error, tried);
      await pause(policy, tried, signal);
    }
  }
}

function isOffset(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}
