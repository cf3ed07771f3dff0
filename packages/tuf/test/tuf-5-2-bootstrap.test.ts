import {
  checkRootPin,
  replaceableBySingleKey,
  rootFingerprint,
  TrustedMetadataSet,
  type Root,
} from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { ed25519 } from './signer.ts';
import { envelope, expired, newKeys, now, codeOf, repository, role, rolesJson, rootJson } from './world.ts';

describe('5.2: the root that trust begins with', () => {
  test('is what the caller says, if it carries its own threshold', () => {
    const { root } = new TrustedMetadataSet(repository().root, { now });
    expect(root).toMatchObject({ type: 'root', version: 1, consistentSnapshot: true });
  });

  test('may have expired: the chain may lead on', () => {
    expect(new TrustedMetadataSet(repository({ root: expired }).root, { now }).root.version).toBe(1);
  });

  test('is refused unsigned', () => {
    const keys = newKeys();
    expect(codeOf(() => new TrustedMetadataSet(envelope(rootJson(keys), keys.targets), { now }))).toBe(
      'UNSIGNED',
    );
  });

  test('is refused when it is another kind of file', () => {
    expect(codeOf(() => new TrustedMetadataSet(repository().targets, { now }))).toBe('MALFORMED');
  });

  test('is refused when it is too long', () => {
    expect(codeOf(() => new TrustedMetadataSet(new Uint8Array(512_001), { now }))).toBe('LIMIT');
  });
});

describe('the fingerprint of a root', () => {
  const { root } = repository();
  const pin = rootFingerprint(root);

  test.each([pin, pin.toUpperCase(), `sha256:${pin}`, pin.replace(/..(?!$)/g, '$&:')])(
    'form %# of it is it',
    (text) => expect(() => checkRootPin(root, text)).not.toThrow(),
  );

  test('of another root is refused', () =>
    expect(codeOf(() => checkRootPin(repository().root, pin))).toBe('ROOT_PIN_MISMATCH'));

  test.each(['', 'abc', `${pin}00`, pin.replace(/^./, 'x')])('form %# of another text is none', (text) =>
    expect(codeOf(() => checkRootPin(root, text))).toBe('MALFORMED'),
  );
});

describe('a root that one signature can replace', () => {
  const rootOf = (threshold: number): Root => {
    const keys = { ...newKeys(), root: [ed25519(), ed25519()] };
    const roles = rolesJson(keys, { root: role(keys.root, threshold) });
    return new TrustedMetadataSet(envelope(rootJson(keys, { roles }), keys.root), { now }).root;
  };

  test('has threshold one', () => expect(replaceableBySingleKey(rootOf(1))).toBe(true));
  test('has none with two', () => expect(replaceableBySingleKey(rootOf(2))).toBe(false));

  test('is suspected where keys cannot be used or are missing', () => {
    const root = rootOf(2);
    expect(replaceableBySingleKey({ ...root, keys: new Map() })).toBe(true);
    expect(codeOf(() => replaceableBySingleKey({ ...root, roles: new Map() }))).toBe('WORKFLOW');
  });
});
