import type { Key } from '@ragnos/tuf';
import { SigningError } from './errors.ts';
import type { PasswordSource } from './password.ts';
import type { Signer } from './signer.ts';

export interface OpenSignerOptions {
  /** Asked only by drivers whose keys are locked by a password. */
  readonly password: PasswordSource;
  /** The key that the signer must hold; another one is KEY_MISMATCH. */
  readonly publicKey?: Key | undefined;
  /** Accepts a key file that is not encrypted. Default: false. */
  readonly allowUnencrypted?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export type SignerDriver = (uri: string, options: OpenSignerOptions) => Promise<Signer>;

/** Drivers by scheme, each loaded only when its scheme is asked for. */
const drivers: ReadonlyMap<string, () => Promise<SignerDriver>> = new Map([
  ['file2', async () => (await import('./file/open.ts')).openFileSigner],
]);

export const signerSchemes: readonly string[] = [...drivers.keys()];

/**
 * Opens the signer behind `uri`, like `file2:keys/root.pem`. Throws SigningError with any of its codes;
 * what is opened stays valid until the process ends.
 */
export async function openSigner(uri: string, options: OpenSignerOptions): Promise<Signer> {
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(uri)?.[1];
  const load = scheme === undefined ? undefined : drivers.get(scheme);
  if (load === undefined)
    throw new SigningError('BAD_SIGNER_URI', `${JSON.stringify(uri)}: unknown kind of signer`, {
      hint: `known are ${signerSchemes.map((known) => `${known}:`).join(', ')}; a key file is file2:<path>`,
    });
  const signer = await (await load())(uri, options);
  const { publicKey } = options;
  if (
    publicKey !== undefined &&
    (publicKey.keyId !== signer.key.keyId || publicKey.public !== signer.key.public)
  )
    throw new SigningError(
      'KEY_MISMATCH',
      `${uri} holds key ${signer.key.keyId}, expected ${publicKey.keyId}`,
    );
  return signer;
}
