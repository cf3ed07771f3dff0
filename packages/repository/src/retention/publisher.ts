import { readFile } from 'node:fs/promises';
import { putOnce, StorageError, storageKey, type Body, type Storage } from '@ragnos/storage';
import { PublishError } from '../errors.ts';
import { objectMeta } from '../object-meta.ts';
import { sha256 } from '../signed.ts';
import type { CallOptions, Content } from '../types.ts';
import { defaultGrace } from './times.ts';

export interface FreshOptions extends CallOptions {
  /** As `collect` has it, of whoever tidies up. */
  readonly grace?: number;
  /** The later of the clock and the newest time that the store has shown, such as that of its timestamp. */
  readonly now: Date;
}

/** `rewritten`: it was there, so old that it might be deleted any moment, and has a new time now. */
export type Stored = 'created' | 'same' | 'rewritten';

/**
 * Stores the content of a target under its key, which carries its digest. What a crashed publish left there may be garbage to
 * `collect`: when it is older than half the grace it is written again, which makes it young. Another half of the
 * grace is then left to name it in metadata; see `publishDeadline`.
 */
export async function putFresh(
  storage: Storage,
  key: string,
  content: Content,
  { grace = defaultGrace, now, signal }: FreshOptions,
): Promise<Stored> {
  const at = storageKey(key);
  const put = await putOnce(storage, at, bodyOf(content), objectMeta(key), { signal });
  if (put === 'created') return put;
  const found = await storage.head(at, { signal });
  if (found !== null && now.getTime() - found.modified.getTime() <= grace / 2) return 'same';
  if (found === null) {
    await putOnce(storage, at, bodyOf(content), objectMeta(key), { signal }); // deleted between the two
    return 'rewritten';
  }
  const bytes = content instanceof Uint8Array ? content : await readFile(content.file);
  if (!(content instanceof Uint8Array) && sha256(bytes) !== content.sha256)
    throw new StorageError('STORAGE_MISMATCH', `${content.file} changed while it was published`);
  const { swapped } = await storage.compareAndSwap(at, bytes, objectMeta(key), found.etag, { signal });
  if (!swapped) await putOnce(storage, at, bodyOf(content), objectMeta(key), { signal });
  return 'rewritten';
}

function bodyOf(content: Content): Body {
  return content instanceof Uint8Array
    ? content
    : { length: content.length, sha256: content.sha256, open: () => streamOf(content.file) };
}

async function* streamOf(file: string): AsyncGenerator<Uint8Array> {
  const { createReadStream } = await import('node:fs');
  const chunks: AsyncIterable<unknown> = createReadStream(file);
  for await (const chunk of chunks) if (chunk instanceof Uint8Array) yield chunk;
}

/** Half the grace, from the moment at which the first file of a publish was stored. Call `check` right before the commit. */
export interface Deadline {
  /** @throws PublishError CONFLICT: what was stored may be deleted as garbage soon, so it must not be named any more */
  check(): void;
}

export function publishDeadline(
  grace = defaultGrace,
  uptime: () => number = () => performance.now(),
): Deadline {
  const began = uptime();
  return {
    check() {
      const taken = uptime() - began;
      if (taken <= grace / 2) return;
      throw new PublishError(
        'CONFLICT',
        `this publish took ${Math.round(taken / 60_000)} min, and after ${Math.round(grace / 120_000)} its files may be deleted as leftovers`,
        { hint: 'nothing was published; try again: what is stored already is used' },
      );
    },
  };
}

/**
 * After a commit: stores again what was deleted in the moment between the last look of `collect` and the commit. Only what
 * `putFresh` called `rewritten` can be. Resolves with how many were gone.
 */
export async function restoreLost(
  storage: Storage,
  rewritten: ReadonlyMap<string, Content>,
  options: CallOptions = {},
): Promise<number> {
  let lost = 0;
  for (const [key, content] of rewritten) {
    if ((await storage.head(storageKey(key), options)) !== null) continue;
    lost++;
    await putOnce(storage, storageKey(key), bodyOf(content), objectMeta(key), options);
  }
  return lost;
}
