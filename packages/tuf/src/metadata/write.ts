import { canonicalJson } from '../json/canonical.ts';
import { CanonicalText, emptyObject, type JsonObject, type JsonOutput } from '../json/value.ts';
import { keyToJson, type Key } from '../keys/key.ts';
import type {
  DelegatedRole,
  Delegations,
  Hashes,
  MetaFile,
  RoleKeys,
  Signed,
  SuccinctRoles,
  TargetFile,
  Unrecognized,
} from '../model.ts';
import type { KeyId, RoleName, TargetPath } from '../names.ts';
import { formatDate } from './fields.ts';
import { Members } from './members.ts';
import { PlainFiles } from './plain-files.ts';

type Known = Readonly<Record<string, JsonOutput>>;

/** The canonical bytes of a signed part: what signers sign. Unknown members are written back as they came. */
export function signedToBytes(signed: Signed): Uint8Array {
  const common = {
    _type: signed.type,
    spec_version: signed.specVersion,
    version: signed.version,
    expires: formatDate(signed.expires),
  };
  return canonicalJson(members(signed.unrecognized, { ...common, ...own(signed) }));
}

function own(signed: Signed): Known {
  switch (signed.type) {
    case 'root':
      return {
        consistent_snapshot: signed.consistentSnapshot,
        keys: keysToJson(signed.keys),
        roles: mapValues(signed.roles, roleKeysToJson),
      };
    case 'timestamp':
      return { meta: { 'snapshot.json': metaFileToJson(signed.snapshot) } };
    case 'snapshot':
      return { meta: metaFilesToJson(signed.meta) };
    case 'targets': {
      const targets = targetFilesToJson(signed.targets);
      const { delegations } = signed;
      return delegations === null ? { targets } : { targets, delegations: delegationsToJson(delegations) };
    }
  }
}

/**
 * There are many of these: a plain object, its members in order, is what `canonicalJson` writes fastest. What was read and is
 * kept as it came is written as it came.
 */
function targetFilesToJson(files: ReadonlyMap<TargetPath, TargetFile>): JsonOutput {
  if (files instanceof PlainFiles) return new CanonicalText(`{${files.text}}`);
  if (files instanceof Members) return files.json;
  const json = emptyObject();
  for (const [path, file] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1)))
    json[path] = targetFileToJson(file);
  return json;
}

export function targetFileToJson({ custom, hashes, length, unrecognized }: TargetFile): JsonObject {
  const file = { hashes: hashesToJson(hashes), length };
  const known = custom === undefined ? file : { custom, ...file };
  return unrecognized.size === 0 ? known : { ...Object.fromEntries(unrecognized), ...known };
}

function metaFilesToJson(files: ReadonlyMap<RoleName, MetaFile>): JsonOutput {
  const json = ([role, file]: readonly [RoleName, MetaFile]) =>
    [`${role}.json`, metaFileToJson(file)] as const;
  return orderedText(files) ?? new Map([...files].map(json));
}

/** There are thousands, in order as a rule: their text is made at once, in half the time. Null where that is not so easy. */
function orderedText(files: ReadonlyMap<RoleName, MetaFile>): CanonicalText | null {
  const entries: string[] = [];
  let last = '';
  for (const [role, file] of files) {
    const name = `${role}.json`;
    const text = plainText(file);
    if (text === null || name <= last || !/^[\w.-]+$/.test(role)) return null;
    last = name;
    entries.push(`"${name}":${text}`);
  }
  return new CanonicalText(`{${entries.join(',')}}`);
}

/** What nearly all are: a version alone, or with length and a sha256. Null: this one is not. */
function plainText({ hashes, length, version, unrecognized }: MetaFile): string | null {
  if (unrecognized.size > 0 || !Number.isSafeInteger(version)) return null;
  if (hashes === null && length === null) return `{"version":${version}}`;
  const sha256 = hashes?.size === 1 ? hashes.get('sha256') : undefined;
  if (sha256 === undefined || !Number.isSafeInteger(length)) return null;
  return `{"hashes":{"sha256":"${sha256}"},"length":${length},"version":${version}}`;
}

function metaFileToJson(file: MetaFile): JsonOutput {
  const text = plainText(file);
  if (text !== null) return new CanonicalText(text);
  const { hashes, length, version, unrecognized } = file;
  return members(unrecognized, {
    ...(hashes === null ? {} : { hashes: hashesToJson(hashes) }),
    ...(length === null ? {} : { length }),
    version,
  });
}

/** Nearly all are a sha256 alone. */
function hashesToJson(hashes: Hashes): JsonObject {
  const sha256 = hashes.get('sha256');
  return sha256 !== undefined && hashes.size === 1 ? { sha256 } : Object.fromEntries(hashes);
}

function delegationsToJson({ keys, roles, succinctRoles, unrecognized }: Delegations): JsonOutput {
  return members(unrecognized, {
    keys: keysToJson(keys),
    ...(roles === null ? {} : { roles: roles.map(roleToJson) }),
    ...(succinctRoles === null ? {} : { succinct_roles: succinctToJson(succinctRoles) }),
  });
}

function roleToJson(role: DelegatedRole): JsonOutput {
  const { name, terminating, paths, pathHashPrefixes } = role;
  return roleKeysToJson(role, {
    name,
    terminating,
    ...(paths === null ? {} : { paths }),
    ...(pathHashPrefixes === null ? {} : { path_hash_prefixes: pathHashPrefixes }),
  });
}

function succinctToJson(succinct: SuccinctRoles): JsonOutput {
  return roleKeysToJson(succinct, { bit_length: succinct.bitLength, name_prefix: succinct.namePrefix });
}

function roleKeysToJson(role: RoleKeys, more: Known = {}): JsonOutput {
  return members(role.unrecognized, { keyids: role.keyIds, threshold: role.threshold, ...more });
}

function keysToJson(keys: ReadonlyMap<KeyId, Key>): JsonOutput {
  return mapValues(keys, keyToJson);
}

/** What we know wins over an unknown member of the same name. */
function members(unrecognized: Unrecognized, known: Known): JsonOutput {
  return new Map([...unrecognized, ...Object.entries(known)]);
}

function mapValues<K extends string, V>(map: ReadonlyMap<K, V>, write: (value: V) => JsonOutput): JsonOutput {
  return new Map([...map].map(([key, value]) => [key, write(value)]));
}
