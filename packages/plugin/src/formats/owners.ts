import {
  canonicalJson,
  keyFingerprint,
  keyFromJson,
  keyId,
  keyToJson,
  newKey,
  Reader,
  verifyThreshold,
  type JsonOutput,
  type Key,
  type Signature,
} from '@ragnos/tuf';
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

/**
 * What the keys before sign to hand a vendor over to the keys after: valid for one vendor of one repository, and for
 * exactly these keys. `repository`: the sha256 of its first root.
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
    previous: before.keys.map((key) => key.keyId).toSorted(),
    keys: keysToJson(after.keys),
    threshold: after.threshold,
  });
}

/** Whether the threshold of `before` has signed the handover to `after`. */
export function isHandedOver(repository: string, vendor: VendorName, before: Keys, after: Owner): boolean {
  const role = {
    keyIds: before.keys.map((key) => key.keyId),
    threshold: before.threshold,
    unrecognized: new Map(),
  };
  const keys = new Map(before.keys.map((key) => [key.keyId, key]));
  const signedBytes = handoverBytes(repository, vendor, before, after);
  try {
    verifyThreshold({ signatures: after.handover, signedBytes }, role, keys, `the handover of ${vendor}`);
    return true;
  } catch {
    return false; // too few good signatures is the only thing that it throws
  }
}

/**
 * Whether the keys that `owners` ends with are the known ones, or were handed over to by them, step by step (decision 6). Hosts
 * ask this of a catalog that they do not have to believe: every step is signed by the keys before.
 */
export function isSuccession(
  repository: string,
  vendor: VendorName,
  owners: readonly Owner[],
  known: readonly string[],
  current: readonly string[],
): boolean {
  if (sameIds(known, current)) return true;
  const last = owners.at(-1);
  if (last === undefined || !sameIds(idsOf(last), current)) return false;
  const start = owners.findLastIndex((owner) => sameIds(idsOf(owner), known));
  if (start < 0) return false;
  return owners.slice(start + 1).every((after, index) => {
    const before = owners[start + index];
    return before !== undefined && isHandedOver(repository, vendor, before, after);
  });
}

function idsOf(owner: Owner): readonly string[] {
  return owner.keys.map((key) => key.keyId);
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return [...new Set(a)].toSorted().join() === [...new Set(b)].toSorted().join();
}

export function keysToJson(keys: readonly Key[]): JsonOutput {
  return new Map(keys.map((key) => [key.keyId as string, keyToJson(key)]));
}

/** Only keys of kinds that we can verify, under the id that is theirs: here nobody else's file has to be understood. */
export function readKeys(reader: Reader, name: string): readonly Key[] {
  const members = reader.object(name);
  const ids = members.names();
  if (ids.length === 0 || ids.length > maxKeys) reader.fail(name, `1 to ${maxKeys} keys`);
  return ids.map((id) => {
    const key = keyFromJson(id, members.object(id));
    const plain = newKey(key.keyType, key.scheme, key.public);
    if (plain.keyId !== id || key.unrecognized.size > 0 || keyFingerprint(key) === null)
      members.fail(id, 'a key that can be verified, under its own id');
    return key;
  });
}

export function readThreshold(reader: Reader, keys: readonly Key[]): number {
  const threshold = reader.integer('threshold', 1);
  return threshold <= keys.length ? threshold : reader.fail('threshold', `at most ${keys.length}`);
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
