import { createHash } from 'node:crypto';
import { canonicalJson } from '../json/canonical.ts';
import type { Reader } from '../json/reader.ts';
import { isJsonObject, type JsonOutput } from '../json/value.ts';
import type { Unrecognized } from '../model.ts';
import { keyId, type KeyId } from '../names.ts';

/** A public key as the wire has it (4.2). Its algorithm is that of `scheme`, never a default. */
export interface Key {
  readonly keyId: KeyId;
  readonly keyType: string;
  readonly scheme: string;
  /** PEM, or hex for ed25519. Empty for a key that has none, as those of unknown types may. */
  readonly public: string;
  readonly unrecognized: Unrecognized;
}

/** A key of ours; its id is the hex sha256 of its canonical JSON, as every peer computes it. */
export function newKey(keyType: string, scheme: string, publicKey: string): Key {
  const json = { keytype: keyType, scheme, keyval: { public: publicKey } };
  const id = createHash('sha256').update(canonicalJson(json)).digest('hex');
  return { keyId: keyId(id), keyType, scheme, public: publicKey, unrecognized: new Map() };
}

const knownTypes = /^(?:rsa|ed25519|ml-dsa|ecdsa.*)$/;

/**
 * Reads a key under its declared id. Ids are not recomputed (GitHub's root has eight that cannot be), and a key of a
 * type that we do not know is read all the same, whatever its value holds: it just never verifies anything.
 */
export function keyFromJson(id: string, reader: Reader): Key {
  const keyType = reader.string('keytype');
  const scheme = reader.string('scheme');
  const keyval = reader.object('keyval');
  const publicKey = knownTypes.test(keyType) || keyval.has('public') ? keyval.string('public') : '';
  const rest = new Map(reader.rest());
  if (keyval.rest().size > 0) rest.set('keyval', Object.fromEntries(keyval.rest()));
  return { keyId: keyId(id), keyType, scheme, public: publicKey, unrecognized: rest };
}

export function keyToJson(key: Key): JsonOutput {
  const { keyval: others, ...rest } = Object.fromEntries(key.unrecognized);
  const extra = isJsonObject(others) ? others : {};
  const absent = key.public === '' && !knownTypes.test(key.keyType);
  const keyval = absent ? extra : { ...extra, public: key.public };
  return { ...rest, keytype: key.keyType, scheme: key.scheme, keyval };
}
