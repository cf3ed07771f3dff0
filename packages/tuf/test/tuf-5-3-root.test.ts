import { TrustedMetadataSet } from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { ed25519 } from './signer.ts';
import { envelope, expired, newKeys, now, codeOf, repository, rootJson } from './world.ts';

const keys = newKeys();
const files = repository({ keys });
const fresh = (): TrustedMetadataSet => new TrustedMetadataSet(files.root, { now });
const rotated = { ...keys, root: [ed25519()] };

describe('5.3: the next root', () => {
  test('is taken when the old threshold and its own have signed', () => {
    const set = fresh();
    const next = set.updateRoot(envelope(rootJson(rotated, { version: 2 }), [...keys.root, ...rotated.root]));
    expect(next.version).toBe(2);
    expect(set.root).toBe(next);
  });

  const refused = {
    'without the old threshold (5.3.4)': [
      envelope(rootJson(rotated, { version: 2 }), rotated.root),
      'UNSIGNED',
    ],
    'without its own threshold (5.3.4)': [envelope(rootJson(rotated, { version: 2 }), keys.root), 'UNSIGNED'],
    'that skips a version (5.3.5)': [envelope(rootJson(keys, { version: 3 }), keys.root), 'BAD_VERSION'],
    'of the same version (5.3.5)': [envelope(rootJson(keys), keys.root), 'BAD_VERSION'],
    'of version 0': [envelope(rootJson(keys, { version: 0 }), keys.root), 'MALFORMED'],
    'that is another file': [files.timestamp, 'MALFORMED'],
    'that is too long (5.3.3)': [new Uint8Array(600_000), 'LIMIT'],
  } as const;
  for (const [name, [bytes, code]] of Object.entries(refused))
    test(`${name} is refused, and the old one stays`, () => {
      const set = fresh();
      expect(codeOf(() => set.updateRoot(bytes))).toBe(code);
      expect(set.root.version).toBe(1);
    });

  test('may have expired while it is not the last (5.3.10)', () => {
    const set = fresh();
    set.updateRoot(envelope(rootJson(keys, { version: 2, ...expired }), keys.root));
    expect(codeOf(() => set.updateTimestamp(files.timestamp))).toBe('EXPIRED');
    set.updateRoot(envelope(rootJson(keys, { version: 3 }), keys.root));
    expect(set.updateTimestamp(files.timestamp)).toBe(true);
  });

  test('comes before the timestamp', () => {
    const set = fresh();
    set.updateTimestamp(files.timestamp);
    expect(codeOf(() => set.updateRoot(files.root))).toBe('WORKFLOW');
  });

  test('with new timestamp keys drops what the old ones signed: recovery from fast-forward (5.3.11)', () => {
    const after = { ...keys, timestamp: [ed25519()] };
    const set = fresh();
    set.updateRoot(envelope(rootJson(after, { version: 2 }), keys.root));
    expect(codeOf(() => set.updateTimestamp(files.timestamp))).toBe('UNSIGNED');
    expect(set.timestamp).toBeNull();
    expect(set.updateTimestamp(repository({ keys: after }).timestamp)).toBe(true);
  });

  test('the time is read once, and a caller that moves its date moves nothing', () => {
    const date = new Date(now);
    const set = new TrustedMetadataSet(files.root, { now: date });
    date.setFullYear(2099);
    expect(set.updateTimestamp(files.timestamp)).toBe(true);
  });

  test('no time at all expires everything', () => {
    const set = new TrustedMetadataSet(files.root, { now: new Date(Number.NaN) });
    expect(codeOf(() => set.updateTimestamp(files.timestamp))).toBe('EXPIRED');
  });
});
