import type { StorageKey } from '../key.ts';

/**
 * Each object carries the ids of the writes that led to it, newest first, in one field of its metadata. They decide what an
 * answer that never came would have said: an id among them was written; one that is not, though they reach back to what it
 * was to replace, was not and never will be.
 */
export const writesMax = 16;
const id = /^[0-9a-f]{16}$/;

export function writesOf(field: string | undefined): readonly string[] {
  const ids = field === undefined ? [] : field.split(',');
  return ids.length <= writesMax && ids.every((one) => id.test(one)) ? ids : [];
}

/** The field of a write on top of others. */
export function writesField(writeId: string, before: readonly string[]): string {
  return [writeId, ...before].slice(0, writesMax).join(',');
}

export type Fate = 'written' | 'lost' | 'unknown';

/** What became of `writeId`, by the ids of what is there `now`, not as expected any more; `before`: of what it was to replace. */
export function fateOf(writeId: string, now: readonly string[], before: readonly string[]): Fate {
  if (now.includes(writeId)) return 'written';
  const [newest] = before;
  const anchored = newest === undefined ? now.length > 0 && now.length < writesMax : now.includes(newest);
  return anchored ? 'lost' : 'unknown';
}

/** The ids seen with the newest etags, so that a swap of what was just read asks for nothing twice. */
export class SeenWrites {
  readonly #max = 256;
  readonly #seen = new Map<StorageKey, { readonly etag: string; readonly writes: readonly string[] }>();

  remember(key: StorageKey, etag: string, writes: readonly string[]): void {
    this.#seen.delete(key);
    this.#seen.set(key, { etag, writes });
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > this.#max && oldest !== undefined) this.#seen.delete(oldest);
  }

  /** `null`: not seen, or with another etag. */
  of(key: StorageKey, etag: string): readonly string[] | null {
    const seen = this.#seen.get(key);
    return seen?.etag === etag ? seen.writes : null;
  }
}
