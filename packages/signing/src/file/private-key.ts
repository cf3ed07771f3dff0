import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { newKey, type Key } from '@ragnos/tuf';
import { SigningError } from '../errors.ts';
import type { PasswordSource } from '../password/password.ts';
import { parsePkcs8 } from './pkcs8.ts';
import { readSecretFile } from './secret-file.ts';

/** Bytes; an encrypted RSA-4096 key takes 3.4 kB. */
const keyFileMaxLength = 64_000;

export interface ReadPrivateKeyOptions {
  readonly password: PasswordSource;
  readonly allowUnencrypted?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Reads and opens a key file. The password is asked for only when the file is worth it. */
export async function readPrivateKey(path: string, options: ReadPrivateKeyOptions): Promise<KeyObject> {
  const { password, allowUnencrypted = false, signal } = options;
  const bytes = await readSecretFile(path, { maxLength: keyFileMaxLength, signal });
  const { encrypted, der } = parsePkcs8(path, Buffer.from(bytes).toString('latin1'));
  bytes.fill(0);
  if (!encrypted && !allowUnencrypted)
    throw new SigningError('KEY_UNPROTECTED', `the key in ${path} is not encrypted`, {
      hint: `encrypt it: ragv key passwd ${path}`,
    });
  if (!encrypted) return openKey(der, () => notAKey(path));
  const secret = await password({ for: path, signal });
  signal?.throwIfAborted();
  return openKey(
    der,
    () =>
      new SigningError('BAD_PASSWORD', `the password from ${secret.from} does not open ${path}`, {
        hint: `correct the password in ${secret.from}; if it is right, the file is damaged`,
      }),
    secret.reveal(),
  );
}

/** OpenSSL's own error is dropped: it says less than ours, and nobody has checked what it may quote. */
export function openKey(der: Buffer, refusal: () => SigningError, passphrase?: string): KeyObject {
  try {
    return createPrivateKey({
      key: der,
      format: 'der',
      type: 'pkcs8',
      ...(passphrase === undefined ? {} : { passphrase }),
    });
  } catch {
    throw refusal();
  } finally {
    der.fill(0);
  }
}

/** The public part in TUF's terms. Throws KEY_UNREADABLE for a kind of key that TUF has no scheme for. */
export function publicPart(path: string, privateKey: KeyObject): Key {
  const object = createPublicKey(privateKey);
  const { namedCurve, modulusLength = 0 } = object.asymmetricKeyDetails ?? {};
  const pem = (): string => object.export({ type: 'spki', format: 'pem' });
  switch (object.asymmetricKeyType) {
    case 'ed25519':
      return newKey(
        'ed25519',
        'ed25519',
        object.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex'),
      );
    case 'ec':
      if (namedCurve === 'prime256v1') return newKey('ecdsa', 'ecdsa-sha2-nistp256', pem());
      if (namedCurve === 'secp384r1') return newKey('ecdsa', 'ecdsa-sha2-nistp384', pem());
      throw notAKey(path);
    case 'rsa':
      if (modulusLength >= 2048 && modulusLength <= 8192) return newKey('rsa', 'rsassa-pss-sha256', pem());
      throw notAKey(path);
    case 'ml-dsa-44':
    case 'ml-dsa-65':
    case 'ml-dsa-87':
      return newKey('ml-dsa', `${object.asymmetricKeyType}/1`, pem());
    default:
      throw notAKey(path);
  }
}

function notAKey(path: string): SigningError {
  return new SigningError('KEY_UNREADABLE', `${path} holds no private key that TUF can use`, {
    hint: 'usable are ECDSA on P-256 and P-384, ed25519, RSA from 2048 to 8192 bits, and ML-DSA',
  });
}
