import {
  canonicalJson,
  defaultLimits,
  formatDate,
  isJsonArray,
  keyId,
  metadataToBytes,
  parseJson,
  Reader,
  roleName,
  VaultError,
  type JsonOutput,
  type JsonValue,
  type RoleName,
  type Signature,
} from '@ragnos/tuf';
import { EventError } from './errors.ts';

/** One file of metadata that is to be signed. */
export interface EventRole {
  readonly name: RoleName;
  /** `root` for targets and for root itself. */
  readonly delegator: RoleName;
  /** The exact bytes that are signed. */
  readonly signed: Uint8Array;
  /** As they were handed in; `review` says which of them count. */
  readonly signatures: readonly Signature[];
}

/** A file of the repository that the change was derived from. */
export interface BaseRole {
  readonly name: RoleName;
  readonly delegator: RoleName;
  readonly bytes: Uint8Array;
}

/**
 * A change that waits for signatures: exact bytes to be signed, and all that a signer needs in order to find out, alone and
 * offline, what they change. Only the bytes are ever signed; id, times and reason are the word of whoever carries the file.
 */
export interface SigningEvent {
  readonly id: string;
  /** 1, and one more each time the event was derived anew because the repository had moved on. */
  readonly round: number;
  readonly created: Date;
  readonly deadline: Date;
  readonly reason: string;
  /** The difference as whoever created it saw it: for who reads the file without a tool. A signer's tool derives its own. */
  readonly words: readonly string[];
  /** Every root so far, version 1 first. */
  readonly roots: readonly Uint8Array[];
  /** Delegators before those that they delegate to. */
  readonly base: readonly BaseRole[];
  /** In the order in which they are published: delegators first, root last. */
  readonly roles: readonly EventRole[];
}

const format = 'ragnos-signing-event/1';

/** What an event may hold: it is read on machines that trust nothing yet. */
export const eventLimits = {
  maxLength: 64_000_000,
  roots: 1024,
  roles: 512,
  reason: 2000,
  words: 500,
} as const;

/** The file: one canonical form, so that an event has one digest. @throws EventError EVENT_MALFORMED where it is too large */
export function eventToBytes(event: SigningEvent): Uint8Array {
  const bytes = canonicalJson({
    format,
    id: event.id,
    round: event.round,
    created: formatDate(event.created),
    deadline: formatDate(event.deadline),
    reason: event.reason,
    words: event.words,
    roots: event.roots.map(base64),
    base: event.base.map(({ name, delegator, bytes }) => ({ name, delegator, bytes: base64(bytes) })),
    roles: event.roles.map(({ name, delegator, signed, signatures }): JsonOutput => ({
      name,
      delegator,
      signed: base64(signed),
      signatures: signatures.map(({ keyId: keyid, sig }) => ({ keyid, sig })),
    })),
  });
  if (bytes.length > eventLimits.maxLength)
    throw malformed(`${bytes.length} bytes; an event may have ${eventLimits.maxLength}`);
  return bytes;
}

/** @throws EventError EVENT_MALFORMED for anything but the bytes that `eventToBytes` writes */
export function parseEvent(bytes: Uint8Array, what: string): SigningEvent {
  if (bytes.length > eventLimits.maxLength) throw malformed(`${what}: ${bytes.length} bytes`);
  try {
    const event = readEvent(Reader.of(parseJson(bytes, what, defaultLimits), what));
    if (Buffer.compare(eventToBytes(event), bytes) === 0) return event;
  } catch (cause) {
    if (!(cause instanceof VaultError)) throw cause;
    if (cause instanceof EventError) throw cause;
    throw malformed(cause.message, cause);
  }
  throw malformed(`${what}: not in the one form in which an event is written`);
}

function readEvent(reader: Reader): SigningEvent {
  if (reader.string('format') !== format) reader.fail('format', format);
  const reason = reader.string('reason');
  if (reason.length > eventLimits.reason || /\p{Cc}/u.test(reason)) reader.fail('reason', 'one line of text');
  return {
    id: eventId(reader.string('id')),
    round: reader.version('round'),
    created: date(reader, 'created'),
    deadline: date(reader, 'deadline'),
    reason,
    words: words(reader),
    roots: list(reader, 'roots', eventLimits.roots).map((item) => bytesOf(item, reader, 'roots')),
    base: objects(reader, 'base', (item) => ({
      name: roleName(item.string('name')),
      delegator: roleName(item.string('delegator')),
      bytes: bytesOf(item.value('bytes'), item, 'bytes'),
    })),
    roles: objects(reader, 'roles', (item) => ({
      name: roleName(item.string('name')),
      delegator: roleName(item.string('delegator')),
      signed: bytesOf(item.value('signed'), item, 'signed'),
      signatures: signatures(item),
    })),
  };
}

function words(reader: Reader): readonly string[] {
  const found = reader.strings('words');
  return found.length <= eventLimits.words && found.every((line) => !/\p{Cc}/u.test(line))
    ? found
    : reader.fail('words', `at most ${eventLimits.words} lines`);
}

function signatures(reader: Reader): readonly Signature[] {
  const found = list(reader, 'signatures', defaultLimits.maxSignatures).map((item, index) => {
    const one = Reader.of(item, `${reader.path}.signatures[${index}]`);
    return { keyId: keyId(one.string('keyid')), sig: one.string('sig') };
  });
  if (new Set(found.map((one) => one.keyId)).size !== found.length)
    reader.fail('signatures', 'each key id once');
  return found;
}

/** A folder is named by it. @throws EventError EVENT_MALFORMED */
export function eventId(raw: string): string {
  if (!/^[a-z0-9][a-z0-9-]{0,79}$/.test(raw))
    throw malformed(`no id of an event: ${JSON.stringify(raw.slice(0, 80))}`);
  return raw;
}

/** A metadata file as it stands with the signatures so far. */
export function metadataOf(role: Pick<EventRole, 'signed' | 'signatures'>): Uint8Array {
  return metadataToBytes(role.signed, role.signatures);
}

function objects<T>(reader: Reader, name: string, read: (item: Reader) => T): readonly T[] {
  return list(reader, name, eventLimits.roles).map((item, index) =>
    read(Reader.of(item, `${reader.path}.${name}[${index}]`)),
  );
}

function list(reader: Reader, name: string, most: number): readonly JsonValue[] {
  const items = reader.value(name);
  if (items === undefined || !isJsonArray(items) || items.length > most)
    return reader.fail(name, `an array of at most ${most}`);
  return items;
}

function date(reader: Reader, name: string): Date {
  const parsed = new Date(reader.string(name));
  return Number.isNaN(parsed.getTime()) ? reader.fail(name, 'a date') : parsed;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function bytesOf(value: JsonValue | undefined, reader: Reader, name: string): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value, 'base64') : reader.fail(name, 'base64');
}

function malformed(message: string, cause?: unknown): EventError {
  return new EventError('EVENT_MALFORMED', message, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'nothing was signed; have the file sent again',
  });
}
