import { parseMetadata, targetPath, type JsonOutput } from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { ed25519 } from './signer.ts';
import { delegations, digest, envelope, file, keysJson, role, targetsJson, type Json } from './world.ts';
import { absent, table } from './malformed-table.ts';

const signer = ed25519();
const x = { hashes: { sha256: digest } };

describe('targets (4.5)', () => {
  const target = (value: JsonOutput): Json => ({ targets: { 'a/b': value } });
  table('targets', targetsJson(), {
    'no targets': { targets: absent },
    'targets in an array': { targets: [] },
    'a target that is no object': target(1),
    'no length': target({ ...x }),
    'a negative length': target({ ...x, length: -1 }),
    'no hashes': target({ length: 1 }),
    'empty hashes': target({ length: 1, hashes: {} }),
    'an unsafe path': { targets: { '../a': file } },
    'delegations of null': { delegations: null },
  });

  test('hashes that nobody here computes: the role is read with all its targets', () => {
    for (const hashes of [{ md5: 'ab'.repeat(16) }, { 'sha3-256': digest }, { x: digest, y: digest }]) {
      const { signed } = parseMetadata(
        envelope(targetsJson({ targets: { a: file, b: { length: 1, hashes } } }), []),
        'targets',
      );
      expect([...signed.targets.keys()]).toEqual(['a', 'b']);
      expect(Object.fromEntries(signed.targets.get(targetPath('b'))?.hashes ?? [])).toEqual(hashes);
    }
  });

  test('any custom is kept, null too', () => {
    for (const custom of [null, 0, 'x', {}, [1]]) {
      const { signed } = parseMetadata(envelope(targetsJson(target({ ...file, custom })), []), 'targets');
      expect([...signed.targets.values()]).toMatchObject([{ custom }]);
    }
  });
});

describe('delegations (4.5)', () => {
  const good = delegations({ vendor: [[signer]] });
  const roles = (over: Json, ...more: Json[]): Json => ({
    delegations: {
      ...good,
      roles: [{ name: 'v', ...role([signer]), terminating: true, paths: ['v/*'], ...over }, ...more],
    },
  });
  const { paths: _, ...prefixes } = { name: 'v', ...role([signer]), terminating: true, paths: [] };
  const prefixed = (path_hash_prefixes: JsonOutput): Json => ({
    delegations: { ...good, roles: [{ ...prefixes, path_hash_prefixes }] },
  });
  const succinct = (over: Json): Json => ({
    delegations: {
      keys: keysJson([signer]),
      succinct_roles: { ...role([signer]), bit_length: 4, name_prefix: 'bin', ...over },
    },
  });
  table('targets', targetsJson({ delegations: good }), {
    'no keys': { delegations: { roles: [] } },
    'neither roles nor succinct_roles': { delegations: { keys: {} } },
    'both of them': {
      delegations: { ...good, succinct_roles: { ...role([signer]), bit_length: 1, name_prefix: 'b' } },
    },
    'roles by name': { delegations: { keys: {}, roles: {} } },
    'a role that is no object': { delegations: { keys: {}, roles: ['v'] } },
    'a role twice': roles({}, { name: 'v', ...role([signer]), terminating: true, paths: [] }),
    'a role without name': roles({ name: null }),
    'an empty name': roles({ name: '' }),
    'the name of a top-level role': roles({ name: 'targets' }),
    'the name of a top-level role in other case': roles({ name: 'Root' }),
    'paths and path_hash_prefixes': roles({ path_hash_prefixes: [] }),
    'neither of them': { delegations: { ...good, roles: [prefixes] } },
    'paths that are no text': roles({ paths: [1] }),
    'paths that are no array': roles({ paths: 'v/*' }),
    'terminating in words': roles({ terminating: 'true' }),
    'a prefix that is no hex': prefixed(['xy']),
    'a prefix in upper case': prefixed(['AB']),
    'an empty prefix': prefixed(['']),
    'a prefix of 65 digits': prefixed(['a'.repeat(65)]),
    'no bits': succinct({ bit_length: 0 }),
    '33 bits': succinct({ bit_length: 33 }),
    'bits in words': succinct({ bit_length: '4' }),
    'no name prefix': succinct({ name_prefix: null }),
    'an unsafe name prefix': succinct({ name_prefix: 'a\u0000' }),
    'a prefix whose longest name is too long': succinct({ name_prefix: 'a'.repeat(195), bit_length: 32 }),
  });

  test('prefixes and bins are read', () => {
    const read = (over: Json) => parseMetadata(envelope(targetsJson(over), []), 'targets').signed.delegations;
    expect(read(prefixed(['0a', 'f']))?.roles).toMatchObject([
      { pathHashPrefixes: ['0a', 'f'], paths: null },
    ]);
    expect(read(succinct({}))).toMatchObject({
      roles: null,
      succinctRoles: { bitLength: 4, namePrefix: 'bin' },
    });
  });
});
