import type { Key } from '@ragnos/tuf';
import type { PasswordSource } from '../password.ts';

/** `ecdsa` is P-256, the default: it works on every signer there is. */
export type KeyFileType = 'ecdsa' | 'ed25519' | 'rsa3072' | 'rsa4096';

/** Cost of scrypt. The default takes 16 MiB and about 0.2 s, and stays inside OpenSSL's default limit of 32 MiB. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

export interface GenerateKeyFileOptions {
  readonly path: string;
  /** Default: `ecdsa`. */
  readonly type?: KeyFileType;
  readonly password: PasswordSource;
  readonly kdf?: ScryptCost;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Makes a private key and writes it to `path`, encrypted, mode 0600, durable when this resolves with its public part.
 * The folder must exist. A file already there is KEY_EXISTS and stays as it is.
 */
export async function generateKeyFile(options: GenerateKeyFileOptions): Promise<Key> {
  throw new Error(`not built yet: ${options.path}`);
}

export interface ChangePasswordOptions {
  readonly path: string;
  readonly old: PasswordSource;
  readonly new: PasswordSource;
  readonly kdf?: ScryptCost;
  /** Also takes a key file that is not encrypted yet, and encrypts it. Default: false. */
  readonly allowUnencrypted?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** Encrypts the key under another password; the file is replaced at once or stays as it was. Resolves with its public part. */
export async function changePassword(options: ChangePasswordOptions): Promise<Key> {
  throw new Error(`not built yet: ${options.path}`);
}
