import { LimitExceededError, MalformedMetadataError } from '../errors.ts';
import { digestDigits } from '../hashes.ts';
import { keyFromJson, type Key } from '../keys/key.ts';
import type { Limits } from '../limits.ts';
import type { Reader } from '../json/reader.ts';
import type { JsonValue } from '../json/value.ts';
import type { Hashes, MetaFile, RoleKeys } from '../model.ts';
import { hexDigest, keyId, type HexDigest, type KeyId } from '../names.ts';

/**
 * What every signed part has (4.3). `specVersion`: the major must be 1, and old repositories give two parts alone;
 * `expires`: exactly `YYYY-MM-DDTHH:MM:SSZ`.
 */
export function readCommon(reader: Reader): { specVersion: string; version: number; expires: Date } {
  const specVersion = reader.string('spec_version');
  if (!/^1(?:\.\d{1,6}){1,2}$/.test(specVersion))
    reader.fail('spec_version', `1.x.y, got ${JSON.stringify(specVersion.slice(0, 40))}`);
  return { specVersion, version: reader.version('version'), expires: readDate(reader, 'expires') };
}

function readDate(reader: Reader, name: string): Date {
  const text = reader.string(name);
  const date = new Date(text);
  const exact = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(text) && !Number.isNaN(date.getTime());
  // Writing it back catches 30 February, which Date would silently move to March.
  if (!exact || date.toISOString() !== text.replace('Z', '.000Z'))
    reader.fail(name, 'a date such as 2030-01-31T12:00:00Z');
  return date;
}

/**
 * RFC 3339 in whole seconds, the one form that every peer reads.
 * @throws MalformedMetadataError for a date that has none: an invalid one, or one outside the years 0 to 9999
 */
export function formatDate(date: Date): string {
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) throw new MalformedMetadataError('a date outside the years 0 to 9999');
  return `${date.toISOString().slice(0, 19)}Z`;
}

export function readRoleKeys(reader: Reader): Omit<RoleKeys, 'unrecognized'> {
  const keyIds = reader.strings('keyids').map(keyId);
  if (new Set(keyIds).size !== keyIds.length) reader.fail('keyids', 'each key id once');
  return { keyIds, threshold: reader.integer('threshold', 1) };
}

export function readKeys(reader: Reader, limits: Limits): ReadonlyMap<KeyId, Key> {
  const names = reader.names();
  if (names.length > limits.maxKeys)
    throw new LimitExceededError(`${reader.path}: more than ${limits.maxKeys} keys`);
  return new Map(names.map((name) => [keyId(name), keyFromJson(name, reader.object(name))]));
}

export function readMetaFile(reader: Reader): MetaFile {
  return {
    version: reader.version('version'),
    length: reader.has('length') ? reader.integer('length', 0) : null,
    hashes: reader.has('hashes') ? readHashes(reader) : null,
    unrecognized: reader.rest(),
  };
}

/** As `hashes.sha256` has to be. */
export function isSha256(digest: JsonValue | undefined): digest is HexDigest {
  return typeof digest === 'string' && /^[0-9a-f]{64}$/.test(digest);
}

/** At least one; those that we know in their full length. Whether we know any is asked when a file is to be checked. */
export function readHashes(reader: Reader): Hashes {
  const hashes = reader.object('hashes');
  const found = new Map(hashes.names().map((name) => [name, hexDigest(hashes.string(name))]));
  if (found.size === 0) reader.fail('hashes', 'at least one');
  for (const [name, digest] of found)
    if ((digestDigits.get(name) ?? digest.length) !== digest.length)
      reader.fail('hashes', `${name} in full length`);
  return found;
}
