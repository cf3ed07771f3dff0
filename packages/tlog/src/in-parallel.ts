/** At most eight at once; results in the order of the items. The first failure is thrown when all that began have ended. */
export async function inParallel<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results = new Map<number, R>();
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [at, item] of queue) results.set(at, await work(item));
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(8, items.length) }, worker));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
  return [...results].toSorted(([a], [b]) => a - b).map(([, result]) => result);
}
