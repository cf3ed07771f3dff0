import {
  checkableHashes,
  checkBytes,
  hexDigest,
  roleName,
  targetPath,
  TrustedMetadataSet,
} from '@ragnos/tuf';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ed25519 } from './signer.ts';
import {
  bytesOf,
  delegations,
  envelope,
  expired,
  load,
  loadSnapshot,
  loadTimestamp,
  newKeys,
  now,
  codeOf,
  repository,
  roleBytes,
  rootRole,
  snapshotJson,
  targetsJson,
  targetsRole,
  timestampJson,
  type Contents,
} from './world.ts';

const vendor = roleName('vendor');
const other = roleName('other');

describe('5.6: the top-level targets', () => {
  test('are taken', () => {
    const set = load(repository());
    expect(set.targets?.targets.get(targetPath('a/b.txt'))?.length).toBe(3);
    expect(set.role(targetsRole, rootRole)).toBe(set.targets);
    expect(set.delegationsOf(targetsRole, rootRole)).toBeNull();
  });

  test('come after the snapshot', () => {
    const files = repository();
    const set = new TrustedMetadataSet(files.root, { now });
    expect(codeOf(() => set.updateTargets(files.targets))).toBe('WORKFLOW');
    set.updateTimestamp(files.timestamp);
    expect(codeOf(() => set.updateTargets(files.targets))).toBe('WORKFLOW');
    expect(set.targets).toBeNull();
  });

  const keys = newKeys();
  const announced = (bytes: Uint8Array, contents: Contents = {}): [TrustedMetadataSet, Uint8Array] => [
    loadSnapshot(repository({ keys, hashes: false, ...contents })),
    bytes,
  ];
  const refused = {
    'with other bytes (5.6.2)': [
      announced(envelope(targetsJson(), keys.targets), { hashes: true, targets: { n: 1 } }),
      'LENGTH_OR_HASH_MISMATCH',
    ],
    'signed by somebody else (5.6.3)': [announced(envelope(targetsJson(), keys.root)), 'UNSIGNED'],
    'of a later version (5.6.4)': [
      announced(envelope(targetsJson({ version: 2 }), keys.targets)),
      'BAD_VERSION',
    ],
    'of an earlier version (5.6.4)': [
      announced(envelope(targetsJson(), keys.targets), { targets: { version: 2 } }),
      'BAD_VERSION',
    ],
    'that have expired (5.6.5)': [announced(envelope(targetsJson(expired), keys.targets)), 'EXPIRED'],
    'that are too long (5.6.1)': [announced(new Uint8Array(5_000_001)), 'LIMIT'],
  } as const;
  for (const [name, [[set, bytes], code]] of Object.entries(refused))
    test(`${name} are refused`, () => {
      expect(codeOf(() => set.updateTargets(bytes))).toBe(code);
      expect(set.targets).toBeNull();
    });
});

describe('5.6.7: delegated roles', () => {
  const [one, two] = [ed25519(), ed25519()];
  const files = repository({
    targets: { delegations: delegations({ vendor: [[one]], other: [[two]] }) },
    roles: {
      vendor: [{ delegations: delegations({ child: [[one]] }) }, [one]],
      other: [{}, [two]],
      child: [{}, [one]],
    },
  });
  const child = roleName('child');

  test('are taken as their delegator delegates to them', () => {
    const set = load(files);
    const loaded = set.updateDelegatedTargets(roleBytes(files, 'vendor'), vendor, targetsRole);
    expect(set.role(vendor, targetsRole)).toBe(loaded);
    expect(set.updateDelegatedTargets(roleBytes(files, 'child'), child, vendor).version).toBe(1);
    expect(set.delegationsOf(vendor, targetsRole)?.roles?.map(({ name }) => name)).toEqual(['child']);
    expect(set.updateDelegatedTargets(roleBytes(files, 'vendor'), vendor, targetsRole)).toBe(loaded); // again
  });

  test('come after their delegator', () => {
    const set = load(files);
    expect(codeOf(() => set.updateDelegatedTargets(roleBytes(files, 'child'), child, vendor))).toBe(
      'WORKFLOW',
    );
  });

  test('must be in the snapshot and in the delegations', () => {
    const set = load(files);
    expect(codeOf(() => set.updateDelegatedTargets(files.targets, roleName('nobody'), targetsRole))).toBe(
      'UNKNOWN_ROLE',
    );
    expect(codeOf(() => set.updateDelegatedTargets(roleBytes(files, 'child'), child, targetsRole))).toBe(
      'UNKNOWN_ROLE',
    );
    expect(codeOf(() => set.updateDelegatedTargets(roleBytes(files, 'vendor'), vendor, rootRole))).toBe(
      'UNKNOWN_ROLE',
    );
    set.updateDelegatedTargets(roleBytes(files, 'other'), other, targetsRole);
    expect(codeOf(() => set.updateDelegatedTargets(roleBytes(files, 'child'), child, other))).toBe(
      'UNKNOWN_ROLE',
    );
  });

  test('are forgotten when a new snapshot says something new of them, with what was trusted because of them', () => {
    const contents: Contents = {
      keys: files.keys,
      targets: { delegations: delegations({ vendor: [[one]], other: [[two]] }) },
      roles: {
        vendor: [{ version: 2, delegations: delegations({ child: [[two]] }) }, [one]],
        other: [{}, [two]],
        child: [{}, [one]],
      },
      snapshot: { version: 2 },
      timestamp: { version: 2 },
    };
    const set = load(files);
    set.updateDelegatedTargets(roleBytes(files, 'vendor'), vendor, targetsRole);
    set.updateDelegatedTargets(roleBytes(files, 'child'), child, vendor);
    const kept = set.updateDelegatedTargets(roleBytes(files, 'other'), other, targetsRole);
    const draft = repository(contents);
    // ed25519 signs the same bytes alike, so what did not change is the same file
    const next = {
      ...draft,
      timestamp: envelope(
        timestampJson(undefined, { version: 2, meta: { 'snapshot.json': { version: 2 } } }),
        files.keys.timestamp,
      ),
    };
    set.updateTimestamp(next.timestamp);
    expect(codeOf(() => set.expectedRole(vendor))).toBe('BAD_VERSION');
    set.updateSnapshot(next.snapshot);
    expect(set.targets).not.toBeNull();
    expect(set.role(other, targetsRole)).toBe(kept);
    expect(set.role(vendor, targetsRole)).toBeNull();
    expect(set.role(child, vendor)).toBeNull();
    set.updateDelegatedTargets(roleBytes(next, 'vendor'), vendor, targetsRole);
    expect(codeOf(() => set.updateDelegatedTargets(roleBytes(next, 'child'), child, vendor))).toBe(
      'UNSIGNED',
    ); // a new key now
  });
});

describe('bytes against what was announced', () => {
  const bytes = bytesOf('abc');
  const hash = (name: string): string => createHash(name).update(bytes).digest('hex');
  const of = (name: string, value: string) => ({ length: null, hashes: new Map([[name, hexDigest(value)]]) });

  test.each(['sha256', 'sha384', 'sha512'])('%s', (name) => {
    checkBytes(bytes, of(name, hash(name)), 'abc');
    expect(codeOf(() => checkBytes(bytesOf('abd'), of(name, hash(name)), 'abd'))).toBe(
      'LENGTH_OR_HASH_MISMATCH',
    );
  });

  test('an algorithm that we do not compute says nothing beside one that we do, and alone it is no proof', () => {
    const other = ['blake2b-256', hexDigest('ab'.repeat(32))] as const;
    const both = new Map([other, ['sha256', hexDigest(hash('sha256'))] as const]);
    expect(codeOf(() => checkBytes(bytes, { length: 3, hashes: both }, 'abc'))).toBeNull();
    expect(codeOf(() => checkBytes(bytesOf('abd'), { length: 3, hashes: both }, 'abd'))).toBe(
      'LENGTH_OR_HASH_MISMATCH',
    );
    for (const hashes of [new Map([other]), new Map([['md5', hexDigest(hash('md5'))] as const])])
      expect(() => checkBytes(bytes, { length: 3, hashes }, 'abc')).toThrow(
        expect.objectContaining({
          code: 'LENGTH_OR_HASH_MISMATCH',
          hint: 'a newer version may know it; nothing was taken unchecked',
        }),
      );
  });

  test('those of a target that can be checked, in the order of its role', () => {
    const hashes = new Map(
      ['sha512', 'x', 'sha256', 'sha384'].map((name) => [name, hexDigest('ab'.repeat(32))] as const),
    );
    expect(checkableHashes(hashes, 'x').map(([name]) => name)).toEqual(['sha512', 'sha256', 'sha384']);
  });
  test('nothing stated', () =>
    expect(codeOf(() => checkBytes(bytes, { length: null, hashes: null }, 'abc'))).toBeNull());
  test('length', () =>
    expect(codeOf(() => checkBytes(bytes, { length: 4, hashes: null }, 'abc'))).toBe(
      'LENGTH_OR_HASH_MISMATCH',
    ));
});

test('a role that the snapshot gives no hash of is read from a timestamp without any', () => {
  const files = repository({ hashes: false });
  expect(load(files).targets?.version).toBe(1);
  expect(loadTimestamp(files).timestamp?.snapshot.hashes).toBeNull();
  expect(snapshotJson()['version']).toBe(1);
});
