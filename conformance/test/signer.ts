import { canonicalJson } from '@ragnos/tuf';
import { constants, createHash, generateKeyPairSync, sign } from 'node:crypto';

export type KeyJson = {
  readonly keytype: string;
  readonly scheme: string;
  readonly keyval: { readonly public: string };
};

/** A key made at run time, as it stands in metadata. */
export interface Signer {
  readonly id: string;
  readonly key: KeyJson;
  sign(bytes: Uint8Array): string;
}

function keyPair(scheme: string) {
  if (scheme === 'ed25519') return generateKeyPairSync('ed25519');
  if (scheme === 'rsassa-pss-sha256') return generateKeyPairSync('rsa', { modulusLength: 2048 });
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

const keyTypes: ReadonlyMap<string, string> = new Map([
  ['ed25519', 'ed25519'],
  ['rsassa-pss-sha256', 'rsa'],
  ['ecdsa-sha2-nistp256', 'ecdsa'],
]);

/** `extra` are members of the key that TUF does not know; they count in its id like all others. */
export function newSigner(
  scheme = 'ecdsa-sha2-nistp256',
  extra: Readonly<Record<string, string | Record<string, number>>> = {},
): Signer {
  const { publicKey, privateKey } = keyPair(scheme);
  const keytype = keyTypes.get(scheme);
  if (keytype === undefined) throw new Error(`the tests have no keys for ${scheme}`);
  const text =
    scheme === 'ed25519'
      ? publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex')
      : publicKey.export({ type: 'spki', format: 'pem' });
  const key = { ...extra, keytype, scheme, keyval: { public: text } };
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return {
    id: createHash('sha256').update(canonicalJson(key)).digest('hex'),
    key,
    sign: (bytes) =>
      sign(scheme === 'ed25519' ? null : 'sha256', bytes, {
        key: privateKey,
        ...(keytype === 'rsa' ? padding : {}),
      }).toString('hex'),
  };
}
