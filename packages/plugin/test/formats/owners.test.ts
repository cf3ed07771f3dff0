/** Decision 6: a new key set that the old threshold did not countersign is a change of owner. */
import { handoverBytes, isHandedOver, isSuccession, vendorName, type Owner } from '@ragnos/plugin';
import { newTestKey, type TestKey } from '@ragnos/testkit';
import { newKey, parseJson, Reader } from '@ragnos/tuf';
import { array, assert, boolean, constantFrom, integer, property, record } from 'fast-check';
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ownersToJson, readOwners } from '../../src/formats/owners.ts';
import { writeFormat } from '../../src/formats/common.ts';
import { acme, digest, withMember } from './samples.ts';

const repository = digest('1');
const since = '2030-01-01T00:00:00Z';

interface Party {
  readonly keys: readonly TestKey[];
  readonly threshold: number;
}

const party = (count = 1, threshold = count): Party => ({
  keys: Array.from({ length: count }, newTestKey),
  threshold,
});
const ids = ({ keys }: Party): readonly string[] => keys.map(({ key }) => key.keyId);
const knows = (who: Party) => ({ keyIds: ids(who), threshold: who.threshold });

/** `to` as an owner; `signers` countersign the handover from `from`. */
function owner(
  to: Party,
  from: Party | null = null,
  signers: readonly TestKey[] = [],
  about: { readonly repository?: string; readonly vendor?: string } = {},
): Owner {
  const after = { keys: to.keys.map(({ key }) => key), threshold: to.threshold };
  const before = { keys: (from ?? to).keys.map(({ key }) => key) };
  const vendor = vendorName(about.vendor ?? acme);
  const message = handoverBytes(about.repository ?? repository, vendor, before, after);
  return { ...after, since, handover: signers.map((signer) => signer.sign(message)) };
}

const succeeds = (owners: readonly Owner[], known: Party, current: Party): boolean =>
  isSuccession(repository, acme, owners, knows(known), ids(current));

describe('a handover', () => {
  const [a, b, stranger] = [party(3, 2), party(2, 2), party(2)];
  const cases: readonly (readonly [name: string, after: Owner, good: boolean])[] = [
    ['signed by the threshold of the keys before', owner(b, a, a.keys.slice(0, 2)), true],
    ['signed by all of them', owner(b, a, a.keys), true],
    ['signed by one too few', owner(b, a, a.keys.slice(0, 1)), false],
    [
      'signed twice by one key',
      owner(
        b,
        a,
        [a.keys[0], a.keys[0]].filter((key) => key !== undefined),
      ),
      false,
    ],
    ['signed by nobody', owner(b, a), false],
    ['signed by the keys after', owner(b, a, b.keys), false],
    ['signed by strangers', owner(b, a, stranger.keys), false],
    [
      'signed by the threshold, and by strangers',
      owner(b, a, [...stranger.keys, ...a.keys.slice(0, 2)]),
      true,
    ],
    ['of another repository', owner(b, a, a.keys, { repository: digest('2') }), false],
    ['of another vendor', owner(b, a, a.keys, { vendor: 'zeta' }), false],
    ['from other keys', owner(b, stranger, a.keys), false],
    ['of the same keys with a lower threshold', { ...owner(b, a, a.keys), threshold: 1 }, false],
    ['of one key more', { ...owner(b, a, a.keys), keys: owner(party(3)).keys }, false],
  ];
  test.each(cases)('%s', (_name, after, good) =>
    expect(isHandedOver(repository, acme, owner(a), after)).toBe(good),
  );

  test('a key that stands under the id of another cannot sign for it', () => {
    const [mine] = stranger.keys;
    const [victim] = a.keys;
    if (mine === undefined || victim === undefined) throw new Error('no keys');
    const before = { keys: [{ ...mine.key, keyId: victim.key.keyId }], threshold: 1 };
    const after = owner(b, a, a.keys);
    expect(isHandedOver(repository, acme, before, after)).toBe(false);
  });
});

describe('a succession', () => {
  const [a, b, c, stranger] = [party(3, 2), party(), party(2, 1), party()];
  const [first, second, third] = [owner(a), owner(b, a, a.keys), owner(c, b, b.keys)];

  test('nothing changed: nothing has to be proven', () => {
    expect(succeeds([], a, a)).toBe(true);
    expect(isSuccession(repository, acme, [], knows(a), ids(a).toReversed())).toBe(true);
    expect(succeeds([first], a, { ...a, threshold: 1 })).toBe(true);
  });

  test('one step, two steps at once, and each of them alone', () => {
    expect(succeeds([first, second], a, b)).toBe(true);
    expect(succeeds([first, second, third], a, c)).toBe(true);
    expect(succeeds([first, second, third], b, c)).toBe(true);
    expect(succeeds([second, third], b, c)).toBe(true);
  });

  test('no record, another record, a record that ends elsewhere', () => {
    expect(succeeds([], a, b)).toBe(false);
    expect(succeeds([second], a, b)).toBe(false);
    expect(succeeds([first, second], stranger, b)).toBe(false);
    expect(succeeds([first, second], a, c)).toBe(false);
    expect(succeeds([first, second, third], a, b)).toBe(false);
  });

  test('no step is skipped: an unsigned one in the middle breaks it, for those who knew what was before', () => {
    const owners = [first, owner(b, a), third];
    expect(succeeds(owners, a, c)).toBe(false);
    expect(succeeds(owners, b, c)).toBe(true);
    expect(succeeds([first, third], a, c)).toBe(false);
  });

  test('other keys of the same number, fewer keys, one key more', () => {
    for (const current of [stranger, party(2), { ...b, keys: [...b.keys, ...stranger.keys] }])
      expect(succeeds([first, second], a, current)).toBe(false);
    expect(isSuccession(repository, acme, [first, second], knows(a), [])).toBe(false);
  });

  test('the threshold of the first step is the one that is remembered, not the one that the catalog tells', () => {
    const lowered = { ...a, threshold: 1 };
    const byOne = owner(b, a, a.keys.slice(0, 1));
    expect(succeeds([owner(lowered), byOne], a, b)).toBe(false);
    expect(succeeds([owner(lowered), byOne], lowered, b)).toBe(true);
    expect(
      isSuccession(repository, acme, [owner(lowered), byOne], { keyIds: ids(a), threshold: null }, ids(b)),
    ).toBe(true);
  });

  test('a threshold is lowered by those who had the higher one', () => {
    const lowered = { ...a, threshold: 1 };
    const byOne = owner(b, a, a.keys.slice(0, 1));
    expect(succeeds([first, owner(lowered, a), byOne], a, b)).toBe(false);
    expect(succeeds([first, owner(lowered, a, a.keys.slice(0, 2)), byOne], a, b)).toBe(true);
  });

  test('back to an older owner: only where it was handed over again', () => {
    expect(succeeds([first, second, owner(a, b)], b, a)).toBe(false);
    expect(succeeds([first, second, owner(a, b, b.keys)], b, a)).toBe(true);
    expect(succeeds([first, second, owner(a, b, b.keys)], a, a)).toBe(true);
  });

  test('after that, the old handover proves nothing any more', () => {
    const back = owner(a, b, b.keys);
    expect(succeeds([first, second, back, second], a, b)).toBe(false);
    expect(succeeds([first, second, back, owner({ ...a, threshold: 1 }, a, a.keys), second], a, b)).toBe(
      false,
    );
    expect(succeeds([first, second, back, owner(c, a, a.keys)], a, c)).toBe(true);
  });

  test('property: it succeeds exactly where every step since the known owner was countersigned', () => {
    const parties = Array.from({ length: 8 }, () => party(2, 2));
    const step = record({ signed: boolean(), by: constantFrom(0, 1) });
    assert(
      property(
        array(step, { maxLength: 7 }),
        integer({ min: 0, max: 7 }),
        integer({ min: 0, max: 7 }),
        (steps, from, to) => {
          const chain = parties.slice(0, steps.length + 1);
          const owners = chain.map((who, index) => {
            const before = chain[index - 1] ?? null;
            const how = steps[index - 1];
            const signers = before === null || how?.signed !== true ? [] : before.keys.slice(how.by);
            return owner(who, before, signers);
          });
          const [known, current] = [chain[from % chain.length], chain[to % chain.length]];
          if (known === undefined || current === undefined) return;
          const later = steps.slice(from % chain.length);
          const expected =
            known === current ||
            (current === chain.at(-1) && later.every(({ signed, by }) => signed && by === 0));
          expect(succeeds(owners, known, current)).toBe(expected);
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('the record in a file', () => {
  const [a, b] = [party(2, 1), party()];
  const owners = [owner(a), owner(b, a, a.keys)];
  const bytes = writeFormat({ format: 'x', owners: ownersToJson(owners) });
  const read = (from: Uint8Array): readonly Owner[] =>
    readOwners(Reader.of(parseJson(from, 'x'), 'x'), 'owners');
  const [id = ''] = ids(b);
  const ecdsa = (pem: string) => newKey('ecdsa', 'ecdsa-sha2-nistp256', pem);

  test('is read back the same, and proves the same', () => {
    expect(read(bytes)).toEqual(owners.map((one) => ({ ...one, keys: byId(one.keys) })));
    expect(succeeds(read(bytes), a, b)).toBe(true);
  });

  const two = digest('a');
  const json = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: digest('b') } };
  const bad: Readonly<Record<string, readonly [path: readonly (string | number)[], value: unknown]>> = {
    'no list': [['owners'], {}],
    '257 owners': [['owners'], Array.from({ length: 257 }, () => ({}))],
    'no keys': [['owners', 1, 'keys'], {}],
    '65 keys': [
      ['owners', 1, 'keys'],
      Object.fromEntries(Array.from({ length: 65 }, (_, index) => [String(index), json])),
    ],
    'a key under a false id': [['owners', 1, 'keys'], { [two]: json }],
    'another key under the id of one': [['owners', 1, 'keys', id, 'keyval', 'public'], digest('b')],
    'a key of a kind that we cannot verify': [['owners', 1, 'keys', id, 'scheme'], 'rot13'],
    'a key with more than a key': [['owners', 1, 'keys', id, 'private'], 'x'],
    'a value with more than a key': [['owners', 1, 'keys', id, 'keyval', 'private'], 'x'],
    'a threshold of 0': [['owners', 1, 'threshold'], 0],
    'a threshold that nobody can reach': [['owners', 1, 'threshold'], 2],
    'a threshold that is none': [['owners', 1, 'threshold'], '1'],
    'since no time': [['owners', 1, 'since'], 'yesterday'],
    'no handover': [['owners', 1, 'handover'], undefined],
    '65 signatures': [
      ['owners', 1, 'handover'],
      Array.from({ length: 65 }, () => ({ keyid: 'x', sig: '00' })),
    ],
    'a signature by nobody': [['owners', 1, 'handover'], [{ keyid: '', sig: '00' }]],
    'a signature that is none': [['owners', 1, 'handover'], [{ keyid: 'x', sig: 5 }]],
  };
  test.each(Object.entries(bad))('%s is refused', (_name, [path, value]) =>
    expect(() => read(withMember(bytes, path, value))).toThrow(
      expect.objectContaining({ code: 'MALFORMED' }),
    ),
  );

  test('one key in two encodings is one key (CVE-2020-15093)', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const one = ownersToJson([{ keys: [ecdsa(pem)], threshold: 1, since, handover: [] }]);
    expect(read(writeFormat({ owners: one }))).toHaveLength(1);
    const keys = [ecdsa(pem), ecdsa(pem.trimEnd())];
    const twins = ownersToJson([{ keys, threshold: 2, since, handover: [] }]);
    expect(() => read(writeFormat({ owners: twins }))).toThrow(
      expect.objectContaining({ code: 'MALFORMED' }),
    );
  });
});

function byId(keys: Owner['keys']): Owner['keys'] {
  return keys.toSorted((x, y) => (x.keyId < y.keyId ? -1 : 1));
}
