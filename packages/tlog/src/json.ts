import { LogError } from './errors.ts';
import { logLimits } from './limits.ts';

export type LogJson = null | boolean | number | string | readonly LogJson[] | LogObject;
export interface LogObject {
  readonly [name: string]: LogJson;
}

export function isArray(value: LogJson | undefined): value is readonly LogJson[] {
  return Array.isArray(value);
}

export function isObject(value: LogJson | undefined): value is LogObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What some tool takes for the end of a line, or a terminal for a command, and JSON does not ask to escape. */
const unsafe = /[\u007f-\u009f\u2028\u2029]/g;

/**
 * RFC 8785 (JCS) without fractions, and with every control character and line end escaped: members sorted, no white space. TUF's
 * own canonical form leaves line feeds in strings as they are, so it cannot be a line. Throws LOG_BAD_ENTRY.
 */
export function canonical(value: LogJson, depth = 0): string {
  if (depth > logLimits.entryMaxDepth) throw bad('nested too deep');
  if (typeof value === 'string' && !value.isWellFormed()) throw bad('a lone surrogate');
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw bad('a number that is no safe integer');
  if (isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(',')}]`;
  if (!isObject(value)) return JSON.stringify(value).replaceAll(unsafe, escape);
  const members = Object.keys(value).toSorted(); // by UTF-16 units, as RFC 8785 says
  return `{${members.map((name) => `${canonical(name, depth + 1)}:${canonical(value[name] ?? null, depth + 1)}`).join(',')}}`;
}

/**
 * Reads one line that must be in canonical form: that refuses duplicate members, fractions and white space, since none
 * of them is written back as it came. Throws LOG_BAD_ENTRY.
 */
export function parseLine(line: string): LogObject {
  let json: LogJson;
  try {
    json = JSON.parse(line) as LogJson;
  } catch (cause) {
    throw new LogError('LOG_BAD_ENTRY', 'an entry that is not JSON', { cause });
  }
  if (!isObject(json)) throw bad('no object');
  if (canonical(json) !== line) throw bad('not in canonical form');
  return json;
}

/** What a typed value looks like as JSON: members that are undefined are left out. Throws LOG_BAD_ENTRY. */
export function toLogJson(value: unknown, depth = 0): LogJson {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value;
  if (depth > logLimits.entryMaxDepth) throw bad('nested too deep');
  if (Array.isArray(value)) return value.map((item) => toLogJson(item, depth + 1));
  if (typeof value !== 'object') throw bad(`a ${typeof value}`);
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, toLogJson(member, depth + 1)]));
}

function bad(what: string): LogError {
  return new LogError('LOG_BAD_ENTRY', `an entry that cannot be: ${what}`);
}

function escape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
