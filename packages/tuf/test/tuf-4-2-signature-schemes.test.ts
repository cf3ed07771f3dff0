import { keyFingerprint, newKey, verifySignature, type Key } from '@ragnos/tuf';
import { createPublicKey, ECDH, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { ecdsa, ed25519, mlDsa, pss, rsa, type Signer } from './signer.ts';
import { bytesOf } from './world.ts';

const message = bytesOf('{"_type":"root"}');
const signers = {
  ed25519: ed25519(),
  'P-256': ecdsa('P-256'),
  'P-384': ecdsa('P-384'),
  rsa: rsa(),
  'ML-DSA-44': mlDsa('ml-dsa-44'),
  'ML-DSA-65': mlDsa('ml-dsa-65'),
  'ML-DSA-87': mlDsa('ml-dsa-87'),
};

function point(signer: Signer, form: 'compressed' | 'uncompressed'): string {
  const { x = '', y = '', crv } = signer.publicKey.export({ format: 'jwk' });
  const raw = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  const curve = crv === 'P-256' ? 'prime256v1' : 'secp384r1';
  return Buffer.from(ECDH.convertKey(raw, curve, undefined, undefined, form)).toString('hex');
}

function withKey(key: Key, change: Partial<Key>): Key {
  return { ...key, ...change };
}

function pemOf(key: ReturnType<typeof createPublicKey>): string {
  return key.export({ type: 'spki', format: 'pem' });
}

describe.each(Object.entries(signers))('%s', (_, signer) => {
  const good = signer.sign(message);

  test('signs this message and no other', () => {
    expect(verifySignature(signer.key, good, message)).toBe(true);
    expect(verifySignature(signer.key, good, message)).toBe(true); // the key was parsed before
    expect(verifySignature(signer.key, good, bytesOf('{"_type":"Root"}'))).toBe(false);
  });

  test.each([
    '',
    'zz',
    good.slice(1),
    good.slice(2),
    `${good}00`,
    good.toUpperCase(),
    ` ${good}`,
    `00${good}`,
  ])('not with bad signature %#', (bad) =>
    expect(verifySignature(signer.key, bad, message)).toBe(/^[\da-f]+$/.test(bad) && bad === good),
  );

  test('not with any other scheme, nor key type', () => {
    for (const { key } of Object.values(signers).filter(({ key }) => key.scheme !== signer.key.scheme)) {
      expect(verifySignature(withKey(signer.key, { scheme: key.scheme }), good, message)).toBe(false);
      expect(verifySignature(withKey(key, { keyType: signer.key.keyType }), good, message)).toBe(false);
    }
    for (const change of [{ scheme: 'unknown' }, { keyType: 'unknown' }, { public: '' }, { public: 'ab' }]) {
      expect(verifySignature(withKey(signer.key, change), good, message)).toBe(false);
      expect(keyFingerprint(withKey(signer.key, change))).toBeNull();
    }
  });

  test('has one fingerprint, whatever its id', () => {
    const renamed = newKey(signer.key.keyType, signer.key.scheme, signer.key.public);
    expect(keyFingerprint(withKey(renamed, { keyType: signer.key.keyType }))).toBe(
      keyFingerprint(signer.key),
    );
    expect(keyFingerprint(signer.key)).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('ECDSA', () => {
  test.each(['P-256', 'P-384'] as const)('%s: the digest is that of the scheme', (curve) => {
    const { key, privateKey } = signers[curve];
    for (const digest of ['sha256', 'sha384', 'sha512', 'sha1']) {
      const right = digest === (curve === 'P-256' ? 'sha256' : 'sha384');
      expect(verifySignature(key, sign(digest, message, privateKey).toString('hex'), message)).toBe(right);
    }
  });

  test('raw r and s, as WebCrypto and Azure give them, are no signature', () => {
    const { key, privateKey } = signers['P-256'];
    const raw = sign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('hex');
    expect(verifySignature(key, raw, message)).toBe(false);
  });

  test.each(['P-256', 'P-384'] as const)('%s: legacy key type, and a point in hex', (curve) => {
    const signer = signers[curve];
    const { scheme } = signer.key;
    for (const value of [
      signer.key.public,
      point(signer, 'uncompressed'),
      point(signer, 'uncompressed').toUpperCase(),
    ]) {
      const legacy = newKey(scheme, scheme, value);
      expect(verifySignature(legacy, signer.sign(message), message)).toBe(true);
      expect(keyFingerprint(legacy)).toBe(keyFingerprint(signer.key));
    }
    expect(keyFingerprint(newKey(scheme, scheme, point(signer, 'compressed')))).toBeNull();
    expect(keyFingerprint(newKey(scheme, scheme, `${point(signer, 'uncompressed')}00`))).toBeNull();
  });

  test('a compressed point in PEM is the same key', () => {
    const prefix = '3039301306072a8648ce3d020106082a8648ce3d030107032200';
    const der = Buffer.from(prefix + point(signers['P-256'], 'compressed'), 'hex');
    const compressed = pemOf(createPublicKey({ key: der, format: 'der', type: 'spki' }));
    const key = newKey('ecdsa', 'ecdsa-sha2-nistp256', compressed);
    expect(compressed).not.toBe(signers['P-256'].key.public);
    expect(keyFingerprint(key)).toBe(keyFingerprint(signers['P-256'].key));
    expect(verifySignature(key, signers['P-256'].sign(message), message)).toBe(true);
  });

  test('another curve is refused', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
    const key = newKey('ecdsa', 'ecdsa-sha2-nistp256', pemOf(publicKey));
    expect(verifySignature(key, sign('sha256', message, privateKey).toString('hex'), message)).toBe(false);
  });
});

describe('RSA', () => {
  const { key, privateKey, publicKey } = signers.rsa;

  test('salts of another length than the digest are refused', () => {
    for (const [salt, good] of [
      [32, true],
      [0, false],
      [20, false],
      [222, false],
    ] as const)
      expect(
        verifySignature(key, sign('sha256', message, pss(privateKey, salt)).toString('hex'), message),
      ).toBe(good);
  });

  test('PKCS #1 v1.5 and other digests are refused', () => {
    expect(verifySignature(key, sign('sha256', message, privateKey).toString('hex'), message)).toBe(false);
    expect(verifySignature(key, sign('sha384', message, pss(privateKey)).toString('hex'), message)).toBe(
      false,
    );
  });

  test('keys below 2048 bits, exponents that anybody can sign with, and RSA-PSS keys are refused', () => {
    const scheme = 'rsassa-pss-sha256';
    const weak = rsa(1024);
    expect(verifySignature(weak.key, weak.sign(message), message)).toBe(false);
    const jwk = publicKey.export({ format: 'jwk' });
    const withExponent = (e: string): string => pemOf(createPublicKey({ key: { ...jwk, e }, format: 'jwk' }));
    for (const e of ['AQ', 'Ag', 'BA'])
      // 1, 2 and 4
      expect(keyFingerprint(newKey('rsa', scheme, withExponent(e)))).toBeNull();
    expect(keyFingerprint(newKey('rsa', scheme, withExponent('Aw')))).not.toBeNull(); // 3
    const restricted = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).publicKey;
    expect(keyFingerprint(newKey('rsa', scheme, pemOf(restricted)))).toBeNull();
  });

  test('a key with which OpenSSL cannot compute verifies nothing', () => {
    const { n = '', ...jwk } = publicKey.export({ format: 'jwk' });
    const even = Buffer.from(n, 'base64url');
    even.writeUInt8(even.readUInt8(even.length - 1) - 1, even.length - 1);
    const broken = createPublicKey({ key: { ...jwk, n: even.toString('base64url') }, format: 'jwk' });
    const unusable = newKey('rsa', 'rsassa-pss-sha256', pemOf(broken));
    expect(verifySignature(unusable, signers.rsa.sign(message), message)).toBe(false);
  });

  test('what is no public key in PEM is refused', () => {
    const pkcs1 = publicKey.export({ type: 'pkcs1', format: 'pem' });
    const secret = privateKey.export({ type: 'pkcs8', format: 'pem' });
    for (const text of [pkcs1, secret, '-----BEGIN PUBLIC KEY-----\n', 'x', 'ab'.repeat(32)])
      expect(keyFingerprint(newKey('rsa', 'rsassa-pss-sha256', text))).toBeNull();
  });
});

test('ed25519 takes 32 bytes, no more and no less', () => {
  const { key } = signers.ed25519;
  for (const text of [key.public.slice(2), `${key.public}00`, key.public.replace(/^../, 'zz')])
    expect(keyFingerprint(newKey('ed25519', 'ed25519', text))).toBeNull();
  expect(keyFingerprint(newKey('ed25519', 'ed25519', key.public.toUpperCase()))).toBe(keyFingerprint(key));
});
