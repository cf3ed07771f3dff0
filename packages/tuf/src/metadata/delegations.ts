import { binName } from '../delegation.ts';
import { Reader } from '../json/reader.ts';
import type { JsonValue } from '../json/value.ts';
import type { Limits } from '../limits.ts';
import type { DelegatedRole, Delegations, SuccinctRoles } from '../model.ts';
import { isTopLevelRole, roleName } from '../names.ts';
import { readKeys, readRoleKeys } from './fields.ts';

/** 4.5 and TAP 15. The order of roles is trust order and is kept. */
export function readDelegations(reader: Reader, limits: Limits): Delegations {
  const keys = readKeys(reader.object('keys'), limits);
  if (reader.has('roles') === reader.has('succinct_roles'))
    reader.fail('roles', 'either roles or succinct_roles');
  const roles = reader.has('roles') ? readRoles(reader) : null;
  const succinctRoles = reader.has('succinct_roles') ? readSuccinct(reader.object('succinct_roles')) : null;
  return { keys, roles, succinctRoles, unrecognized: reader.rest() };
}

function readRoles(reader: Reader): readonly DelegatedRole[] {
  const roles = reader.array('roles').map((json, index) => readRole(json, `${reader.path}.roles[${index}]`));
  if (new Set(roles.map((role) => role.name)).size !== roles.length) reader.fail('roles', 'each name once');
  return roles;
}

function readRole(json: JsonValue, path: string): DelegatedRole {
  const reader = Reader.of(json, path);
  const name = roleName(reader.string('name'));
  // Nor its twin in other case, which would share its file where the file system does not mind case.
  if (isTopLevelRole(name.toLowerCase())) reader.fail('name', 'a name that is no top-level role');
  if (reader.has('paths') === reader.has('path_hash_prefixes'))
    reader.fail('paths', 'either paths or path_hash_prefixes');
  const pathHashPrefixes = reader.has('path_hash_prefixes') ? reader.strings('path_hash_prefixes') : null;
  if (pathHashPrefixes?.some((prefix) => !/^[0-9a-f]{1,64}$/.test(prefix)) === true)
    reader.fail('path_hash_prefixes', 'lower-case hex, 1 to 64 digits each');
  return {
    name,
    ...readRoleKeys(reader),
    terminating: reader.boolean('terminating'),
    paths: reader.has('paths') ? reader.strings('paths') : null,
    pathHashPrefixes,
    unrecognized: reader.rest(),
  };
}

function readSuccinct(reader: Reader): SuccinctRoles {
  const bitLength = reader.integer('bit_length', 1, 32);
  const namePrefix = reader.string('name_prefix');
  const succinct = { ...readRoleKeys(reader), bitLength, namePrefix, unrecognized: reader.rest() };
  binName(succinct, 2 ** bitLength - 1); // what it will name must be safe, the longest too
  return succinct;
}
