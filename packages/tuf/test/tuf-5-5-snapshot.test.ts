import { metadataToBytes, parseMetadata, TrustedMetadataSet } from '@ragnos/tuf';
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  envelope,
  expired,
  loadSnapshot,
  loadTimestamp,
  metaFile,
  newKeys,
  now,
  codeOf,
  repository,
  snapshotJson,
  targetsRole,
  timestampJson,
  type Json,
} from './world.ts';

const keys = newKeys();
const files = repository({ keys, targets: { version: 3 } });
const snapshotOf = (meta: Json, over: Json = {}): Uint8Array =>
  envelope(snapshotJson(meta, over), keys.snapshot);
const timestampFor = (snapshot: Json, version = 2): Uint8Array =>
  envelope(timestampJson(snapshot, { version }), keys.timestamp);

/** A set whose timestamp names `bytes`, in place of the snapshot that it may have. */
function expecting(snapshot: Json, before?: Uint8Array): TrustedMetadataSet {
  const set = new TrustedMetadataSet(files.root, { now });
  set.updateTimestamp(timestampFor(snapshot));
  if (before !== undefined)
    try {
      set.updateSnapshot(before, { trusted: true });
    } catch {
      // what was kept here is a guard now
    }
  return set;
}

describe('5.5: the snapshot', () => {
  test('is taken when it is the one that the timestamp names', () => {
    const set = loadSnapshot(files);
    expect(set.snapshot?.meta.get(targetsRole)).toMatchObject({ version: 3 });
    expect(set.expectedRole(targetsRole).version).toBe(3);
  });

  test('comes after the timestamp', () => {
    const set = new TrustedMetadataSet(files.root, { now });
    expect(codeOf(() => set.updateSnapshot(files.snapshot))).toBe('WORKFLOW');
    expect(set.snapshot).toBeNull();
  });

  test('that was signed just now is not parsed again, and checked all the same', () => {
    const parsed = parseMetadata(snapshotOf({ 'targets.json': { version: 3 } }), 'snapshot');
    const good = metadataToBytes(parsed.signedBytes, parsed.signatures);
    const set = expecting(metaFile(good));
    expect(set.updateSnapshot(good, { parsed })).toBe(parsed.signed);
    const strange = envelope(snapshotJson({ 'targets.json': { version: 3 } }), newKeys().snapshot);
    const other = expecting(metaFile(strange));
    const unsigned = { parsed: parseMetadata(strange, 'snapshot') };
    expect(codeOf(() => other.updateSnapshot(strange, unsigned))).toBe('UNSIGNED');
    expect(codeOf(() => expecting(metaFile(good, 9)).updateSnapshot(good, { parsed }))).toBe('BAD_VERSION');
  });

  test('what is said to be in the bytes, and is not, counts for nothing', () => {
    const good = snapshotOf({ 'targets.json': { version: 3 } });
    const lie = parseMetadata(snapshotOf({ 'targets.json': { version: 9 } }), 'snapshot');
    const set = expecting(metaFile(good));
    expect(set.updateSnapshot(good, { parsed: lie }).meta.get(targetsRole)?.version).toBe(3);
  });

  const good = snapshotOf({});
  const refused = {
    'of another length (5.5.2)': [
      good,
      { ...metaFile(good), length: good.length + 1 },
      'LENGTH_OR_HASH_MISMATCH',
    ],
    'of another hash (5.5.2)': [good, metaFile(files.snapshot), 'LENGTH_OR_HASH_MISMATCH'],
    'signed by somebody else (5.5.3)': [envelope(snapshotJson(), keys.timestamp), { version: 1 }, 'UNSIGNED'],
    'of another version (5.5.4)': [good, { version: 2 }, 'BAD_VERSION'],
    'that has expired (5.5.6)': [snapshotOf({}, expired), { version: 1 }, 'EXPIRED'],
    'that is too long (5.5.1)': [new Uint8Array(2_000_001), { version: 1 }, 'LIMIT'],
    'that is another file': [files.targets, { version: 1 }, 'MALFORMED'],
  } as const;
  for (const [name, [bytes, announced, code]] of Object.entries(refused))
    test(`${name} is refused, and no role is believed`, () => {
      const set = expecting(announced);
      expect(codeOf(() => set.updateSnapshot(bytes))).toBe(code);
      expect(() => set.expectedRole(targetsRole)).toThrow(Error);
    });

  test('may not name an older role, nor drop one (5.5.5: rollback)', () => {
    const before = snapshotOf({ 'targets.json': { version: 5 }, 'x.json': { version: 2 } });
    const at = (meta: Json): [Uint8Array, TrustedMetadataSet] => {
      const next = snapshotOf({ 'targets.json': { version: 5 }, ...meta }, { version: 2 });
      return [next, expecting(metaFile(next, 2), before)];
    };
    const [older, first] = at({ 'x.json': { version: 1 } });
    expect(codeOf(() => first.updateSnapshot(older))).toBe('BAD_VERSION');
    const [dropped, second] = at({});
    expect(codeOf(() => second.updateSnapshot(dropped))).toBe('BAD_VERSION');
    expect(second.snapshot?.version).toBe(1); // the guard, and no more than that
    expect(codeOf(() => second.expectedRole(targetsRole))).toBe('BAD_VERSION');
    const [same, third] = at({ 'x.json': { version: 2 } });
    expect(third.updateSnapshot(same).version).toBe(2);
  });

  test('kept here is believed without its hash only while it is the one that the timestamp names', () => {
    const twin = snapshotOf({}, { note: 'the same version, other bytes' });
    const set = expecting(metaFile(good));
    expect(codeOf(() => set.updateSnapshot(twin, { trusted: true }))).toBe('LENGTH_OR_HASH_MISMATCH');
    expect(codeOf(() => set.expectedRole(targetsRole))).toBe('LENGTH_OR_HASH_MISMATCH');
    expect(set.updateSnapshot(good, { trusted: true }).version).toBe(1);
    expect(set.expectedRole(targetsRole).version).toBe(1);
  });

  test('of a later timestamp with the same version and other bytes is asked for again', () => {
    const set = loadSnapshot(files);
    set.updateTimestamp(timestampFor(metaFile(good)));
    expect(codeOf(() => set.expectedRole(targetsRole))).toBe('LENGTH_OR_HASH_MISMATCH');
    const same = loadSnapshot(files);
    same.updateTimestamp(timestampFor(metaFile(files.snapshot)));
    expect(same.expectedRole(targetsRole).version).toBe(3);
  });

  test('that the timestamp gives in another number of hashes, or none, is asked for again', () => {
    const { length } = files.snapshot;
    const version = 1;
    const hashes = { sha256: createHash('sha256').update(files.snapshot).digest('hex') };
    const others: Json[] = [
      { version, length, hashes: { ...hashes, sha512: 'cd'.repeat(64) } },
      { version, length },
      { version, length: length + 1, hashes },
    ];
    const after = (announced: Json): TrustedMetadataSet => {
      const set = loadSnapshot(files);
      set.updateTimestamp(timestampFor(announced));
      return set;
    };
    for (const announced of others)
      expect(codeOf(() => after(announced).expectedRole(targetsRole))).toBe('LENGTH_OR_HASH_MISMATCH');
    expect(after({ version, length, hashes }).expectedRole(targetsRole).version).toBe(3);
  });

  test('that has expired is no longer asked for roles once time is enforced', () => {
    const old = repository({ snapshot: expired });
    expect(codeOf(() => loadTimestamp(old).updateSnapshot(old.snapshot))).toBe('EXPIRED');
    expect(loadSnapshot(old, { expiry: 'ignore' }).expectedRole(targetsRole).version).toBe(1);
  });
});
