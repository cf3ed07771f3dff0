import { constants, createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import type { Key } from './key.ts';
import { mlDsaMessage } from './ml-dsa.ts';

interface Scheme {
  readonly keyTypes: readonly string[];
  /** What node:crypto calls the digest; null where the algorithm hashes by itself. */
  readonly digest: 'sha256' | 'sha384' | null;
  accepts(key: KeyObject): boolean;
  readonly padding?: { readonly padding: number; readonly saltLength: number };
  /** What is signed in the message's place. */
  readonly over?: (message: Uint8Array) => Uint8Array;
}

const ecdsa = (curve: string, digest: 'sha256' | 'sha384', legacyType: string): Scheme => ({
  keyTypes: ['ecdsa', legacyType],
  digest,
  accepts: (key) => key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === curve,
});

/** A Node whose OpenSSL is older than 3.5 cannot read such a key: it is then one that verifies nothing. */
const mlDsa = (parameters: 'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'): Scheme => ({
  keyTypes: ['ml-dsa'],
  digest: null,
  accepts: (key) => key.asymmetricKeyType === parameters,
  over: mlDsaMessage,
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
      accepts: isSoundRsa,
      // Node's own default is the longest salt; the field signs with one of the digest's length.
      padding: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
    } satisfies Scheme,
  ],
  ['ml-dsa-44/1', mlDsa('ml-dsa-44')],
  ['ml-dsa-65/1', mlDsa('ml-dsa-65')],
  ['ml-dsa-87/1', mlDsa('ml-dsa-87')],
] as const);

/** With the exponent 1 everybody can sign, an even one is no key; what is above 16,384 bits takes too long. */
function isSoundRsa(key: KeyObject): boolean {
  const { modulusLength = 0, publicExponent = 0n } = { ...key.asymmetricKeyDetails };
  return (
    key.asymmetricKeyType === 'rsa' &&
    modulusLength >= 2048 &&
    modulusLength <= 16_384 &&
    publicExponent >= 3n &&
    publicExponent % 2n === 1n
  );
}

interface Material {
  readonly object: KeyObject;
  readonly fingerprint: string;
}

/**
 * By all that decides (scheme, type and text), so that a root which is read again costs no parsing again: that takes
 * three times as long as the signature. Null = a key that we cannot use. Emptied when full; a text that is longer than
 * any key's is not kept.
 */
const parsed = new Map<string, Material | null>();
const parsedMax = 1024;
const keptLength = 8192;

/** Whether `signature` (lower-case hex; DER for ECDSA) is `key`'s over `message`. Never throws: bad input is false. */
export function verifySignature(key: Key, signature: string, message: Uint8Array): boolean {
  const scheme = schemes.get(key.scheme);
  const known = material(key);
  if (scheme === undefined || known === null || !/^(?:[0-9a-f]{2})+$/.test(signature)) return false;
  const bytes = Buffer.from(signature, 'hex');
  const signed = scheme.over === undefined ? message : scheme.over(message);
  const options = { key: known.object, ...scheme.padding };
  return attempt(() => verify(scheme.digest, signed, options, bytes)) === true;
}

/** OpenSSL throws for some malformed keys and signatures: null. */
function attempt<T>(act: () => T): T | null {
  try {
    return act();
  } catch {
    return null;
  }
}

/**
 * The identity of the key material: hex sha256 of its SubjectPublicKeyInfo, the same for one key under two ids or in
 * two encodings. Null for a key that we cannot use.
 */
export function keyFingerprint(key: Key): string | null {
  return material(key)?.fingerprint ?? null;
}

function material(key: Key): Material | null {
  if (key.public.length > keptLength) return parse(key);
  const text = JSON.stringify([key.scheme, key.keyType, key.public]);
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const read = parse(key);
  if (parsed.size >= parsedMax) parsed.clear();
  parsed.set(text, read);
  return read;
}

function parse(key: Key): Material | null {
  const scheme = schemes.get(key.scheme);
  if (scheme === undefined || !scheme.keyTypes.includes(key.keyType)) return null;
  const object = attempt(() => decode(key));
  return object !== null && scheme.accepts(object) ? uncompressed(key.scheme, object) : null;
}

/**
 * OpenSSL writes a point as it read it, compressed or not; through JWK it is always the same key. That takes ten times
 * as long as to see that the point is not compressed: then nothing but the plain prefix stands before it.
 */
function uncompressed(scheme: string, key: KeyObject): Material {
  const der = spki(key);
  const [prefix = ''] = spkiPrefix.get(scheme) ?? [];
  if (key.asymmetricKeyType !== 'ec' || der.toString('hex').startsWith(`${prefix}04`))
    return { object: key, fingerprint: sha256(der) };
  const object = createPublicKey({ key: key.export({ format: 'jwk' }), format: 'jwk' });
  return { object, fingerprint: sha256(spki(object)) };
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: 'spki', format: 'der' });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** SubjectPublicKeyInfo up to the key itself, and the key's length in hex, for keys that come as bare hex. */
const spkiPrefix: ReadonlyMap<string, readonly [prefix: string, hexLength: number]> = new Map([
  ['ed25519', ['302a300506032b6570032100', 64]],
  ['ecdsa-sha2-nistp256', ['3059301306072a8648ce3d020106082a8648ce3d030107034200', 130]],
  ['ecdsa-sha2-nistp384', ['3076301006072a8648ce3d020106052b81040022036200', 194]],
]);

function decode(key: Key): KeyObject {
  const [prefix = '', hexLength = 0] = spkiPrefix.get(key.scheme) ?? [];
  if (key.public.length === hexLength && /^[0-9a-f]+$/i.test(key.public))
    return createPublicKey({ key: Buffer.from(prefix + key.public, 'hex'), format: 'der', type: 'spki' });
  if (!key.public.trimStart().startsWith('-----BEGIN PUBLIC KEY-----'))
    throw new Error('expected a public key in PEM');
  return createPublicKey(key.public);
}
