/**
 * A value of a call: JSON, with any number of byte arrays in it. The bytes go beside the JSON, one after the other; where
 * they belong is said by path, so that no text can be mistaken for a mark.
 */
export interface Packed {
  readonly value: unknown;
  /** Where bytes belong, in their order. */
  readonly at?: readonly (readonly [path: readonly (string | number)[], length: number])[];
}

export interface PackedBytes {
  readonly packed: Packed;
  readonly bytes: Uint8Array | undefined;
}

const maxDepth = 100;
const maxParts = 10_000;

/** @throws TypeError what is no JSON: functions, symbols, big numbers, cycles, and what is nested too deeply */
export function packValue(value: unknown): PackedBytes {
  const parts: { readonly path: readonly (string | number)[]; readonly bytes: Uint8Array }[] = [];
  const found = extract(value, [], parts);
  if (parts.length === 0) return { packed: { value: found }, bytes: undefined };
  const at = parts.map(({ path, bytes }) => [path, bytes.length] as const);
  const only = parts[0];
  const bytes =
    parts.length === 1 && only !== undefined ? only.bytes : joined(parts.map((part) => part.bytes));
  return { packed: { value: found, at }, bytes };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** As JSON would write it, without its byte arrays. */
function extract(
  value: unknown,
  path: readonly (string | number)[],
  parts: { path: readonly (string | number)[]; bytes: Uint8Array }[],
): unknown {
  if (typeof value !== 'object' || value === null) return single(value);
  if (path.length > maxDepth) throw new TypeError(`nested more than ${maxDepth} deep`);
  if (value instanceof Uint8Array) {
    if (parts.length >= maxParts) throw new TypeError(`more than ${maxParts} byte arrays`);
    parts.push({ path, bytes: value });
    return null;
  }
  const toJson: unknown = 'toJSON' in value ? value.toJSON : undefined;
  if (typeof toJson === 'function') return members(Reflect.apply(toJson, value, ['']), path, parts);
  return members(value, path, parts);
}

function single(value: unknown): unknown {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint')
    throw new TypeError(`a ${typeof value} is no JSON`);
  return value;
}

function members(
  value: unknown,
  path: readonly (string | number)[],
  parts: { path: readonly (string | number)[]; bytes: Uint8Array }[],
): unknown {
  if (typeof value !== 'object' || value === null) return single(value);
  if (Array.isArray(value))
    return value.map((item: unknown, index) => extract(item, [...path, index], parts));
  const plain: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value))
    if (item !== undefined)
      Object.defineProperty(plain, name, {
        value: extract(item, [...path, name], parts),
        enumerable: true,
        writable: true,
        configurable: true,
      });
  return plain;
}

/** @throws TypeError what does not fit together */
export function unpackValue(packed: object, bytes: Uint8Array | null): unknown {
  const value: unknown = Reflect.get(packed, 'value');
  const at: unknown = Reflect.get(packed, 'at');
  if (at === undefined) return value;
  if (!Array.isArray(at) || at.length > maxParts || bytes === null)
    throw new TypeError('bytes without a place');
  const holder = { value };
  let taken = 0;
  for (const item of Array.from<unknown>(at)) {
    const [path, length] = Array.isArray(item) ? Array.from<unknown>(item) : [];
    if (!Array.isArray(path) || typeof length !== 'number' || !(length >= 0) || taken + length > bytes.length)
      throw new TypeError('a place of bytes that is none');
    put(holder, ['value', ...Array.from<unknown>(path)], bytes.subarray(taken, taken + length));
    taken += length;
  }
  return holder.value;
}

function put(target: object, path: readonly unknown[], bytes: Uint8Array): void {
  let at = target;
  const last = path.length - 1;
  for (const [index, key] of path.entries()) {
    if ((typeof key !== 'string' && typeof key !== 'number') || !Object.hasOwn(at, key) || index > maxDepth)
      throw new TypeError('bytes for a place that is not there');
    if (index === last) {
      Object.defineProperty(at, key, { value: bytes, enumerable: true, writable: true, configurable: true });
      return;
    }
    const next: unknown = Reflect.get(at, key);
    if (typeof next !== 'object' || next === null) throw new TypeError('bytes for a place that is not there');
    at = next;
  }
}
