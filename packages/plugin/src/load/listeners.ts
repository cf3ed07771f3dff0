/** Who listens to which event. One that throws is its own problem. */
export class Listeners<Events extends object> {
  readonly #all = new Map<keyof Events, Set<(about: never) => void>>();

  /** Returns how to take it away. */
  add<Name extends keyof Events>(event: Name, listener: (about: Events[Name]) => void): () => void {
    const set = this.#all.get(event) ?? new Set();
    this.#all.set(event, set.add(listener));
    return () => void set.delete(listener);
  }

  tell<Name extends keyof Events>(event: Name, about: Events[Name]): void {
    for (const listener of this.#all.get(event) ?? [])
      try {
        Reflect.apply(listener, undefined, [about]);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
  }
}

/** Settles when `signal` aborts; never without one. */
export async function aborted(signal: AbortSignal | undefined): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) resolve(undefined);
    else signal?.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
