/** Work that is done while something else waits for the disk or the network, and that may turn out to be of no use. */
export interface Ahead<T> {
  /** Begins it where nothing has waited so far. */
  result(): Promise<T>;
  /** It is not needed. Resolves once it does not run any more, with what it had come to; `null`: nothing. */
  drop(): Promise<T | null>;
}

/** Begins `work` as soon as all that runs now waits. Its failure belongs to whoever asks for the result. */
export function ahead<T>(work: () => Promise<T>): Ahead<T> {
  let begun: Promise<T> | null = null;
  const begin = (): Promise<T> => {
    clearImmediate(timer);
    begun ??= work();
    begun.catch(() => undefined);
    return begun;
  };
  const timer = setImmediate(() => void begin());
  return {
    result: begin,
    drop: async () => {
      clearImmediate(timer);
      return begun === null ? null : begun.catch(() => null);
    },
  };
}
