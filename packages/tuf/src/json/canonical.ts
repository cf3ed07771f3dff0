import { MalformedMetadataError } from '../errors.ts';
import { CanonicalText, isJsonArray, type JsonOutput, type JsonValue } from './value.ts';

/**
 * OLPC canonical JSON, the form in which metadata is signed (4.2): keys sorted by code point, no white space, only
 * `\` and `"` escaped, integers only. Maps and objects are written alike.
 *
 * @throws MalformedMetadataError for a number that is no safe integer and for a string with a lone surrogate
 */
export function canonicalJson(value: JsonOutput): Uint8Array {
  return new TextEncoder().encode(writeOrdered(value) ?? write(value));
}

/**
 * Whether `value`, as JSON.parse read it from a compact text (see `parseCompact`), stands there in canonical form. A key
 * that begins with a digit proves nothing: JavaScript moves those that are integers to the front.
 */
export function isCanonical(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return true; // the reader has refused numbers that are no integers
  if (isJsonArray(value)) return value.every(isCanonical);
  let last = '';
  for (const key in value) {
    const member = value[key];
    const first = key.charCodeAt(0);
    const out = key < last || (first >= 0x30 && first <= 0x39);
    if (out || member === undefined || !isCanonical(member)) return false;
    last = key;
  }
  return true;
}

const surrogate = /[\ud800-\udfff]/;

/**
 * What is in order already, as most of what we receive is, JSON.stringify writes three times as fast. It escapes what
 * canonical JSON leaves as it is (the line ends of a PEM), which is mended after. Null where `write` must do it: where
 * the order of code points may be another one, and for lone surrogates, which it refuses.
 */
function writeOrdered(value: JsonOutput): string | null {
  if (!isOrdered(value)) return null;
  const text = JSON.stringify(value);
  if (/[\ud800-\udfff]|\\ud/.test(text)) return null;
  return text.includes('\\') ? text.replace(/\\(?:["\\bfnrt]|u[0-9a-f]{4})/g, unescaped) : text;
}

/** One escape of JSON.stringify: those of quote and backslash are canonical too. */
function unescaped(escape: string): string {
  return escape === '\\"' || escape === '\\\\' ? escape : String(JSON.parse(`"${escape}"`));
}

/** Integers, arrays and plain objects alone, with every key behind the one before it. */
function isOrdered(value: JsonOutput): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null) return true;
  if (isArray(value)) return value.every(isOrdered);
  if (isMap(value) || value instanceof CanonicalText) return false;
  let last = '';
  for (const key in value) {
    const member = value[key];
    if (key < last || member === undefined || !isOrdered(member)) return false;
    last = key;
  }
  return true;
}

function write(value: JsonOutput): string {
  if (typeof value === 'string') return writeString(value);
  if (typeof value === 'number') return writeInteger(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (isArray(value)) return `[${value.map(write).join(',')}]`;
  if (value instanceof CanonicalText) return value.text;
  return isMap(value)
    ? writeMembers([...value.keys()], (key) => value.get(key), writeMember)
    : writeMembers(Object.keys(value), (key) => value[key], write);
}

/** Of a map: there may be thousands of small ones, such as the files of a role, and each is in order as a rule. */
function writeMember(value: JsonOutput): string {
  return value instanceof CanonicalText ? value.text : (writeOrdered(value) ?? write(value));
}

function writeMembers(
  keys: readonly string[],
  get: (key: string) => JsonOutput | undefined,
  writeValue: (value: JsonOutput) => string,
): string {
  let text = '';
  for (const key of sortByCodePoint(keys)) {
    const value = get(key);
    if (value !== undefined) text += `${text === '' ? '' : ','}${writeString(key)}:${writeValue(value)}`;
  }
  return `{${text}}`;
}

function writeString(value: string): string {
  if (!value.isWellFormed()) throw new MalformedMetadataError('a lone surrogate cannot be signed');
  return `"${/["\\]/.test(value) ? value.replace(/["\\]/g, '\\$&') : value}"`;
}

function writeInteger(value: number): string {
  if (!Number.isSafeInteger(value)) throw new MalformedMetadataError(`${value} is not an integer below 2^53`);
  return String(value);
}

/**
 * JavaScript sorts by UTF-16 unit, which differs where a surrogate pair meets a unit above U+DFFF (tuf-js sorts so,
 * and then refuses what the others signed: INTEROP.md).
 */
function sortByCodePoint(keys: readonly string[]): readonly string[] {
  return keys.some((key) => surrogate.test(key)) ? keys.toSorted(compareCodePoints) : keys.toSorted();
}

function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b)); // the order of UTF-8 bytes is that of code points
}

function isArray(value: JsonOutput): value is readonly JsonOutput[] {
  return Array.isArray(value);
}

function isMap(value: JsonOutput): value is ReadonlyMap<string, JsonOutput> {
  return value instanceof Map;
}
