import { LimitExceededError, MalformedMetadataError } from '../errors.ts';
import { defaultLimits, type Limits } from '../limits.ts';
import { isJsonArray, type JsonValue } from './value.ts';

/**
 * Reads JSON strictly: UTF-8 without a byte order mark, one value and nothing after it, no duplicate keys, no numbers
 * but integers up to 2^53 - 1, no lone surrogates, bounded in depth and members. `what` names the text in errors.
 *
 * JSON.parse does the parsing; it alone cannot be asked about the rest, so one lexical pass counts members, levels
 * and number tokens. More members in the text than in the value means that a key stood twice.
 */
export function parseJson(bytes: Uint8Array, what: string, limits: Limits = defaultLimits): JsonValue {
  return parseCompact(bytes, what, limits).value;
}

/**
 * As `parseJson`; `compact` = the text has no white space between its tokens and nothing escaped in its strings, so that
 * it is canonical wherever its keys are in order; and no surrogates, so that the order of `<` is that of code points.
 */
export function parseCompact(
  bytes: Uint8Array,
  what: string,
  limits: Limits,
): { readonly value: JsonValue; readonly compact: boolean } {
  return parseText(decode(bytes, what), bytes.length, what, limits);
}

/** As `parseCompact`, of a text which `length` bytes have given, all of it or less: `cut` members were taken out of it. */
export function parseText(
  text: string,
  length: number,
  what: string,
  limits: Limits,
  cut = 0,
): { readonly value: JsonValue; readonly compact: boolean } {
  const escapes = text.includes('\\');
  const { members, spaced } = scan(text, escapes, what, limits);
  if (members + cut > limits.maxJsonMembers)
    throw new LimitExceededError(`${what}: more than ${limits.maxJsonMembers} members`);
  const value = parse(text, what);
  if (countMembers(value) !== members)
    throw new MalformedMetadataError(`${what}: a key stands twice in one object`);
  const ordinary = text.length === length || !/[\ud800-\udfff]/.test(text); // all ASCII, as a rule
  return { value, compact: !escapes && !spaced && ordinary };
}

/** @throws MalformedMetadataError for what is not UTF-8 */
export function decode(bytes: Uint8Array, what: string): string {
  try {
    // ignoreBOM keeps the mark in the text, where JSON.parse refuses it.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new MalformedMetadataError(`${what}: not UTF-8`, { cause });
  }
}

function parse(text: string, what: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue; // what JSON.parse returns is a JsonValue by definition
  } catch (cause) {
    throw new MalformedMetadataError(`${what}: not JSON`, { cause });
  }
}

const quote = 0x22;
const backslash = 0x5c;

/** Counts the members (colons outside strings); what is not JSON at all is left to JSON.parse to refuse. */
function scan(
  text: string,
  escapes: boolean,
  what: string,
  limits: Limits,
): { readonly members: number; readonly spaced: boolean } {
  let members = 0;
  let spaced = false;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at);
    if (c === quote) at = escapes ? endOfString(text, at, what) : endOfPlainString(text, at);
    else if (c === 0x3a) members++;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > limits.maxJsonDepth)
        throw new LimitExceededError(`${what}: nested more than ${limits.maxJsonDepth} levels deep`);
    } else if (c === 0x7d || c === 0x5d) depth--;
    else if (c === 0x2d || (c >= 0x30 && c <= 0x39)) at = endOfNumber(text, at, what);
    else if (c <= 0x20) spaced = true;
  }
  return { members, spaced };
}

/** As `endOfString`, in a text without any escape. */
function endOfPlainString(text: string, start: number): number {
  const end = text.indexOf('"', start + 1);
  return end < 0 ? text.length : end;
}

/** The index of the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number, what: string): number {
  let end = text.indexOf('"', start + 1);
  if (end > 0 && !text.slice(start, end).includes('\\')) return end;
  while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  if (end < 0) return text.length;
  refuseLoneSurrogates(text.slice(start, end + 1), what);
  return end;
}

/** Whether an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text.charCodeAt(before - 1) === backslash) before--;
  return (at - before) % 2 === 1;
}

/** Only an escape can bring one in: the text itself was well-formed UTF-8. */
function refuseLoneSurrogates(token: string, what: string): void {
  const value = parse(token, what);
  if (typeof value === 'string' && !value.isWellFormed())
    throw new MalformedMetadataError(`${what}: a lone surrogate in a string`);
}

function endOfNumber(text: string, start: number, what: string): number {
  let end = start + 1;
  while (end < text.length && isNumberPart(text.charCodeAt(end))) end++;
  const token = text.slice(start, end);
  if (!/^(?:0|-?[1-9]\d{0,15})$/.test(token) || !Number.isSafeInteger(Number(token)))
    throw new MalformedMetadataError(`${what}: ${token.slice(0, 40)} is not an integer below 2^53`);
  return end - 1;
}

/** Digits, sign, point, exponent. */
function isNumberPart(c: number): boolean {
  return (c >= 0x30 && c <= 0x39) || c === 0x2b || c === 0x2d || c === 0x2e || c === 0x45 || c === 0x65;
}

function countMembers(value: JsonValue | undefined): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (isJsonArray(value)) for (const item of value) count += countMembers(item);
  else for (const key in value) count += 1 + countMembers(value[key]);
  return count;
}
