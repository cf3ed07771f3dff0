import { canonicalJson, keyFingerprint, keyToJson, newKey, TrustedMetadataSet, type Key } from '@ragnos/tuf';
import { expect, test } from 'vitest';
import { ecdsa, ed25519, mlDsa, rsa, type Signer } from './signer.ts';
import { codeOf, envelope, keysJson, newKeys, now, rolesJson, rootJson } from './world.ts';

// GHSA-3633-5h82-39pq: key ids that are not bound to the key let one key stand under two of them.

const makers = {
  ed25519,
  'P-256': () => ecdsa('P-256'),
  'P-384': () => ecdsa('P-384'),
  RSA: rsa,
  'ML-DSA': mlDsa,
};

/** A root that two ids must sign, which are these two keys. */
function signedTwice(signer: Signer, first: Key, second: Key): string | null {
  const keys = newKeys();
  const others = keysJson([...keys.timestamp, ...keys.snapshot, ...keys.targets]);
  const json = rootJson(keys, {
    keys: { ...others, first: keyToJson(first), second: keyToJson(second) },
    roles: rolesJson(keys, { root: { keyids: ['first', 'second'], threshold: 2 } }),
  });
  const sig = signer.sign(canonicalJson(json));
  const signatures = ['first', 'second'].map((keyid) => ({ keyid, sig }));
  return codeOf(() => new TrustedMetadataSet(envelope(json, [], signatures), { now }));
}

test.each(Object.entries(makers))('%s: counts once', (_, make) => {
  const signer = make();
  expect(signedTwice(signer, signer.key, signer.key)).toBe('UNSIGNED');
});

test('also where the two texts of the key differ: other line ends, other case', () => {
  const [pem, hex] = [ecdsa('P-256'), ed25519()];
  const windows = newKey('ecdsa', pem.key.scheme, pem.key.public.replaceAll('\n', '\r\n'));
  expect(keyFingerprint(windows)).toBe(keyFingerprint(pem.key));
  expect(signedTwice(pem, pem.key, windows)).toBe('UNSIGNED');
  const upper = newKey('ed25519', 'ed25519', hex.key.public.toUpperCase());
  expect(signedTwice(hex, hex.key, upper)).toBe('UNSIGNED');
});
