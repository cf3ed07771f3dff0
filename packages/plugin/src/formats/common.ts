import { MalformedMetadataError, canonicalJson, parseJson, Reader, type JsonOutput } from '@ragnos/tuf';
import { FormatError, NameError } from '../errors.ts';
import { filePath } from '../names.ts';

/** Something published: its file name and what it must hash to. */
export interface FileRef {
  readonly name: string;
  readonly length: number;
  /** Hex. */
  readonly sha256: string;
}

/**
 * Reads a file of ours: strict JSON with the right `format`, then `read`. Whatever is wrong with it is one
 * FormatError `BAD_FORMAT` that names the path; nothing else is thrown for bad bytes.
 */
export function readFormat<T>(bytes: Uint8Array, format: string, read: (reader: Reader) => T): T {
  try {
    const reader = Reader.of(parseJson(bytes, format), format);
    const found = reader.string('format');
    if (found !== format) reader.fail('format', `${format}, got ${JSON.stringify(found.slice(0, 60))}`);
    return read(reader);
  } catch (cause) {
    if (cause instanceof FormatError) throw cause;
    // LimitExceededError and the names' errors included: all are what the file says.
    if (cause instanceof MalformedMetadataError || cause instanceof NameError || isLimit(cause))
      throw new FormatError('BAD_FORMAT', cause.message, { cause });
    throw cause;
  }
}

function isLimit(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && error.code === 'LIMIT';
}

/** Canonical, with control characters escaped: the same content gives the same bytes everywhere. */
export function writeFormat(json: JsonOutput): Uint8Array {
  const text = new TextDecoder().decode(canonicalJson(json));
  return new TextEncoder().encode(`${text.replace(/\p{Cc}/gu, (c) => JSON.stringify(c).slice(1, -1))}\n`);
}

export function readRef(reader: Reader): FileRef {
  return {
    name: readFileName(reader),
    length: reader.integer('length', 0),
    sha256: readSha256(reader, 'sha256'),
  };
}

/** One segment, since it is put behind a folder: `hello-1.2.0.tgz`. */
function readFileName(reader: Reader): string {
  const name = filePath(reader.string('name'));
  return name.includes('/') ? reader.fail('name', 'a file name') : name;
}

export function refToJson({ name, length, sha256 }: FileRef): JsonOutput {
  return { name, length, sha256 };
}

export function readSha256(reader: Reader, name: string): string {
  const text = reader.string(name);
  return /^[0-9a-f]{64}$/.test(text) ? text : reader.fail(name, 'a sha256 in lower-case hex');
}

/** A map of texts, such as engines; bounded, and all of one line: they are shown. */
export function readTexts(reader: Reader, name: string): ReadonlyMap<string, string> {
  const map = reader.object(name);
  const names = map.names();
  if (names.length > 100) reader.fail(name, 'at most 100 members');
  if (names.some((key) => !isLine(key, 500)))
    reader.fail(name, 'names of one line and at most 500 characters');
  return new Map(names.map((key) => [key, readLine(map, key, 1024)]));
}

/** One line of at most `max` characters: it will stand on somebody's terminal. */
export function readLine(reader: Reader, name: string, max = 500): string {
  const text = reader.string(name);
  return isLine(text, max) ? text : reader.fail(name, `one line of at most ${max} characters`);
}

function isLine(text: string, max: number): boolean {
  return text.length <= max && !/\p{Cc}/u.test(text);
}

/** Texts of one line each, at most 1,000. */
export function readLines(reader: Reader, name: string, max: number): readonly string[] {
  const lines = reader.strings(name);
  if (lines.length > 1000 || !lines.every((line) => isLine(line, max)))
    reader.fail(name, `at most 1,000 texts of one line and ${max} characters`);
  return lines;
}

/** For what decides: a member that is spelled wrongly, or that this version does not know, is not one to be skipped. */
export function refuseUnknown(reader: Reader): void {
  for (const name of reader.rest().keys()) reader.fail(name, 'no member of this name');
}

/** RFC 3339 in whole seconds or milliseconds, UTC. */
export function readTime(reader: Reader, name: string): string {
  const text = reader.string(name);
  const good = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/.test(text) && !Number.isNaN(Date.parse(text));
  return good ? text : reader.fail(name, 'a time such as 2030-01-31T12:00:00Z');
}
