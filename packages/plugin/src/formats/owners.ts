import {
  canonicalJson,
  keyFingerprint,
  keyFromJson,
  keyId,
  keyToJson,
  newKey,
  Reader,
  UnsignedMetadataError,
  verifyThreshold,
  type JsonOutput,
  type Key,
  type KeyId,
  type Signature,
} from '@ragnos/tuf';
import { hash } from 'node:crypto';
import type { VendorName } from '../names.ts';
import { readTime } from './common.ts';

const handoverFormat = 'ragnos-handover/1';
const maxOwners = 256;
const maxKeys = 64;

/** A vendor's keys, from a time on. */
export interface Owner {
  readonly keys: readonly Key[];
  readonly threshold: number;
  /** RFC 3339: when the door took them. */
  readonly since: string;
  /** Signatures of the owner before over `handoverBytes`; empty for the first one, and where nobody countersigned. */
  readonly handover: readonly Signature[];
}

type Keys = Pick<Owner, 'keys' | 'threshold'>;

/** What somebody remembers of a vendor's keys: ids made from the keys themselves; the threshold is null where it was not kept. */
export interface KnownOwner {
  readonly keyIds: readonly string[];
  readonly threshold: number | null;
}

/**
 * What the keys before sign to hand a vendor over to the keys after: valid for one vendor of one repository, and for
 * exactly these keys. `repository`: the id that its root carries (`repositoryId`).
 */
export function handoverBytes(
  repository: string,
  vendor: VendorName,
  before: Pick<Owner, 'keys'>,
  after: Keys,
): Uint8Array {
  return canonicalJson({
    format: handoverFormat,
    repository,
    vendor,
    previous: idsOf(before).toSorted(),
    keys: keysToJson(after.keys),
    threshold: after.threshold,
  });
}

/** Whether the threshold of `before` has signed the handover to `after`. */
export function isHandedOver(repository: string, vendor: VendorName, before: Keys, after: Owner): boolean {
  const keys = new Map(before.keys.map((key) => [key.keyId, key]));
  const role = { keyIds: [...keys.keys()], threshold: before.threshold, unrecognized: new Map() };
  const signedBytes = handoverBytes(repository, vendor, before, after);
  try {
    verifyThreshold({ signatures: after.handover, signedBytes }, role, keys, `the handover of ${vendor}`);
    return true;
  } catch (error) {
    if (error instanceof UnsignedMetadataError) return false;
    throw error;
  }
}

/**
 * Whether the keys that `owners` ends with are the known ones, or were handed over to by them, step by step (decision 6).
 * Hosts ask this of a catalog that they do not have to believe: the first step needs the threshold that they know, and every
 * later owner's keys and threshold are signed by the one before. A handover counts once: after the vendor went back to the keys
 * before, the old signatures prove nothing. `current`: the ids that may sign now; if they are the known ones, nothing has to be
 * proven.
 */
export function isSuccession(
  repository: string,
  vendor: VendorName,
  owners: readonly Owner[],
  known: KnownOwner,
  current: readonly string[],
): boolean {
  if (sameIds(known.keyIds, current)) return true;
  const used = new Set<string>();
  let heir: Keys | null = null; // the owner at this point, if it follows from the known one
  for (const [index, owner] of owners.entries()) {
    const before = owners[index - 1];
    const step = before === undefined ? '' : hash('sha256', handoverBytes(repository, vendor, before, owner));
    if (heir !== null && !used.has(step) && isHandedOver(repository, vendor, heir, owner)) heir = owner;
    else if (sameIds(known.keyIds, idsOf(owner)))
      heir = { keys: owner.keys, threshold: known.threshold ?? owner.threshold };
    else heir = null;
    used.add(step);
  }
  return heir !== null && sameIds(idsOf(heir), current);
}

function idsOf({ keys }: Pick<Owner, 'keys'>): readonly string[] {
  return keys.map((key) => key.keyId);
}

export function sameIds(a: readonly string[], b: readonly string[]): boolean {
  const [left, right] = [new Set(a), new Set(b)];
  return left.size === right.size && [...left].every((id) => right.has(id));
}

export function keysToJson(keys: readonly Key[]): JsonOutput {
  return new Map(keys.map((key) => [key.keyId as string, keyToJson(key)]));
}

/** Only keys of kinds that we can verify, each once and under the id that is its own: here nobody else's file has to be understood. */
export function readKeys(reader: Reader, name: string): readonly Key[] {
  const members = reader.object(name);
  const ids = members.names();
  if (ids.length === 0 || ids.length > maxKeys) reader.fail(name, `1 to ${maxKeys} keys`);
  const keys = ids.map((id) => {
    const key = keyFromJson(id, members.object(id));
    if (ownId(key) !== id || key.unrecognized.size > 0 || keyFingerprint(key) === null)
      members.fail(id, 'a key that can be verified, under its own id');
    return key;
  });
  if (new Set(keys.map(keyFingerprint)).size < keys.length) reader.fail(name, 'every key once'); // CVE-2020-15093
  return keys;
}

/** The id that the key has by itself: a repository may call any key by any id. */
function ownId(key: Key): string {
  return newKey(key.keyType, key.scheme, key.public).keyId;
}

/** Those that `keyIds` name, each once, by their own ids; a name without a key can sign nothing. */
export function ownIds(keyIds: readonly KeyId[], keys: ReadonlyMap<KeyId, Key>): readonly string[] {
  const found = keyIds.map((id) => keys.get(id)).filter((key) => key !== undefined);
  return [...new Set(found.map(ownId))].toSorted();
}

export function readThreshold(reader: Reader, keys: readonly Key[]): number {
  return reader.integer('threshold', 1, keys.length);
}

export function readSignatures(reader: Reader, name: string): readonly Signature[] {
  const list = reader.array(name);
  if (list.length > maxKeys) reader.fail(name, `at most ${maxKeys} signatures`);
  return list.map((json, index) => {
    const item = Reader.of(json, `${reader.path}.${name}[${index}]`);
    return { keyId: keyId(item.string('keyid')), sig: item.string('sig') };
  });
}

export function signaturesToJson(signatures: readonly Signature[]): JsonOutput {
  return signatures.map(({ keyId: keyid, sig }) => ({ keyid, sig }));
}

export function readOwners(reader: Reader, name: string): readonly Owner[] {
  const list = reader.array(name);
  if (list.length > maxOwners) reader.fail(name, `at most ${maxOwners} owners`);
  return list.map((json, index) => {
    const item = Reader.of(json, `${reader.path}.${name}[${index}]`);
    const keys = readKeys(item, 'keys');
    return {
      keys,
      threshold: readThreshold(item, keys),
      since: readTime(item, 'since'),
      handover: readSignatures(item, 'handover'),
    };
  });
}

export function ownersToJson(owners: readonly Owner[]): JsonOutput {
  return owners.map(({ keys, threshold, since, handover }) => ({
    keys: keysToJson(keys),
    threshold,
    since,
    handover: signaturesToJson(handover),
  }));
}
