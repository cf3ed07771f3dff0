import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Key } from '@ragnos/tuf';
import { SigningError } from '../errors.ts';
import type { Password, PasswordSource } from '../password/password.ts';
import { encryptPkcs8, defaultScrypt, parsePkcs8, type ScryptCost } from './pkcs8.ts';
import { verifiedSigner, type Signer } from '../signer.ts';
import { fileSigner } from './open-file-signer.ts';
import { openKey, publicPart, readPrivateKey } from './private-key.ts';
import { createSecretFile, replaceSecretFile } from './secret-file.ts';

/**
 * `ecdsa` is P-256, the default: it works on every signer there is. P-384 is for those whose rules ask for it; tough cannot
 * read a root that names it. ML-DSA withstands quantum computers, and of the peers python-tuf alone knows it: beside a
 * classical key it is for roles whose clients all do.
 */
export const keyFileTypes = [
  'ecdsa',
  'ecdsa-p384',
  'ed25519',
  'rsa3072',
  'rsa4096',
  'ml-dsa-44',
  'ml-dsa-65',
  'ml-dsa-87',
] as const;
export type KeyFileType = (typeof keyFileTypes)[number];

export interface GenerateKeyFileOptions {
  readonly path: string;
  /** Default: `ecdsa`. */
  readonly type?: KeyFileType | undefined;
  readonly password: PasswordSource;
  /** Default: N = 2^14, r = 8, p = 5: 16 MiB, a fifth of a second. A cheaper one is for tests. */
  readonly kdf?: ScryptCost | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a private key and writes it to `path`, encrypted, mode 0600, durable when this resolves with its public part.
 * The folder must exist. A file already there is KEY_EXISTS and stays as it is. KEY_UNREADABLE for a type that the
 * OpenSSL of this Node does not know (ML-DSA before 3.5): then no file is made.
 */
export async function generateKeyFile(options: GenerateKeyFileOptions): Promise<Key> {
  return publicPart(options.path, await newKeyFile(options));
}

/** As `generateKeyFile`, with the signer of the new key: opening the file for it would take as long as making it. */
export async function generateSigner(options: GenerateKeyFileOptions): Promise<Signer> {
  const uri = `file2:${options.path}`;
  return verifiedSigner(fileSigner(options.path, uri, await newKeyFile(options)));
}

async function newKeyFile(options: GenerateKeyFileOptions): Promise<KeyObject> {
  const { path, type = 'ecdsa', password, kdf = defaultScrypt, signal } = options;
  const secret = await password({ for: path, isNew: true, signal });
  const privateKey = await generateKey(path, type);
  const pem = await lock(path, privateKey, secret, kdf);
  signal?.throwIfAborted();
  await createSecretFile(path, Buffer.from(pem));
  return privateKey;
}

export interface ChangePasswordOptions {
  readonly path: string;
  readonly old: PasswordSource;
  readonly new: PasswordSource;
  readonly kdf?: ScryptCost | undefined;
  /** Also takes a key file that is not encrypted yet, and encrypts it. Default: false. */
  readonly allowUnencrypted?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Encrypts the key under another password; the file is replaced at once or stays as it was, also by `kill -9`.
 * Resolves with its public part. Copies and backups keep the old password.
 */
export async function changePassword(options: ChangePasswordOptions): Promise<Key> {
  const { path, old, kdf = defaultScrypt, allowUnencrypted, signal } = options;
  const privateKey = await readPrivateKey(path, { password: old, allowUnencrypted, signal });
  const key = publicPart(path, privateKey);
  const secret = await options.new({ for: path, isNew: true, signal });
  const pem = await lock(path, privateKey, secret, kdf);
  signal?.throwIfAborted();
  await replaceSecretFile(path, Buffer.from(pem));
  return key;
}

const generate = promisify(generateKeyPair);
const generators: Readonly<Record<KeyFileType, () => Promise<KeyObject>>> = {
  ecdsa: async () => (await generate('ec', { namedCurve: 'P-256' })).privateKey,
  'ecdsa-p384': async () => (await generate('ec', { namedCurve: 'P-384' })).privateKey,
  ed25519: async () => (await generate('ed25519', {})).privateKey,
  rsa3072: async () => (await generate('rsa', { modulusLength: 3072 })).privateKey,
  rsa4096: async () => (await generate('rsa', { modulusLength: 4096 })).privateKey,
  'ml-dsa-44': async () => (await generate('ml-dsa-44', {})).privateKey,
  'ml-dsa-65': async () => (await generate('ml-dsa-65', {})).privateKey,
  'ml-dsa-87': async () => (await generate('ml-dsa-87', {})).privateKey,
};

/** Node says in many ways that its OpenSSL does not know an algorithm; nothing else can fail here. */
async function generateKey(path: string, type: KeyFileType): Promise<KeyObject> {
  try {
    return await generators[type]();
  } catch (cause) {
    throw new SigningError('KEY_UNREADABLE', `${path}: this Node cannot make a key of type ${type}`, {
      cause,
      hint: `it has OpenSSL ${process.versions.openssl}; ML-DSA needs 3.5`,
    });
  }
}

/** The key as an encrypted PEM that was opened again and found to be the same key, before anything is written. */
async function lock(path: string, privateKey: KeyObject, secret: Password, kdf: ScryptCost): Promise<string> {
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  const pem = await encryptPkcs8(der, secret.reveal(), kdf).finally(() => der.fill(0));
  const broken = (): SigningError =>
    new SigningError('KEY_UNREADABLE', `${path}: the key could not be encrypted`);
  const again = openKey(parsePkcs8(path, pem).der, broken, secret.reveal());
  if (!again.equals(privateKey)) throw broken();
  return pem;
}
