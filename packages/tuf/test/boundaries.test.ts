import {
  binName,
  canonicalJson,
  checkRootPin,
  defaultLimits,
  formatDate,
  keyFingerprint,
  keyFromJson,
  keyToJson,
  matchesPattern,
  newKey,
  parseJson,
  parseMetadata,
  Reader,
  replaceableBySingleKey,
  roleName,
  rolesForTarget,
  rootFingerprint,
  targetPath,
  TrustedMetadataSet,
  verifySignature,
  type JsonOutput,
} from '@ragnos/tuf';
import { createHash, createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ecdsa, ed25519 } from './signer.ts';
import {
  bytesOf,
  codeOf,
  delegations,
  digest,
  envelope,
  load,
  loadSnapshot,
  metaFile,
  newKeys,
  now,
  repository,
  role,
  roleBytes,
  rolesJson,
  rootJson,
  snapshotJson,
  targetsJson,
  targetsRole,
  timestampJson,
  type Json,
} from './world.ts';

// The last value that is good and the first that is not; each found by a mutant of the sources that no other test noticed.

const read = (json: Json, type: 'targets' | 'snapshot' = 'targets') =>
  codeOf(() => parseMetadata(envelope(json, []), type));

describe('an entry that looks plain', () => {
  const entry = (hashes: JsonOutput, length: JsonOutput = 1) =>
    read(targetsJson({ targets: { a: { length, hashes } } }));
  const bad: Readonly<Record<string, JsonOutput>> = {
    'upper case': { sha256: digest.toUpperCase() },
    'one digit too few': { sha256: digest.slice(1) },
    'something before': { sha256: `zz${digest}` },
    'something behind': { sha256: `${digest}zz` },
    'a digest in a list': { sha256: [digest] },
    'no digest': { sha256: null },
    'no text': { sha256: 1 },
    'a bad one beside': { sha256: digest, sha512: 'zz' },
    'a list': [digest],
    null: null,
  };
  test.each(Object.entries(bad))('%s: refused with its role', (_, hashes) =>
    expect(entry(hashes)).toBe('MALFORMED'),
  );
  test.each([-1, '1', null, [1]])('length %j: refused with its role', (length) =>
    expect(entry({ sha256: digest }, length)).toBe('MALFORMED'),
  );
  test('length 0 is one', () => expect(entry({ sha256: digest }, 0)).toBeNull());
});

describe('hashes', () => {
  const entry = (hashes: JsonOutput) => read(targetsJson({ targets: { a: { length: 1, hashes } } }));
  test('one algorithm that we compute is enough, whichever', () => {
    for (const [name, digits] of [
      ['sha256', 64],
      ['sha384', 96],
      ['sha512', 128],
    ] as const) {
      expect(entry({ [name]: 'a'.repeat(digits) })).toBeNull();
      for (const wrong of [digits - 2, digits + 2].filter((n) => n <= 128))
        expect(entry({ [name]: 'a'.repeat(wrong) })).toBe('MALFORMED');
    }
    expect(entry({ sha384: 'a'.repeat(64) })).toBe('MALFORMED');
  });
});

describe('texts', () => {
  test('spec_version begins with 1', () => {
    for (const version of ['x1.0.34', '01.0', ' 1.0.34', '1.0.34 ', '1.0.34.1'])
      expect(read(targetsJson({ spec_version: version }))).toBe('MALFORMED');
  });

  test('years 0 and 9999 can be written', () => {
    expect(formatDate(new Date('0000-01-01T00:00:00Z'))).toBe('0000-01-01T00:00:00Z');
    expect(formatDate(new Date('9999-12-31T23:59:59Z'))).toBe('9999-12-31T23:59:59Z');
  });

  test('every file of a snapshot ends in .json', () => {
    for (const name of ['role', 'role.jso', 'role.JSON', 'longer-role'])
      expect(read(snapshotJson({ [name]: { version: 1 } }), 'snapshot')).toBe('MALFORMED');
  });

  test('role names: 200 bytes, and no whole name of a versioned file', () => {
    expect(roleName('a'.repeat(200))).toHaveLength(200);
    expect(roleName(`${'a'.repeat(197)}/`)).toHaveLength(198);
    for (const fine of ['a1.root', 'v.1.root', '1.rooted']) expect(roleName(fine)).toBe(fine);
  });

  test('every prefix of a list must be hex', () => {
    const given = delegations({ vendor: [[ed25519()], { paths: null, path_hash_prefixes: ['ab', 'ZZ'] }] });
    const text = JSON.stringify(targetsJson({ delegations: given })).replace('"paths":null,', '');
    expect(codeOf(() => parseMetadata(bytesOf(`{"signatures":[],"signed":${text}}`), 'targets'))).toBe(
      'MALFORMED',
    );
  });
});

describe('path patterns', () => {
  test('a star at the end may stand for nothing, and so may several', () => {
    for (const pattern of ['a*', 'a**', '*a*', 'a/b*']) {
      const path = pattern.replaceAll('*', '');
      expect(matchesPattern(pattern, path)).toBe(true);
      expect(matchesPattern(`${pattern}c`, path)).toBe(false);
    }
  });

  test('a question mark is one code point, whether it takes one unit or two', () => {
    for (const character of ['a', '\ud7ff', '\ue000', '\uff5e', '\u{10000}', '\u{1f600}', '\u{10ffff}']) {
      expect(matchesPattern('?b', `${character}b`)).toBe(true);
      expect(matchesPattern('??b', `${character}b`)).toBe(false);
      expect(matchesPattern('*?b', `${character}b`)).toBe(true);
      expect(matchesPattern('*??b', `${character}b`)).toBe(false);
    }
  });
});

describe('delegations', () => {
  const path = targetPath('a/b');
  const hex = createHash('sha256').update(path).digest('hex');
  const bin = (prefix: string) => ({
    keys: new Map(),
    roles: [
      {
        name: roleName('bin'),
        keyIds: [],
        threshold: 1,
        terminating: true,
        paths: null,
        pathHashPrefixes: [prefix],
        unrecognized: new Map(),
      },
    ],
    succinctRoles: null,
    unrecognized: new Map(),
  });

  test('a hash prefix is a beginning: not an end, not a middle', () => {
    for (const length of [1, 2, 63, 64])
      expect(rolesForTarget(bin(hex.slice(0, length)), path)).toHaveLength(1);
    for (const other of [hex.slice(-8), hex.slice(8, 16)])
      expect(rolesForTarget(bin(other), path)).toEqual([]);
  });

  test('bins have names of one width', () => {
    const of = (bitLength: number, index: number) =>
      binName({ bitLength, namePrefix: 'p', keyIds: [], threshold: 1, unrecognized: new Map() }, index);
    expect([of(4, 0), of(5, 1), of(8, 10), of(9, 10), of(32, 1)]).toEqual([
      'p-0',
      'p-01',
      'p-0a',
      'p-00a',
      'p-00000001',
    ]);
  });
});

describe('JSON', () => {
  test('what stands side by side is not deep', () => {
    const many = (item: string) => bytesOf(`[${Array.from({ length: 200 }, () => item).join(',')}]`);
    for (const item of ['{}', '[]', '{"a":[]}']) expect(parseJson(many(item), 'x')).toHaveLength(200);
  });

  test.each(['0.5', '0e1', '0E1', '1E5', '1E+5', '1e-5', '-0', '-0.5', '00', '01', '[0.0]', '{"a":0.25}'])(
    'the number %s is refused',
    (text) => expect(codeOf(() => parseJson(bytesOf(text), 'x'))).toBe('MALFORMED'),
  );

  test.each([
    '"b":1,"a":2',
    '"a":1,"10":2',
    '"\u{1f600}":1,"\uff5e":2',
    '"a":{"d":1,"c":2}',
    '"a":[{"d":1,"c":2}]',
    '"a":1,"9":{"10":1}',
    '"a":1,"0":2',
    '"a":1,"9":2',
    '"2":1,"1":2',
    '"a":[{"a":1},{"d":1,"c":2}]',
  ])('what was signed of %s is in the order of canonical JSON', (members) => {
    const rest = JSON.stringify(targetsJson({ targets: {} })).slice(1, -1);
    const named = `"A":{${members}}`; // before all others, which follow in their order
    const parts = rest.match(/"(?:_type|expires|spec_version|targets|version)":(?:"[^"]*"|\d+|\{\})/g) ?? [];
    const text = `{"signatures":[],"signed":{${[named, ...parts.toSorted()].join(',')}}}`;
    const value = parseJson(bytesOf(text), 'x');
    const { signed } = value as { readonly signed: JsonOutput };
    const { signedBytes } = parseMetadata(bytesOf(text), 'targets');
    expect(Buffer.from(signedBytes).toString()).toBe(Buffer.from(canonicalJson(signed)).toString());
  });

  test('signatures that are written in another order than we would: what was signed is the same', () => {
    const signed = JSON.stringify(targetsJson({ targets: {} }));
    const canonical = Buffer.from(canonicalJson(parseJson(bytesOf(signed), 'x'))).toString();
    for (const entry of ['{"keyid":"a","sig":"ab","1":0}', '{"keyid":"a","sig":"ab"}']) {
      const file = bytesOf(`{"signatures":[${entry}],"signed":${canonical}}`);
      expect(Buffer.from(parseMetadata(file, 'targets').signedBytes).toString()).toBe(canonical);
    }
  });

  test('one space inside the signed part: what was signed is without it', () => {
    for (const space of [' ', '\n', '\t', '\r']) {
      const text = JSON.stringify({ signatures: [], signed: targetsJson({ targets: {} }) });
      const { signedBytes } = parseMetadata(
        bytesOf(text.replace('"targets":{}', `"targets":${space}{}`)),
        'targets',
      );
      expect(signedBytes).toEqual(parseMetadata(bytesOf(text), 'targets').signedBytes);
    }
  });
});

describe('keys', () => {
  const reader = (json: Json) => Reader.of(parseJson(bytesOf(JSON.stringify(json)), 'key'), 'key');
  test('half a byte more is no signature', () => {
    for (const signer of [ed25519(), ecdsa('P-256')])
      expect(verifySignature(signer.key, `${signer.sign(bytesOf('x'))}0`, bytesOf('x'))).toBe(false);
  });

  test('texts longer than any key are read and not kept; more keys than are kept are read all the same', () => {
    const { key } = ecdsa('P-256');
    const long = { ...key, public: `${key.public}${'\n'.repeat(9_000)}` };
    expect(keyFingerprint(long)).toBe(keyFingerprint(key));
    expect(keyFingerprint({ ...key, public: 'x'.repeat(9_000) })).toBeNull();
    for (let index = 0; index < 1_100; index++)
      expect(keyFingerprint(newKey('ed25519', 'ed25519', `not a key ${index}`))).toBeNull();
    expect(keyFingerprint(key)).toBe(keyFingerprint(long));
  });

  test('RSA up to 16,384 bits', () => {
    const of = (bits: number) => {
      const n = Buffer.alloc(bits / 8, 0xa5).toString('base64url');
      const pem = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' }).export({
        type: 'spki',
        format: 'pem',
      });
      return keyFingerprint(newKey('rsa', 'rsassa-pss-sha256', pem));
    };
    expect([of(2040), of(16_392)]).toEqual([null, null]);
    expect([of(2048), of(16_384)]).not.toContain(null);
  });

  test('a PEM after an empty line is the same key', () => {
    const { key } = ecdsa('P-256');
    expect(keyFingerprint({ ...key, public: `\n${key.public}` })).toBe(keyFingerprint(key));
  });

  test('types that we know need a value, types that are named alike do not', () => {
    for (const keytype of ['rsa', 'ed25519', 'ml-dsa', 'ecdsa', 'ecdsa-sha2-nistp256'])
      expect(codeOf(() => keyFromJson('id', reader({ keytype, scheme: 'x', keyval: {} })))).toBe('MALFORMED');
    for (const keytype of ['my-rsa', 'rsa2', 'x-ecdsa', 'ed25519ph'])
      expect(keyFromJson('id', reader({ keytype, scheme: 'x', keyval: { point: 1 } })).public).toBe('');
  });

  test('a key of an unknown type keeps its value, and one without has none', () => {
    for (const keyval of [{ public: 'x' }, { public: 'x', more: 1 }, { more: 1 }]) {
      const json = { keytype: 'unknown', scheme: 'unknown', keyval };
      expect(keyToJson(keyFromJson('id', reader(json)))).toEqual(json);
    }
    const plain = keyFromJson(
      'id',
      reader({ keytype: 'unknown', scheme: 'unknown', keyval: { public: 'x' } }),
    );
    expect(plain.unrecognized.size).toBe(0);
  });
});

describe('the fingerprint of a root', () => {
  const { root } = repository();
  const pin = rootFingerprint(root);
  test.each([`x${pin}`, `${pin}x`, `xsha256:${pin}`, `${pin}sha256:`, `sha256:sha256:${pin}`, pin.slice(1)])(
    'form %# of another text is none',
    (text) => expect(codeOf(() => checkRootPin(root, text))).toBe('MALFORMED'),
  );
  test('colons anywhere do not matter', () =>
    expect(codeOf(() => checkRootPin(root, pin.split('').join(':')))).toBeNull());
});

test('a root that one key can replace: of two ids one cannot be used, or both are one key', () => {
  const [one, other] = [ed25519(), ed25519()];
  const rootWith = (second: JsonOutput) => {
    const keys = { ...newKeys(), root: [one, other] };
    const json = rootJson(keys);
    const all = { ...Object.fromEntries(Object.entries(json['keys'] ?? {})), [other.key.keyId]: second };
    return new TrustedMetadataSet(
      envelope(rootJson(keys, { keys: all, roles: rolesJson(keys, { root: role(keys.root, 1) }) }), [one]),
      { now },
    ).root;
  };
  const two = (second: JsonOutput) => {
    const root = rootWith(second);
    const keys = root.roles.get('root');
    if (keys === undefined) throw new Error('no root role');
    return { ...root, roles: new Map([...root.roles, ['root', { ...keys, threshold: 2 }] as const]) };
  };
  expect(replaceableBySingleKey(two(keyToJson(other.key)))).toBe(false);
  expect(replaceableBySingleKey(two(keyToJson(newKey('unknown', 'unknown', 'x'))))).toBe(true);
  expect(replaceableBySingleKey(two(keyToJson(one.key)))).toBe(true);
});

describe('the trusted set', () => {
  const signer = ed25519();
  const [vendor, other, child, grand] = ['vendor', 'other', 'child', 'grand'].map(roleName) as [
    ReturnType<typeof roleName>,
    ReturnType<typeof roleName>,
    ReturnType<typeof roleName>,
    ReturnType<typeof roleName>,
  ];

  test('a role that is delegated and not in the snapshot is unknown', () => {
    const set = load(repository({ targets: { delegations: delegations({ vendor: [[signer]] }) } }));
    const bytes = envelope(targetsJson(), [signer]);
    expect(codeOf(() => set.updateDelegatedTargets(bytes, vendor, targetsRole))).toBe('UNKNOWN_ROLE');
    expect(codeOf(() => set.expectedRole(vendor))).toBe('UNKNOWN_ROLE');
    expect(set.delegationsOf(vendor, targetsRole)).toBeNull();
  });

  test('as many bytes as the limit are read', () => {
    const files = repository();
    const limits = {
      ...defaultLimits,
      rootMaxLength: files.root.length,
      timestampMaxLength: files.timestamp.length,
    };
    const set = new TrustedMetadataSet(files.root, { now, limits });
    expect(set.updateTimestamp(files.timestamp)).toBe(true);
    const less = { ...limits, rootMaxLength: files.root.length - 1 };
    expect(codeOf(() => new TrustedMetadataSet(files.root, { now, limits: less }))).toBe('LIMIT');
  });

  const keys = newKeys();
  const tree = (version: number) =>
    ({
      keys,
      targets: { delegations: delegations({ vendor: [[signer]], other: [[signer]] }) },
      roles: {
        vendor: [{ version, delegations: delegations({ child: [[signer]] }) }, [signer]],
        other: [{ delegations: delegations({ child: [[signer]] }) }, [signer]],
        child: [{ delegations: delegations({ grand: [[signer]] }) }, [signer]],
        grand: [{}, [signer]],
      },
      snapshot: { version },
      timestamp: { version },
    }) as const;

  /** All four, `child` for these delegators; then a snapshot with a new `vendor`. */
  function afterNewVendor(delegators: readonly (typeof vendor)[]): TrustedMetadataSet {
    const [first, second] = [repository(tree(1)), repository(tree(2))];
    const set = load(first);
    for (const name of [vendor, other]) set.updateDelegatedTargets(roleBytes(first, name), name, targetsRole);
    for (const from of delegators) set.updateDelegatedTargets(roleBytes(first, child), child, from);
    set.updateDelegatedTargets(roleBytes(first, grand), grand, child);
    set.updateTimestamp(second.timestamp);
    set.updateSnapshot(second.snapshot);
    return set;
  }

  test('forgets a role of which the snapshot gives another version and no hashes', () => {
    const [first, second] = [1, 2].map((version) => repository({ ...tree(version), hashes: false }));
    if (first === undefined || second === undefined) throw new Error('no repository');
    const named = (version: number) => envelope(timestampJson({ version }, { version }), keys.timestamp);
    const set = load({ ...first, timestamp: named(1) });
    for (const name of [vendor, other]) set.updateDelegatedTargets(roleBytes(first, name), name, targetsRole);
    set.updateTimestamp(named(2));
    set.updateSnapshot(second.snapshot);
    expect(set.role(vendor, targetsRole)).toBeNull();
    expect(set.role(other, targetsRole)).not.toBeNull();
  });

  test('forgets what was trusted because of a role alone, down to the last', () => {
    const set = afterNewVendor([vendor]);
    expect([set.role(child, vendor), set.role(grand, child)]).toEqual([null, null]);
    expect(codeOf(() => set.updateDelegatedTargets(new Uint8Array(), grand, child))).toBe('WORKFLOW');
  });

  test('keeps what another role vouches for too, and for that one alone', () => {
    const set = afterNewVendor([vendor, other]);
    expect(set.role(child, vendor)).toBeNull();
    expect(set.role(child, other)).not.toBeNull();
    expect(set.role(grand, child)).not.toBeNull();
  });

  const again: Readonly<Record<string, readonly [before: Json, after: Json, kept: boolean]>> = {
    'the same words': [
      { version: 1, length: 5, hashes: { sha256: digest } },
      { version: 1, length: 5, hashes: { sha256: digest } },
      true,
    ],
    'another length': [{ version: 1, length: 5 }, { version: 1, length: 6 }, false],
    'a length at last': [{ version: 1 }, { version: 1, length: 5 }, false],
    'another hash': [
      { version: 1, hashes: { sha256: digest } },
      { version: 1, hashes: { sha256: 'cd'.repeat(32) } },
      false,
    ],
    'one of two hashes is another': [
      { version: 1, hashes: { sha256: digest, sha512: 'ab'.repeat(64) } },
      { version: 1, hashes: { sha256: digest, sha512: 'cd'.repeat(64) } },
      false,
    ],
    'a hash more': [
      { version: 1, hashes: { sha256: digest } },
      { version: 1, hashes: { sha256: digest, sha512: 'ab'.repeat(64) } },
      false,
    ],
    'a hash less': [
      { version: 1, hashes: { sha256: digest, sha512: 'ab'.repeat(64) } },
      { version: 1, hashes: { sha256: digest } },
      false,
    ],
    'no hashes any more': [{ version: 1, hashes: { sha256: digest } }, { version: 1 }, false],
    'hashes at last': [{ version: 1 }, { version: 1, hashes: { sha256: digest } }, false],
    'nothing but the version': [{ version: 1 }, { version: 1 }, true],
  };
  test.each(Object.entries(again))(
    'what a timestamp says of the same snapshot: %s',
    (_, [before, after, kept]) => {
      const files = repository({ keys, hashes: false });
      const at = (version: number, said: Json) => envelope(timestampJson(said, { version }), keys.timestamp);
      const actual = metaFile(files.snapshot);
      const real = (said: Json): Json => ({
        ...said,
        ...('length' in said ? { length: said['length'] === 5 ? (actual['length'] ?? 0) : 6 } : {}),
      });
      const hash = Object(actual['hashes']) as { readonly sha256: string };
      const fit = (said: Json): Json =>
        JSON.parse(
          JSON.stringify(real(said))
            .replace(digest, hash.sha256)
            .replace('ab'.repeat(64), createHash('sha512').update(files.snapshot).digest('hex')),
        ) as Json;
      const set = new TrustedMetadataSet(files.root, { now });
      set.updateTimestamp(at(1, fit(before)));
      set.updateSnapshot(files.snapshot);
      set.updateTimestamp(at(2, fit(after)));
      expect(codeOf(() => set.expectedRole(targetsRole))).toBe(kept ? null : 'LENGTH_OR_HASH_MISMATCH');
      expect(codeOf(() => loadSnapshot(files))).toBeNull();
    },
  );
});
