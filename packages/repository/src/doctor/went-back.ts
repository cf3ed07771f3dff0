import type { Storage } from '@ragnos/storage';
import { PublishError } from '../errors.ts';
import { HeadReader } from '../head.ts';
import { seenMemory } from '../seen.ts';
import { finding, type Finding } from './rules.ts';

/** The store against what this vault saw before, by the very rule that a publish obeys. Remembers nothing. */
export async function wentBack(
  storage: Storage,
  staging: string,
  signal: AbortSignal | undefined,
): Promise<readonly Finding[]> {
  const memory = { ...seenMemory(staging), save: () => Promise.resolve() };
  try {
    await new HeadReader(storage, memory, undefined).read({ orPreviousRoot: true, signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof PublishError && error.code === 'STORE_WENT_BACK')
      return [
        finding(
          'store-went-back',
          error.message,
          error.hint ?? 'put the newest copy of the store back: nothing is signed on an older one',
        ),
      ];
    // Whatever else is wrong with the head, the other rules tell.
  }
  return [];
}
