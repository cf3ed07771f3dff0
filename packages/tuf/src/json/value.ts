export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** An object as JSON.parse made it. Keys come from outside: read own properties only, and never write. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/**
 * For members whose names come from outside: without a prototype `__proto__` is a name like any other, and the engine keeps
 * it as a table from the first member on, where a literal would get a shape of its own for each (4 ms for a thousand).
 */
export function emptyObject(): { [name: string]: JsonValue } {
  return { __proto__: null };
}

/** What whoever wrote it vouches for: it is canonical JSON. */
export class CanonicalText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What we can write: JSON, and maps wherever keys come from outside. */
export type JsonOutput =
  | null
  | boolean
  | number
  | string
  | CanonicalText
  | readonly JsonOutput[]
  | ReadonlyMap<string, JsonOutput>
  | { readonly [key: string]: JsonOutput };

export function isJsonArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
