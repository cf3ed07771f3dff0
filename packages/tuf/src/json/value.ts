export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** An object as JSON.parse made it. Keys come from outside: read own properties only, and never write. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** What we can write: JSON, and maps wherever keys come from outside. */
export type JsonOutput =
  | null
  | boolean
  | number
  | string
  | readonly JsonOutput[]
  | ReadonlyMap<string, JsonOutput>
  | { readonly [key: string]: JsonOutput };

export function isJsonArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
