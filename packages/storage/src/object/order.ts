import { StorageError } from '../errors.ts';
import { compareKeys } from '../key.ts';
import type { ListedObject } from '../storage.ts';

/** Keys that must be held at once to be put in order; only names beyond U+D7FF count. */
const heldMax = 100_000;

/**
 * A listing in the order of UTF-16 made one in the order of bytes. The two differ only among keys that are alike up to a
 * character beyond U+D7FF; in both orders those follow one another, so that no more than one such run is held.
 */
export async function* inByteOrder(objects: AsyncIterable<ListedObject>): AsyncGenerator<ListedObject> {
  let held: ListedObject[] = [];
  let start: string | null = null;
  const run = (): ListedObject[] => held.toSorted((a, b) => compareKeys(a.key, b.key));
  for await (const object of objects) {
    const high = object.key.search(/[\ud800-\uffff]/);
    const own = high < 0 ? null : object.key.slice(0, high);
    if (own !== start || own === null) {
      yield* run();
      held = [];
      start = own;
    }
    if (own === null) yield object;
    else held.push(object);
    if (held.length > heldMax)
      throw new StorageError('STORAGE_UNAVAILABLE', `more than ${heldMax} names to be put in order at once`);
  }
  yield* run();
}
