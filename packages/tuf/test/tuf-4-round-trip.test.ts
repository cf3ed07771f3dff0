import {
  canonicalJson,
  formatDate,
  hexDigest,
  metadataToBytes,
  parseJson,
  parseMetadata,
  roleName,
  signedToBytes,
  targetPath,
  type MetaFile,
  type SignedType,
} from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { ecdsa, ed25519 } from './signer.ts';
import {
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

const keys = { ...newKeys(), root: [ecdsa('P-256')] };
const [signer] = [ed25519()];
const extra = { 'x-note': { b: [1, null], a: 'é' }, __proto_: 1 };
const hashes = { sha256: digest, 'blake2b-256': 'cd'.repeat(32) };
const oidc = { keytype: 'sigstore-oidc', scheme: 'Fulcio', keyval: { identity: 'a', issuer: 'b' }, ...extra };
const legacy = {
  keytype: 'ecdsa-sha2-nistp256',
  scheme: 'ecdsa-sha2-nistp256',
  keyid_hash_algorithms: ['sha256'],
  keyval: { public: '04ab', private: '' },
};

const whole: readonly (readonly [SignedType, Json])[] = [
  [
    'root',
    rootJson(keys, {
      ...extra,
      keys: { ...keysJson(keys.root), oidc, legacy },
      roles: rolesJson(keys, { root: { ...role(keys.root), ...extra } }),
    }),
  ],
  ['timestamp', timestampJson({ version: 1, length: 3, hashes, ...extra }, extra)],
  ['timestamp', timestampJson({ version: 1 })],
  ['snapshot', snapshotJson({ 'vendor/a b.json': { version: 3, ...extra } }, extra)],
  [
    'snapshot',
    snapshotJson({
      'a.json': { version: 1 },
      'b.json': { version: 2, length: 3 },
      'c.json': { version: 2, hashes: { sha256: digest } },
      'd.json': { version: 2, length: 3, hashes: { sha256: digest } },
      'e.json': { version: 2, length: 3, hashes },
      'f.json': { version: 2, length: 3, hashes: { sha512: digest.repeat(2) } },
      'g.json': { version: 2, length: 3, hashes: { sha256: digest }, ...extra },
      '__proto__.json': { version: 4 },
      '10.json': { version: 5 },
    }),
  ],
  [
    'targets',
    targetsJson({
      ...extra,
      targets: { 'a/b': { ...file, hashes, custom: { z: 1, a: null }, ...extra }, '10': file, '9': file },
    }),
  ],
  ['targets', targetsJson({ delegations: { ...delegations({ v: [[signer], extra] }), ...extra } })],
  [
    'targets',
    targetsJson({
      delegations: {
        keys: {},
        roles: [{ name: 'p', ...role([signer]), terminating: true, path_hash_prefixes: ['0a'] }],
      },
    }),
  ],
  [
    'targets',
    targetsJson({
      delegations: {
        keys: {},
        succinct_roles: { ...role([signer]), bit_length: 3, name_prefix: 'bin', ...extra },
      },
    }),
  ],
];

describe('what is written back is what was read, members unknown to us and all', () => {
  test.each(whole.map(([type, json], index) => [index, type, json] as const))('%i: %s', (_, type, json) => {
    const metadata = parseMetadata(envelope(json, []), type);
    expect(signedToBytes(metadata.signed)).toEqual(canonicalJson(json));
    expect(metadata.signedBytes).toEqual(canonicalJson(json));
  });

  test('in a file that every JSON reader takes, line ends of a PEM and all', () => {
    const json = rootJson(keys);
    const bytes = metadataToBytes(canonicalJson(json), [{ keyId: signer.key.keyId, sig: 'ab' }]);
    expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual({
      signed: json,
      signatures: [{ keyid: signer.key.keyId, sig: 'ab' }],
    });
    expect(parseMetadata(bytes, 'root').signatures).toEqual([{ keyId: signer.key.keyId, sig: 'ab' }]);
  });

  test('and a number that is no integer is not written', () => {
    const { signed } = parseMetadata(envelope(snapshotJson(), []), 'snapshot');
    const hashes = new Map([['sha256', hexDigest(digest)]]);
    const none = { unrecognized: new Map<string, never>() };
    for (const entry of [
      { version: 1.5, length: null, hashes: null, ...none },
      { version: 1, length: 1.5, hashes, ...none },
      { version: 1.5, length: 1, hashes, ...none },
    ])
      expect(codeOf(() => signedToBytes({ ...signed, meta: new Map([[roleName('targets'), entry]]) }))).toBe(
        'MALFORMED',
      );
  });

  test('with names that JavaScript objects have of their own', () => {
    const text = JSON.stringify({ signed: targetsJson(), signatures: [] }).replace(
      '"a/b.txt":',
      '"__proto__":',
    );
    const { signed, signedBytes } = parseMetadata(new TextEncoder().encode(text), 'targets');
    expect([...signed.targets.keys()]).toEqual(['__proto__']);
    expect(signedToBytes(signed)).toEqual(signedBytes);
  });
});

describe('the targets of a role are a map', () => {
  const { targets } = parseMetadata(
    envelope(targetsJson({ targets: { a: file, 'b/c': { ...file, custom: 1 } } }), []),
    'targets',
  ).signed;
  const [a, bc] = [targetPath('a'), targetPath('b/c')];

  test('with look-ups', () => {
    expect(targets.size).toBe(2);
    expect(targets.get(a)).toEqual({
      length: 3,
      hashes: new Map([['sha256', digest]]),
      custom: undefined,
      unrecognized: new Map(),
    });
    expect(targets.has(bc)).toBe(true);
    for (const name of ['c', 'constructor', 'toString', '__proto__']) {
      expect(targets.has(targetPath(name))).toBe(false);
      expect(targets.get(targetPath(name))).toBeUndefined();
    }
  });

  test('to walk through', () => {
    expect([...targets.keys()]).toEqual([a, bc]);
    expect([...targets.values()].map(({ custom }) => custom)).toEqual([undefined, 1]);
    expect(new Map(targets)).toEqual(new Map(targets.entries()));
    const seen: unknown[] = [];
    // oxlint-disable-next-line unicorn/no-array-for-each -- it is what is tested
    targets.forEach((file, path, map) => seen.push([path, file.length, map === targets]));
    expect(seen).toEqual([
      [a, 3, true],
      [bc, 3, true],
    ]);
  });
});

describe('a date', () => {
  test('is written in whole seconds', () =>
    expect(formatDate(new Date('2030-01-01T00:00:00.999Z'))).toBe('2030-01-01T00:00:00Z'));

  test.each([Number.NaN, 8.64e15, -8.64e15])('%d has no such form', (time) =>
    expect(codeOf(() => formatDate(new Date(time)))).toBe('MALFORMED'),
  );
});

test('strict reading and ours agree on what a file holds', () => {
  for (const [, json] of whole) expect(parseJson(envelope(json, []), 'x')).toMatchObject({ signatures: [] });
});

test('the entries of a snapshot are written in one order, whatever order and names they have', () => {
  const names = ['targets', 'a', 'a-b', 'a.b', 'a b', 'é', '"', 'z'];
  const entry = (version: number): MetaFile => ({
    version,
    length: null,
    hashes: null,
    unrecognized: version === 3 ? new Map([['x', 1]]) : new Map(),
  });
  const written = (roles: readonly string[]): string => {
    const meta = new Map(roles.map((role) => [roleName(role), entry(names.indexOf(role) + 1)]));
    const { signed } = parseMetadata(envelope(snapshotJson(), [signer]), 'snapshot');
    return Buffer.from(signedToBytes({ ...signed, meta })).toString();
  };
  for (const count of [1, 2, 4, 5, 6, 7, 8]) {
    const some = names.slice(0, count);
    expect(written(some)).toBe(written(some.toReversed()));
    expect(written(some)).toBe(written(some.toSorted((a, b) => (`${a}.json` < `${b}.json` ? -1 : 1))));
  }
  expect(written(['targets', 'a-b', 'a'])).toContain(
    '"meta":{"a-b.json":{"version":3,"x":1},"a.json":{"version":2},"targets.json":{"version":1}}',
  );
});
