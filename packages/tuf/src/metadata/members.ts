import { emptyObject, type JsonObject } from '../json/value.ts';
import { LazyMap } from './lazy-map.ts';

/**
 * The members of an object of a metadata file, kept as they came and made anew when they are asked for: of 100,000 targets
 * or 16,384 roles a look-up needs one, and keeping them all would take four times the memory. Whoever makes it has
 * checked every member: `read` does not throw for them, and every name, less `suffix`, is a `Name`.
 */
export class Members<Name extends string, T> extends LazyMap<Name, T> {
  readonly size: number;
  /** As it is to be written: what was read, or what `edited` was given. */
  readonly json: JsonObject;
  readonly #suffix: string;
  readonly #read: (json: JsonObject, member: string) => T;

  constructor(json: JsonObject, size: number, suffix: string, read: (json: JsonObject, member: string) => T) {
    super();
    this.size = size;
    this.json = json;
    this.#suffix = suffix;
    this.#read = read;
  }

  /** With `changes` made; null = taken out. In the order of the names, in which it is written fastest. */
  edited(changes: ReadonlyMap<Name, JsonObject | null>): Members<Name, T> {
    const { json } = this;
    const changed = new Map([...changes].map(([name, value]) => [`${name}${this.#suffix}`, value]));
    const next = emptyObject();
    let size = 0;
    for (const member of new Set([...Object.keys(json), ...changed.keys()].toSorted())) {
      const value = changed.has(member) ? changed.get(member) : json[member];
      if (value === undefined || value === null) continue;
      next[member] = value;
      size++;
    }
    return new Members(next, size, this.#suffix, this.#read);
  }

  has(name: string): name is Name {
    return Object.hasOwn(this.json, `${name}${this.#suffix}`);
  }

  get(name: Name): T | undefined {
    return this.has(name) ? this.#read(this.json, `${name}${this.#suffix}`) : undefined;
  }

  keys(): MapIterator<Name> {
    return Object.keys(this.json)
      .map((member) => member.slice(0, member.length - this.#suffix.length))
      .filter((name) => this.has(name))
      .values();
  }

  *entries(): MapIterator<[Name, T]> {
    for (const name of this.keys()) yield [name, this.#read(this.json, `${name}${this.#suffix}`)];
  }
}
