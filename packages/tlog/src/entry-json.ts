import { randomBytes } from 'node:crypto';
import { entryKinds, type LogEntry, type NewEntry } from './entry.ts';
import { LogError } from './errors.ts';
import { canonical, parseLine, toLogJson, type LogJson } from './json.ts';
import { logLimits } from './limits.ts';
import * as field from './fields.ts';

/** Sorts by time, and is nobody else's. */
export function newId(time: Date): string {
  return `${Math.max(0, time.getTime()).toString(16).padStart(12, '0')}-${randomBytes(8).toString('hex')}`;
}

export const idPattern = /^[0-9a-f]{12}-[0-9a-f]{16}$/;

/** The line that is hashed and stored. Throws LOG_BAD_ENTRY, LOG_TOO_LARGE. */
export function newLine(entry: NewEntry, id: string = newId(entry.time)): string {
  if (Number.isNaN(entry.time.getTime())) throw new LogError('LOG_BAD_ENTRY', 'an entry without a time');
  if (!entryKinds.includes(entry.kind)) throw new LogError('LOG_BAD_ENTRY', `unknown kind ${entry.kind}`);
  const { time, message, lost, ...rest } = entry;
  const text = message === undefined ? {} : { message: plainText(message) };
  const before = lost === undefined ? {} : { lost: { ...lost, time: lost.time.toISOString() } };
  const line = canonical(toLogJson({ ...rest, ...text, ...before, id, time: time.toISOString() }));
  readLine(line); // nothing is written that could not be read
  return line;
}

/** Throws LOG_BAD_ENTRY, LOG_TOO_LARGE. */
export function readLine(line: string): LogEntry {
  if (Buffer.byteLength(line) > logLimits.entryMaxLength)
    throw new LogError('LOG_TOO_LARGE', `an entry of more than ${logLimits.entryMaxLength} bytes`);
  const members = new Map<string, LogJson>(Object.entries(parseLine(line)));
  const take = (name: string): LogJson | undefined => {
    const value = members.get(name);
    members.delete(name);
    return value;
  };
  const maybe = <K extends string, T>(
    name: K,
    read: (json: LogJson, path: string) => T,
  ): { [key in K]?: T } => {
    const value = take(name);
    return value === undefined ? {} : ({ [name]: read(value, name) } as { [key in K]?: T });
  };
  const need = <T>(name: string, read: (json: LogJson, path: string) => T): T => {
    const value = take(name);
    if (value === undefined) throw new LogError('LOG_BAD_ENTRY', `entry without ${name}`);
    return read(value, name);
  };
  return {
    id: need('id', field.matching(idPattern)),
    time: need('time', field.time),
    kind: need('kind', field.matching(/^[a-z][a-z0-9-]{0,31}$/)),
    actor: need('actor', field.actor),
    host: need('host', field.name),
    tool: need('tool', field.name),
    ...maybe('keyIds', field.names),
    ...maybe('roles', field.listed(field.roleChange)),
    ...maybe('targets', field.listed(field.targetChange)),
    ...maybe('keysAdded', field.names),
    ...maybe('keysRemoved', field.names),
    ...maybe('code', field.name),
    ...maybe('message', field.text),
    ...maybe('transcript', field.sha256),
    ...maybe('subject', field.text),
    ...maybe('lost', field.lost),
    unrecognized: members,
  };
}

/** One line without control characters and without what turns text around, cut to what an entry takes. */
export function plainText(text: string): string {
  const plain = text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu, ' ');
  return plain.length > logLimits.textMaxLength
    ? `${plain.slice(0, logLimits.textMaxLength - 1).toWellFormed()}…`
    : plain;
}
