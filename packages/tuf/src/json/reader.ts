import { MalformedMetadataError } from '../errors.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from './value.ts';

const none: ReadonlyMap<string, JsonValue> = new Map();
const maxVersion = 2 ** 31;

/**
 * Reads one JSON object member by member and remembers which were asked for; `rest()` is what nobody asked for.
 * Every refusal is a MalformedMetadataError that names the path, such as `root.roles.snapshot.threshold`.
 */
export class Reader {
  readonly path: string;
  readonly #json: JsonObject;
  readonly #taken: string[] = [];

  private constructor(json: JsonObject, path: string) {
    this.#json = json;
    this.path = path;
  }

  static of(json: JsonValue | undefined, path: string): Reader {
    if (!isJsonObject(json)) throw new MalformedMetadataError(`${path}: expected an object`);
    return new Reader(json, path);
  }

  /** The member, or undefined where it is absent; `__proto__` and its kin are ordinary names. */
  value(name: string): JsonValue | undefined {
    this.#taken.push(name);
    return Object.hasOwn(this.#json, name) ? this.#json[name] : undefined;
  }

  string(name: string): string {
    const value = this.value(name);
    return typeof value === 'string' ? value : this.fail(name, 'a string');
  }

  boolean(name: string): boolean {
    const value = this.value(name);
    return typeof value === 'boolean' ? value : this.fail(name, 'true or false');
  }

  integer(name: string, min: number, max: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.value(name);
    const good = typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max;
    return good
      ? value
      : this.fail(
          name,
          max === Number.MAX_SAFE_INTEGER ? `an integer >= ${min}` : `an integer from ${min} to ${max}`,
        );
  }

  /** Below 2^31: what every other client can hold. */
  version(name: string): number {
    const value = this.value(name);
    const good = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value < maxVersion;
    return good ? value : this.fail(name, 'an integer >= 1 and below 2^31');
  }

  object(name: string): Reader {
    const value = this.value(name);
    return isJsonObject(value) ? new Reader(value, `${this.path}.${name}`) : this.fail(name, 'an object');
  }

  array(name: string): readonly JsonValue[] {
    const value = this.value(name);
    return value !== undefined && isJsonArray(value) ? value : this.fail(name, 'an array');
  }

  strings(name: string): readonly string[] {
    return this.array(name).map((item) =>
      typeof item === 'string' ? item : this.fail(name, 'an array of strings'),
    );
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#json, name);
  }

  /** The names of all members, in the order received. */
  names(): readonly string[] {
    return Object.keys(this.#json);
  }

  /** The members that nobody asked for: kept, because they are part of what was signed. */
  rest(): ReadonlyMap<string, JsonValue> {
    let rest: Map<string, JsonValue> | null = null;
    for (const name in this.#json)
      if (!this.#taken.includes(name)) (rest ??= new Map()).set(name, this.#json[name] ?? null);
    return rest ?? none;
  }

  /** Refuses the member `name` in words: `expected` completes "expected …". */
  fail(name: string, expected: string): never {
    throw new MalformedMetadataError(`${this.path}.${name}: expected ${expected}`);
  }
}
