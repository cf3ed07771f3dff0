/** What a map of a metadata file shares that makes its values anew when they are asked for. */
export abstract class LazyMap<Name extends string, T> implements ReadonlyMap<Name, T> {
  abstract readonly size: number;
  abstract has(name: string): name is Name;
  abstract get(name: Name): T | undefined;
  abstract keys(): MapIterator<Name>;
  abstract entries(): MapIterator<[Name, T]>;

  *values(): MapIterator<T> {
    for (const [, value] of this) yield value;
  }

  [Symbol.iterator](): MapIterator<[Name, T]> {
    return this.entries();
  }

  forEach(visit: (value: T, name: Name, map: ReadonlyMap<Name, T>) => void): void {
    for (const [name, value] of this) visit(value, name, this);
  }
}
