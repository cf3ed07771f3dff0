import { defaultLimits, parseMetadata, type JsonOutput } from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { ed25519 } from './signer.ts';
import {
  bytesOf,
  digest,
  envelope,
  keysJson,
  newKeys,
  codeOf,
  role,
  rolesJson,
  rootJson,
  snapshotJson,
  timestampJson,
  type Json,
} from './world.ts';
import { absent, table } from './malformed-table.ts';

const keys = newKeys();
const signer = ed25519();
const id = signer.key.keyId;
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
    'an entry of null': meta('x.json', null),
    'an entry in an array': meta('x.json', [{ version: 1 }]),
  });
  // A version alone is judged by a shorter way, whatever else is there by the longer one: both must refuse the same.
  for (const [way, more] of Object.entries({ alone: {}, 'beside a length': { length: 1 } }))
    table('snapshot', snapshotJson(), {
      [`version 0, ${way}`]: meta('x.json', { version: 0, ...more }),
      [`a negative version, ${way}`]: meta('x.json', { version: -1, ...more }),
      [`version 2^31, ${way}`]: meta('x.json', { version: 2 ** 31, ...more }),
      [`a version as text, ${way}`]: meta('x.json', { version: '1', ...more }),
      [`a version of true, ${way}`]: meta('x.json', { version: true, ...more }),
      [`a version of null, ${way}`]: meta('x.json', { version: null, ...more }),
      [`a version in an array, ${way}`]: meta('x.json', { version: [1], ...more }),
      [`no version, ${way}`]: meta('x.json', more),
      [`a negative length, ${way}`]: meta('x.json', { version: 1, ...more, length: -1 }),
      [`empty hashes, ${way}`]: meta('x.json', { version: 1, ...more, hashes: {} }),
    });

  test('the least and the greatest version, with and without more; each is counted and found', () => {
    const of = { a: { version: 1 }, b: { version: 2 ** 31 - 1 }, c: { version: 1, length: 0 } };
    const files = Object.fromEntries(Object.entries(of).map(([name, entry]) => [`${name}.json`, entry]));
    const { signed } = parseMetadata(envelope(snapshotJson(files), []), 'snapshot');
    expect(signed.meta.size).toBe(4);
    expect([...signed.meta].map(([name, { version, length }]) => [name, version, length])).toEqual([
      ['targets', 1, null],
      ['a', 1, null],
      ['b', 2 ** 31 - 1, null],
      ['c', 1, 0],
    ]);
  });
});
