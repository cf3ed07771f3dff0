import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';
import { verifiedSigner, type Signer } from '@ragnos/signing';
import { keyId, mlDsaMessage, newKey, type Key } from '@ragnos/tuf';
import { testSigner } from './world.ts';

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' });

function p384(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const key = newKey('ecdsa', 'ecdsa-sha2-nistp384', pem(publicKey));
  return verifiedSigner({
    key,
    uri: 'test:',
    signRaw: (bytes) => Promise.resolve(sign('sha384', bytes, privateKey)),
  });
}

function mlDsa(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ml-dsa-65');
  const key = newKey('ml-dsa', 'ml-dsa-65/1', pem(publicKey));
  const signRaw = (bytes: Uint8Array): Promise<Uint8Array> =>
    Promise.resolve(sign(null, mlDsaMessage(bytes), privateKey));
  return verifiedSigner({ key, uri: 'test:', signRaw });
}

function rsa(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const key = newKey('rsa', 'rsassa-pss-sha256', pem(publicKey));
  const signRaw = (bytes: Uint8Array): Promise<Uint8Array> =>
    Promise.resolve(sign('sha256', bytes, { key: privateKey, ...pss }));
  return verifiedSigner({ key, uri: 'test:', signRaw });
}

/** One of each kind that we can sign with. */
export const newSigner = {
  ed25519: () => testSigner('ed25519'),
  'P-256': () => testSigner('ecdsa'),
  'P-384': p384,
  RSA: rsa,
  'ML-DSA': mlDsa,
} as const satisfies Record<string, () => Signer>;

/** A public key of so many bits, which nobody can sign with: refusals come before signatures. */
export function largeRsaKey(bits: number): Key {
  const modulus = randomBytes(bits / 8);
  modulus[0] = 0xff;
  modulus[modulus.length - 1] = 1;
  const jwk = { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' };
  return newKey('rsa', 'rsassa-pss-sha256', pem(createPublicKey({ key: jwk, format: 'jwk' })));
}

/** A point in hex, as old repositories have it. */
export function hexPoint(): Key {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-65);
  return newKey('ecdsa', 'ecdsa-sha2-nistp256', point.toString('hex'));
}

/** A key under an id that somebody gave it. */
export function namedKey(): Key {
  return { ...testSigner().key, keyId: keyId('a'.repeat(64)) };
}
