import { constants, createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { Key } from './key.ts';

interface Scheme {
  readonly keyTypes: readonly string[];
  /** What node:crypto calls the digest; null where the algorithm hashes by itself. */
  readonly digest: 'sha256' | 'sha384' | null;
  accepts(key: KeyObject): boolean;
  readonly padding?: { readonly padding: number; readonly saltLength: number };
}

const ecdsa = (curve: string, digest: 'sha256' | 'sha384', legacyType: string): Scheme => ({
  keyTypes: ['ecdsa', legacyType],
  digest,
  accepts: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === curve,
});

/** The schemes of INTEROP.md. The digest follows the scheme (a P-384 key hashed with SHA-256 was a tuf-js bug). */
const schemes: ReadonlyMap<string, Scheme> = new Map([
  ['ed25519', { keyTypes: ['ed25519'], digest: null, accepts: (key) => key.asymmetricKeyType === 'ed25519' }],
  ['ecdsa-sha2-nistp256', ecdsa('prime256v1', 'sha256', 'ecdsa-sha2-nistp256')],
  ['ecdsa-sha2-nistp384', ecdsa('secp384r1', 'sha384', 'ecdsa-sha2-nistp384')],
  [
    'rsassa-pss-sha256',
    {
      keyTypes: ['rsa'],
      digest: 'sha256',
      accepts: (key) =>
        key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048,
      // Node's own default is the longest salt; the field signs with one of the digest's length.
      padding: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
    } satisfies Scheme,
  ],
] as const);

/** Parsing a PEM for every signature would halve the rate; null = a key that we cannot use. */
const parsed = new WeakMap<Key, KeyObject | null>();

/** Whether `signature` (lower-case hex; DER for ECDSA) is `key`'s over `message`. Never throws: bad input is false. */
export function verifySignature(key: Key, signature: string, message: Uint8Array): boolean {
  const scheme = schemes.get(key.scheme);
  const object = keyObject(key);
  if (scheme === undefined || object === null || !/^(?:[0-9a-f]{2})+$/.test(signature)) return false;
  try {
    return verify(scheme.digest, message, { key: object, ...scheme.padding }, Buffer.from(signature, 'hex'));
  } catch {
    return false; // OpenSSL throws for some malformed signatures
  }
}

/**
 * The identity of the key material: hex sha256 of its SubjectPublicKeyInfo, the same for one key under two ids or in
 * two encodings. Null for a key that we cannot use.
 */
export function keyFingerprint(key: Key): string | null {
  const der = keyObject(key)?.export({ type: 'spki', format: 'der' });
  return der === undefined ? null : createHash('sha256').update(der).digest('hex');
}

function keyObject(key: Key): KeyObject | null {
  const known = parsed.get(key);
  if (known !== undefined) return known;
  const object = parse(key);
  parsed.set(key, object);
  return object;
}

function parse(key: Key): KeyObject | null {
  const scheme = schemes.get(key.scheme);
  if (scheme === undefined || !scheme.keyTypes.includes(key.keyType)) return null;
  try {
    const object = decode(key);
    return scheme.accepts(object) ? object : null;
  } catch {
    return null;
  }
}

/** SubjectPublicKeyInfo up to the key itself, for keys that come as bare hex. */
const spkiPrefix: ReadonlyMap<string, string> = new Map([
  ['ed25519', '302a300506032b6570032100'],
  ['ecdsa-sha2-nistp256', '3059301306072a8648ce3d020106082a8648ce3d030107034200'],
  ['ecdsa-sha2-nistp384', '3076301006072a8648ce3d020106052b81040022036200'],
]);

function decode(key: Key): KeyObject {
  const prefix = spkiPrefix.get(key.scheme);
  if (prefix !== undefined && /^(?:[0-9a-f]{2}){32,97}$/i.test(key.public)) {
    return createPublicKey({ key: Buffer.from(prefix + key.public, 'hex'), format: 'der', type: 'spki' });
  }
  if (!key.public.trimStart().startsWith('-----BEGIN PUBLIC KEY-----'))
    throw new Error('expected a public key in PEM');
  return createPublicKey(key.public);
}
