import { canonicalJson } from '../json/canonical.ts';
import type { JsonOutput } from '../json/value.ts';
import { keyToJson, type Key } from '../keys/key.ts';
import type { Delegations, MetaFile, RoleKeys, Signed, TargetFile, Unrecognized } from '../model.ts';
import type { KeyId } from '../names.ts';
import { formatDate } from './fields.ts';

type Members = Map<string, JsonOutput>;

/** The canonical bytes of a signed part: what signers sign. Unknown members are written back as they came. */
export function signedToBytes(signed: Signed): Uint8Array {
  const json = members(signed.unrecognized, {
    _type: signed.type,
    spec_version: signed.specVersion,
    version: signed.version,
    expires: formatDate(signed.expires),
  });
  switch (signed.type) {
    case 'root':
      json.set('consistent_snapshot', signed.consistentSnapshot);
      json.set('keys', keysToJson(signed.keys));
      json.set('roles', mapValues(signed.roles, roleKeysToJson));
      break;
    case 'timestamp':
      json.set('meta', { 'snapshot.json': metaFileToJson(signed.snapshot) });
      break;
    case 'snapshot':
      json.set(
        'meta',
        new Map([...signed.meta].map(([role, file]) => [`${role}.json`, metaFileToJson(file)])),
      );
      break;
    case 'targets':
      json.set('targets', mapValues(signed.targets, targetFileToJson));
      if (signed.delegations !== null) json.set('delegations', delegationsToJson(signed.delegations));
  }
  return canonicalJson(json);
}

function targetFileToJson(file: TargetFile): JsonOutput {
  const json = members(file.unrecognized, { length: file.length, hashes: file.hashes });
  return file.custom === undefined ? json : json.set('custom', file.custom);
}

function metaFileToJson(file: MetaFile): JsonOutput {
  const json = members(file.unrecognized, { version: file.version });
  if (file.length !== null) json.set('length', file.length);
  return file.hashes === null ? json : json.set('hashes', file.hashes);
}

function delegationsToJson(delegations: Delegations): JsonOutput {
  const json = members(delegations.unrecognized, { keys: keysToJson(delegations.keys) });
  if (delegations.roles !== null)
    json.set(
      'roles',
      delegations.roles.map((role) => {
        const written = roleKeysToJson(role).set('name', role.name).set('terminating', role.terminating);
        if (role.paths !== null) written.set('paths', role.paths);
        return role.pathHashPrefixes === null
          ? written
          : written.set('path_hash_prefixes', role.pathHashPrefixes);
      }),
    );
  const succinct = delegations.succinctRoles;
  if (succinct !== null)
    json.set(
      'succinct_roles',
      roleKeysToJson(succinct).set('bit_length', succinct.bitLength).set('name_prefix', succinct.namePrefix),
    );
  return json;
}

function roleKeysToJson(role: RoleKeys): Members {
  return members(role.unrecognized, { keyids: role.keyIds, threshold: role.threshold });
}

function keysToJson(keys: ReadonlyMap<KeyId, Key>): JsonOutput {
  return mapValues(keys, keyToJson);
}

function members(unrecognized: Unrecognized, known: Readonly<Record<string, JsonOutput>>): Members {
  return new Map<string, JsonOutput>([...unrecognized, ...Object.entries(known)]);
}

function mapValues<K extends string, V>(map: ReadonlyMap<K, V>, write: (value: V) => JsonOutput): Members {
  return new Map([...map].map(([key, value]) => [key, write(value)]));
}
