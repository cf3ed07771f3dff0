import { defaultLimits, parseMetadata, type JsonOutput, type SignedType } from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { ed25519 } from './signer.ts';
import {
  bytesOf,
  delegations,
  digest,
  envelope,
  file,
  keysJson,
  newKeys,
  codeOf,
  role,
  rolesJson,
  rootJson,
  snapshotJson,
  targetsJson,
  timestampJson,
  type Json,
} from './world.ts';

const keys = newKeys();
const signer = ed25519();
const id = signer.key.keyId;
const x = { hashes: { sha256: digest } };
const absent = Symbol('absent');

/** Refused as `type`: the good part with these members instead, or without them. */
function table(
  type: SignedType,
  good: Json,
  cases: Readonly<Record<string, Readonly<Record<string, JsonOutput | typeof absent>>>>,
): void {
  test('the good one is read', () => {
    expect(parseMetadata(envelope(good, []), type).signed.type).toBe(type);
  });
  for (const [name, change] of Object.entries(cases))
    test(`${name} is refused`, () => {
      const signed: Record<string, JsonOutput> = { ...good };
      for (const [member, value] of Object.entries(change))
        if (typeof value === 'symbol') Reflect.deleteProperty(signed, member);
        else signed[member] = value;
      expect(codeOf(() => parseMetadata(bytesOf(JSON.stringify({ signed, signatures: [] })), type))).toBe(
        'MALFORMED',
      );
    });
}

describe('the envelope', () => {
  const cases: Readonly<Record<string, JsonOutput>> = {
    'no object': [],
    text: 'x',
    null: null,
    'nothing signed': { signatures: [] },
    'no signatures': { signed: timestampJson() },
    'signatures that are no array': { signed: timestampJson(), signatures: {} },
    'a signature that is no object': { signed: timestampJson(), signatures: ['x'] },
    'a signature without key id': { signed: timestampJson(), signatures: [{ sig: 'ab' }] },
    'a signature with an empty key id': { signed: timestampJson(), signatures: [{ keyid: '', sig: 'ab' }] },
    'a signature without sig': { signed: timestampJson(), signatures: [{ keyid: 'a' }] },
    'signed is an array': { signed: [], signatures: [] },
    'signed is null': { signed: null, signatures: [] },
  };
  for (const [name, value] of Object.entries(cases))
    test(`${name} is refused`, () =>
      expect(codeOf(() => parseMetadata(bytesOf(JSON.stringify(value)), 'timestamp'))).toBe('MALFORMED'));

  test('the error names the file', () => {
    expect(() => parseMetadata(bytesOf('{}'), 'targets', defaultLimits, 'vendor.acme')).toThrow(
      /^vendor\.acme: /,
    );
    expect(() => parseMetadata(bytesOf('[]'), 'targets')).toThrow(/^targets: /);
  });
});

describe('what all have (4.3)', () => {
  const dates: Readonly<Record<string, JsonOutput>> = {
    'a word': 'abc',
    empty: '',
    'an offset': '2030-01-01T00:00:00+00:00',
    'no zone': '2030-01-01T00:00:00',
    fractions: '2030-01-01T00:00:00.000Z',
    'no seconds': '2030-01-01T00:00Z',
    'a day alone': '2030-01-01',
    'lower case': '2030-01-01t00:00:00z',
    'a space': '2030-01-01 00:00:00Z',
    '30 February': '2030-02-30T00:00:00Z',
    'month 13': '2030-13-01T00:00:00Z',
    'hour 24': '2030-01-01T24:00:00Z',
    'a leap second': '2030-12-31T23:59:60Z',
    'year 10000': '+010000-01-01T00:00:00Z',
    'a number': 1_893_456_000,
    'white space': ' 2030-01-01T00:00:00Z',
  };
  const versions: Readonly<Record<string, JsonOutput>> = {
    zero: 0,
    negative: -1,
    text: '1',
    '2^31': 2 ** 31,
    true: true,
    null: null,
  };
  const specs: Readonly<Record<string, JsonOutput>> = {
    'major 2': '2.0.0',
    'major 0': '0.9.0',
    'major 10': '10.0.0',
    one: '1',
    four: '1.0.0.0',
    words: '1.x.0',
    number: 1,
    pre: '1.0.0-rc',
    long: '1.1234567.0',
  };
  const as = (
    name: string,
    values: Readonly<Record<string, JsonOutput>>,
  ): Record<string, Record<string, JsonOutput | typeof absent>> =>
    Object.fromEntries<Record<string, JsonOutput | typeof absent>>([
      ...Object.entries(values).map(([what, value]): [string, Record<string, JsonOutput>] => [
        `${name}: ${what}`,
        { [name]: value },
      ]),
      [`${name}: absent`, { [name]: absent }],
    ]);
  table('timestamp', timestampJson(), {
    ...as('expires', dates),
    ...as('version', versions),
    ...as('spec_version', specs),
    ...as('_type', { 'another type': 'snapshot', 'other case': 'Timestamp', empty: '', number: 1 }),
  });

  test.each(['1.0', '1.0.0', '1.0.34', '1.1', '1.999999.0'])('spec_version %s is read', (spec_version) => {
    expect(
      parseMetadata(envelope(timestampJson(undefined, { spec_version }), []), 'timestamp').signed.specVersion,
    ).toBe(spec_version);
  });

  test.each(['0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2028-02-29T00:00:00Z'])(
    'expires %s is read',
    (expires) => {
      const { signed } = parseMetadata(envelope(timestampJson(undefined, { expires }), []), 'timestamp');
      expect(signed.expires).toEqual(new Date(expires));
    },
  );
});

describe('root (4.3)', () => {
  const withKey = (key: JsonOutput): Record<string, JsonOutput> => ({
    keys: { ...keysJson([signer]), other: key },
  });
  const withRole = (over: Json): Record<string, JsonOutput> => ({
    roles: rolesJson(keys, { root: { ...role([signer]), ...over } }),
  });
  table('root', rootJson(keys), {
    'no keys': { keys: absent },
    'keys in an array': { keys: [] },
    'a key that is no object': withKey('x'),
    'a key without type': withKey({ scheme: 'ed25519', keyval: { public: 'ab' } }),
    'a key without scheme': withKey({ keytype: 'ed25519', keyval: { public: 'ab' } }),
    'a key without value': withKey({ keytype: 'ed25519', scheme: 'ed25519' }),
    'a key of a known type without public value': withKey({
      keytype: 'rsa',
      scheme: 'x',
      keyval: { certificate: 'x' },
    }),
    'a key whose public value is no text': withKey({ keytype: 'new', scheme: 'x', keyval: { public: 1 } }),
    'a key id with a control character': { keys: { 'a\u0000': keysJson([signer])[id] ?? null } },
    'a key id of 257 characters': { keys: { ['a'.repeat(257)]: keysJson([signer])[id] ?? null } },
    'no roles': { roles: absent },
    'a role missing': { roles: { root: role([signer]) } },
    'a role too many': { roles: rolesJson(keys, { mirrors: role([signer]) }) },
    'roles that are no object': { roles: [] },
    'no threshold': withRole({ threshold: null }),
    'no key ids': withRole({ keyids: null }),
    'key ids that are no text': withRole({ keyids: [1] }),
    'consistent_snapshot in words': { consistent_snapshot: 'true' },
  });

  test('without consistent_snapshot has none', () => {
    const { consistent_snapshot, ...json } = { ...rootJson(keys), consistent_snapshot: true };
    expect(consistent_snapshot).toBe(true);
    expect(parseMetadata(envelope(json, []), 'root').signed.consistentSnapshot).toBe(false);
  });

  test('with a key of a type to come is read, whatever that holds', () => {
    const key = {
      keytype: 'sigstore-oidc',
      scheme: 'Fulcio',
      keyval: { identity: 'a@b.example', issuer: 'https://c.example' },
    };
    const { signed } = parseMetadata(envelope(rootJson(keys, withKey(key)), []), 'root');
    expect([...signed.keys.values()].at(-1)).toMatchObject({ keyType: 'sigstore-oidc', public: '' });
  });

  test('with more keys than the limit is refused', () => {
    expect(
      codeOf(() => parseMetadata(envelope(rootJson(keys), []), 'root', { ...defaultLimits, maxKeys: 3 })),
    ).toBe('LIMIT');
  });
});

describe('timestamp (4.6)', () => {
  const meta = (value: JsonOutput): Json => ({ meta: { 'snapshot.json': value } });
  table('timestamp', timestampJson(), {
    'no meta': { meta: absent },
    'meta in an array': { meta: [] },
    'no snapshot.json': { meta: {} },
    'another file': { meta: { 'snapshot.json': { version: 1 }, 'targets.json': { version: 1 } } },
    'no version': meta({}),
    'version 0': meta({ version: 0 }),
    'a negative length': meta({ version: 1, length: -1 }),
    'a length in words': meta({ version: 1, length: '1' }),
    'a length of null': meta({ version: 1, length: null }),
    'empty hashes': meta({ version: 1, hashes: {} }),
    'hashes of null': meta({ version: 1, hashes: null }),
    'md5 alone': meta({ version: 1, hashes: { md5: 'ab'.repeat(16) } }),
    'a short sha256': meta({ version: 1, hashes: { sha256: 'ab'.repeat(31) } }),
    'a sha512 of the length of a sha256': meta({ version: 1, hashes: { sha256: digest, sha512: digest } }),
    'upper case': meta({ version: 1, hashes: { sha256: digest.toUpperCase() } }),
    'a hash that is no text': meta({ version: 1, hashes: { sha256: 1 } }),
    'an odd number of digits': meta({ version: 1, hashes: { sha256: digest, other: `${digest}a` } }),
  });
});

describe('snapshot (4.4)', () => {
  const meta = (name: string, value: JsonOutput = { version: 1 }): Json => ({
    meta: { 'targets.json': { version: 1 }, [name]: value },
  });
  table('snapshot', snapshotJson(), {
    'no targets.json': { meta: { 'x.json': { version: 1 } } },
    'no meta': { meta: absent },
    'a name without .json': meta('x'),
    'an empty role name': meta('.json'),
    'a role name of dots': meta('...json'),
    'a role name that reads as a version': meta('7.root.json'),
    'an entry that is no object': meta('x.json', 1),
  });
});

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
    'md5 alone': target({ length: 1, hashes: { md5: 'ab'.repeat(16) } }),
    'an unsafe path': { targets: { '../a': file } },
    'delegations of null': { delegations: null },
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
