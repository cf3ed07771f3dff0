import { mlDsaMessage, newKey, type Key } from '@ragnos/tuf';
import { constants, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** A key made at run time, and what it signs in hex. */
export interface Signer {
  readonly key: Key;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly sign: (message: Uint8Array) => string;
}

function pem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' });
}

export function ed25519(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
  return {
    key: newKey('ed25519', 'ed25519', raw),
    publicKey,
    privateKey,
    sign: (message) => sign(null, message, privateKey).toString('hex'),
  };
}

export function ecdsa(curve: 'P-256' | 'P-384'): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve });
  const [scheme, digest] =
    curve === 'P-256' ? ['ecdsa-sha2-nistp256', 'sha256'] : ['ecdsa-sha2-nistp384', 'sha384'];
  return {
    key: newKey('ecdsa', scheme, pem(publicKey)),
    publicKey,
    privateKey,
    sign: (message) => sign(digest, message, privateKey).toString('hex'),
  };
}

export function rsa(modulusLength = 2048, publicExponent = 65_537): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent });
  return {
    key: newKey('rsa', 'rsassa-pss-sha256', pem(publicKey)),
    publicKey,
    privateKey,
    sign: (message) => sign('sha256', message, pss(privateKey)).toString('hex'),
  };
}

/** Of the TAP 21 proposal. */
export function mlDsa(type: 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87' = 'ml-dsa-65'): Signer {
  const { publicKey, privateKey } = generateKeyPairSync(type);
  return {
    key: newKey('ml-dsa', `${type}/1`, pem(publicKey)),
    publicKey,
    privateKey,
    sign: (message) => sign(null, mlDsaMessage(message), privateKey).toString('hex'),
  };
}

/** With a salt as long as the digest, as the field signs. */
export function pss(key: KeyObject, saltLength: number = constants.RSA_PSS_SALTLEN_DIGEST) {
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
}
