/** Adds one; returns how to take it away. */
export function addTo<Name, Listener>(
  listeners: Map<Name, Set<Listener>>,
  name: Name,
  listener: Listener,
): () => void {
  const set = listeners.get(name) ?? new Set();
  listeners.set(name, set.add(listener));
  return () => void set.delete(listener);
}

/** A listener that throws is its own problem. */
export function attempt(action: () => void): void {
  try {
    action();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
