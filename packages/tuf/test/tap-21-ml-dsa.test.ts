import {
  keyFingerprint,
  keyToJson,
  mlDsaMessage,
  newKey,
  TrustedMetadataSet,
  verifySignature,
} from '@ragnos/tuf';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ed25519, ecdsa, mlDsa, type Signer } from './signer.ts';
import {
  bytesOf,
  codeOf,
  envelope,
  load,
  newKeys,
  now,
  repository,
  role,
  rolesJson,
  rootJson,
} from './world.ts';

// Post-quantum keys of the TAP 21 proposal; proven against securesystemslib by `npm run fuzz -- mldsa`.

const message = bytesOf('{"_type":"root"}');
const [classical, quantum] = [ed25519(), mlDsa()];

test('what is signed is a prefix, a version and the SHA-512', () => {
  const digest = createHash('sha512').update(message).digest();
  expect(Buffer.from(mlDsaMessage(message))).toEqual(Buffer.concat([Buffer.from('tuf\u0001'), digest]));
});

test('a signature over the message itself, or over another version of the prefix, is none', () => {
  const bare = sign(null, message, quantum.privateKey).toString('hex');
  expect(verifySignature(quantum.key, bare, message)).toBe(false);
  const other = Buffer.from(mlDsaMessage(message));
  other.writeUInt8(2, 3);
  expect(verifySignature(quantum.key, sign(null, other, quantum.privateKey).toString('hex'), message)).toBe(
    false,
  );
});

test('other parameters and other versions than the scheme says are unusable', () => {
  for (const scheme of ['ml-dsa-44/1', 'ml-dsa-87/1', 'ml-dsa-65/2', 'ml-dsa-65', 'ed25519'])
    expect(keyFingerprint(newKey('ml-dsa', scheme, quantum.key.public))).toBeNull();
  expect(keyFingerprint(newKey('mldsa', 'ml-dsa-65/1', quantum.key.public))).toBeNull();
});

test('a key that the OpenSSL at hand does not know verifies nothing, and spoils nothing', () => {
  const { publicKey } = generateKeyPairSync('slh-dsa-sha2-128s'); // readable as a key, and none of ours
  const foreign = newKey('ml-dsa', 'ml-dsa-65/1', publicKey.export({ type: 'spki', format: 'pem' }));
  expect(keyFingerprint(foreign)).toBeNull();
  const unknown = newKey(
    'ml-dsa',
    'ml-dsa-65/1',
    '-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n',
  );
  expect(keyFingerprint(unknown)).toBeNull();
  const keys = { ...newKeys(), root: [classical] };
  const json = rootJson(keys, {
    keys: {
      ...Object.fromEntries(
        [...keys.root, ...keys.timestamp, ...keys.snapshot, ...keys.targets].map(({ key }) => [
          key.keyId,
          keyToJson(key),
        ]),
      ),
      unknown: keyToJson(unknown),
    },
    roles: rolesJson(keys, { root: { keyids: [classical.key.keyId, 'unknown'], threshold: 1 } }),
  });
  expect(new TrustedMetadataSet(envelope(json, [classical]), { now }).root.version).toBe(1);
});

describe('a threshold of one classical and one ML-DSA key', () => {
  const keys = { ...newKeys(), root: [classical, quantum] };
  const open = (signers: readonly Signer[]) =>
    codeOf(() => new TrustedMetadataSet(envelope(rootJson(keys), signers), { now }));

  test('is met by both alone', () => {
    expect(open([classical, quantum])).toBeNull();
    expect(open([quantum, classical])).toBeNull();
    expect(open([classical])).toBe('UNSIGNED');
    expect(open([quantum])).toBe('UNSIGNED');
    expect(open([classical, mlDsa()])).toBe('UNSIGNED');
  });

  test('of three kinds, any two will do', () => {
    const three = [ecdsa('P-256'), mlDsa('ml-dsa-44'), mlDsa('ml-dsa-87')] as const;
    const mixed = { ...newKeys(), root: three };
    const json = rootJson(mixed, { roles: rolesJson(mixed, { root: role(three, 2) }) });
    for (const [a, b] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const)
      expect(new TrustedMetadataSet(envelope(json, [three[a], three[b]]), { now }).root.version).toBe(1);
    for (const one of three)
      expect(codeOf(() => new TrustedMetadataSet(envelope(json, [one]), { now }))).toBe('UNSIGNED');
  });
});

test('a whole repository signed by ML-DSA alone is loaded', () => {
  const keys = {
    root: [mlDsa()],
    timestamp: [mlDsa('ml-dsa-44')],
    snapshot: [mlDsa()],
    targets: [mlDsa('ml-dsa-87')],
  };
  expect(load(repository({ keys })).targets?.version).toBe(1);
});

test('an ML-DSA key without text is refused as every key of a type that we know', () => {
  const keys = newKeys();
  const bad = { keytype: 'ml-dsa', scheme: 'ml-dsa-65/1', keyval: {} };
  const json = rootJson(keys, { keys: { bad } });
  expect(codeOf(() => new TrustedMetadataSet(envelope(json, keys.root), { now }))).toBe('MALFORMED');
});
