/**
 * Those of metadata are no instances of `Map`: they make their values when they are asked. What a vendor wrote is plain JSON and
 * has no functions, whatever its members are called.
 */
function isMap(value: unknown): value is ReadonlyMap<unknown, unknown> {
  if (typeof value !== 'object' || value === null || !('get' in value)) return false;
  return typeof value.get === 'function' && Symbol.iterator in value;
}

/** What `--json` prints: maps as objects, dates in RFC 3339, everything else as JSON has it. */
export function toJson(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (isMap(value)) return Object.fromEntries([...value].map(([key, item]) => [String(key), toJson(item)]));
  if (value instanceof Set) return [...value].map(toJson);
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]));
  return value;
}
