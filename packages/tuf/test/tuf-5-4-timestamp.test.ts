import { describe, expect, test } from 'vitest';
import {
  envelope,
  expired,
  loadTimestamp,
  newKeys,
  now,
  codeOf,
  repository,
  timestampJson,
} from './world.ts';
import { TrustedMetadataSet } from '@ragnos/tuf';

const keys = newKeys();
const files = repository({ keys, timestamp: { version: 5, meta: { 'snapshot.json': { version: 4 } } } });
const signed = (version: number, snapshot: number, over = {}): Uint8Array =>
  envelope(timestampJson({ version: snapshot }, { version, ...over }), keys.timestamp);

describe('5.4: the next timestamp', () => {
  test('is taken', () => {
    const set = loadTimestamp(files);
    expect(set.updateTimestamp(signed(6, 4))).toBe(true);
    expect(set.timestamp).toMatchObject({ version: 6, snapshot: { version: 4, length: null, hashes: null } });
  });

  const refused = {
    'signed by somebody else (5.4.2)': [envelope(timestampJson(), keys.snapshot), 'UNSIGNED'],
    'that is older (5.4.3.1)': [signed(4, 4), 'BAD_VERSION'],
    'that names an older snapshot (5.4.3.2)': [signed(6, 3), 'BAD_VERSION'],
    'that is another file': [files.snapshot, 'MALFORMED'],
    'that is too long (5.4.1)': [new Uint8Array(16_385), 'LIMIT'],
  } as const;
  for (const [name, [bytes, code]] of Object.entries(refused))
    test(`${name} is refused, and the old one stays`, () => {
      const set = loadTimestamp(files);
      expect(codeOf(() => set.updateTimestamp(bytes))).toBe(code);
      expect(set.timestamp?.version).toBe(5);
    });

  test.each([3, 4, 9])(
    'of the same version is put aside, whatever snapshot it names: %i (5.4.3.1)',
    (snapshot) => {
      const set = loadTimestamp(files);
      expect(set.updateTimestamp(signed(5, snapshot))).toBe(false);
      expect(set.timestamp?.snapshot.version).toBe(4);
    },
  );

  test('that has expired is refused, and guards against rollback all the same (5.4.4)', () => {
    const set = new TrustedMetadataSet(files.root, { now });
    expect(codeOf(() => set.updateTimestamp(signed(7, 4, expired)))).toBe('EXPIRED');
    expect(codeOf(() => set.updateTimestamp(signed(7, 4)))).toBe('EXPIRED'); // the one that is trusted has, and it is that version
    expect(codeOf(() => set.updateTimestamp(signed(6, 4)))).toBe('BAD_VERSION');
    expect(codeOf(() => set.updateSnapshot(files.snapshot))).toBe('EXPIRED');
    expect(set.updateTimestamp(signed(8, 4))).toBe(true);
  });

  test('says since when it has been so, for whoever has another clock to judge by', () => {
    const set = new TrustedMetadataSet(files.root, { now });
    expect(() => set.updateTimestamp(signed(7, 4, expired))).toThrow(
      expect.objectContaining({ expires: new Date(expired.expires) }),
    );
  });

  test('expires in its last second', () => {
    const atOnce = signed(6, 4, { expires: '2030-01-01T00:00:00Z' });
    expect(codeOf(() => loadTimestamp(files).updateTimestamp(atOnce))).toBe('EXPIRED');
    expect(loadTimestamp(files).updateTimestamp(signed(6, 4, { expires: '2030-01-01T00:00:01Z' }))).toBe(
      true,
    );
  });

  test('is good for ever where expiry is not asked about', () => {
    const set = loadTimestamp(repository({ root: expired, timestamp: expired }), { expiry: 'ignore' });
    expect(set.timestamp?.version).toBe(1);
  });
});
