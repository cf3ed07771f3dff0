import { read, StorageError, type Storage } from '@ragnos/storage';
import { defaultLimits, type HexDigest, type RoleName } from '@ragnos/tuf';
import { PublishError } from './errors.ts';
import type { Attempt, Journal } from './journal.ts';
import { metadataKey } from './keys.ts';
import { objectMeta } from './object-meta.ts';
import { putFresh, type FreshOptions, type Stored } from './retention/publisher.ts';
import { sha256 } from './signed.ts';
import type { CallOptions, Content } from './types.ts';

const atOnce = 8;
const numbersTried = 1000;

/** At most eight at a time; after the first failure none is begun, and all that began have ended when this rejects. */
export async function inParallel<T>(items: Iterable<T>, run: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true && !failed; next = iterator.next()) {
      try {
        await run(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const results = await Promise.allSettled(Array.from({ length: atOnce }, worker));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/**
 * Stored under its digest, so that what an earlier try left there is used if it is the same, and refused if not. Resolves with
 * what was there so long that `gc` may take it for a leftover, and was written again: to be looked at after the commit.
 */
export async function putContents(
  storage: Storage,
  contents: ReadonlyMap<string, Content>,
  options: FreshOptions,
): Promise<ReadonlyMap<string, Content>> {
  const rewritten = new Map<string, Content>();
  await inParallel(contents, async ([key, content]) => {
    const stored = await putFresh(storage, key, content, options);
    if (stored === 'rewritten') rewritten.set(key, content);
  });
  return rewritten;
}

export interface Written {
  readonly version: number;
  readonly bytes: Uint8Array;
  readonly digest: HexDigest;
}

export interface PutVersionedOptions extends CallOptions {
  /** Told what is about to be stored; again, should its number turn out to be taken. */
  readonly onSigned?: (file: Written) => void;
}

/**
 * Writes a versioned file under the first number from `version` on that nobody occupies: crashed and racing publishes leave
 * gaps, and a version never gets a second content. `make` signs for a number.
 */
export async function putVersioned(
  storage: Storage,
  role: RoleName,
  version: number,
  make: (version: number) => Promise<Uint8Array>,
  attempt: Attempt,
  journal: Journal,
  options: PutVersionedOptions,
): Promise<Written> {
  for (let next = version; next < version + numbersTried; next++) {
    const key = metadataKey(role, next);
    if ((await storage.head(key, options)) !== null) continue;
    const bytes = await make(next);
    const digest = sha256(bytes);
    attempt.files.set(key, digest);
    await journal.note(attempt);
    const written = { version: next, bytes, digest };
    options.onSigned?.(written);
    if (await created(storage, key, bytes, options)) return written;
    attempt.files.delete(key);
  }
  throw new PublishError(
    'CONFLICT',
    `${role}: versions ${version} to ${version + numbersTried} are all taken`,
  );
}

/**
 * A file that was signed elsewhere keeps its number. It is not noted in the journal: another door may publish the same bytes,
 * and what one leaves behind the other needs.
 * @throws PublishError CONFLICT where the number is taken by other content
 */
export async function putBrought(
  storage: Storage,
  role: RoleName,
  version: number,
  bytes: Uint8Array,
  options: FreshOptions,
): Promise<Stored> {
  try {
    return await putFresh(storage, metadataKey(role, version), bytes, options);
  } catch (cause) {
    if (!(cause instanceof StorageError && cause.code === 'STORAGE_CONFLICT')) throw cause;
    throw new PublishError('CONFLICT', `${role}: version ${version} is taken by other content`, {
      cause,
      hint: 'sign it under the next version',
    });
  }
}

/**
 * A put whose answer was lost happened if the bytes are there: they hold a signature, so nobody else wrote the same. A key that
 * was occupied and is free a moment later belonged to a publish that lost its race; its number is not taken either.
 */
async function created(
  storage: Storage,
  key: ReturnType<typeof metadataKey>,
  bytes: Uint8Array,
  options: CallOptions,
): Promise<boolean> {
  try {
    return (await storage.putIfAbsent(key, bytes, objectMeta(key), options)).created;
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    const unknown = error.code === 'STORAGE_UNAVAILABLE';
    if (!unknown && error.code !== 'STORAGE_CONFLICT') throw error;
    const found = await read(storage, key, { maxLength: defaultLimits.targetsMaxLength, ...options });
    if (found === null && unknown) throw error;
    return found !== null && Buffer.compare(found.bytes, bytes) === 0;
  }
}
