import { setImmediate } from 'node:timers/promises';

/** Work that is begun while what it is made of may still change: then it is done once more, at the end. */
export interface Latest<T> {
  /** The first begins as soon as all that runs now waits; of all others the last counts, and waits for `after`. */
  begin(work: () => Promise<T>): void;
  /** What came of the last of them, once `all` has resolved. Where this rejects, nothing runs any more. */
  after(all: Promise<unknown>): Promise<T>;
}

/** `nothing`: where none was begun. `undo`: what came of the first, and is of no use. */
export function latest<T>(nothing: T, undo: (result: T) => Promise<void>): Latest<T> {
  let first: Promise<T> | null = null;
  let again: (() => Promise<T>) | null = null;
  return {
    begin: (work) => {
      if (first !== null) again = work;
      else first = setImmediate().then(() => (again === null ? work() : nothing));
      first.catch(() => undefined); // whoever asks for the result is told
    },
    after: async (all) => {
      try {
        await all;
      } catch (error) {
        await first?.catch(() => undefined);
        throw error;
      }
      if (again === null) return first ?? nothing;
      await undo((await first) ?? nothing);
      return again();
    },
  };
}
