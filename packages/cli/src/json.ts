/** Those of metadata are no instances of `Map`: they make their values when they are asked. */
const isMap = (value: unknown): value is ReadonlyMap<unknown, unknown> =>
  typeof value === 'object' && value !== null && 'get' in value && 'entries' in value && 'size' in value;

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
