import { keyFingerprint, type Key } from '@ragnos/tuf';
import { SigningError } from './errors.ts';
import type { PasswordSource } from './password/password.ts';
import { verifiedSigner, type RawSigner, type Signer } from './signer.ts';

export interface OpenSignerOptions {
  /** Asked only by drivers whose keys are locked by a password. */
  readonly password: PasswordSource;
  /** The key that the signer must hold, as metadata declares it; the signatures then carry its key id. */
  readonly publicKey?: Key | undefined;
  /** Accepts a key file that is not encrypted. Default: false. */
  readonly allowUnencrypted?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export type SignerDriver = (uri: string, options: OpenSignerOptions) => Promise<RawSigner>;

/** Drivers by scheme, each loaded only when its scheme is asked for. */
const drivers: ReadonlyMap<string, () => Promise<SignerDriver>> = new Map([
  ['file2', async () => (await import('./file/open-file-signer.ts')).openFileSigner],
]);

export const signerSchemes: readonly string[] = [...drivers.keys()];

/**
 * Opens the signer behind `uri`, like `file2:keys/root.pem`; it stays usable until the process ends.
 * Throws SigningError with any of its codes; another key than `publicKey` is KEY_MISMATCH.
 */
export async function openSigner(uri: string, options: OpenSignerOptions): Promise<Signer> {
  const scheme = /^([a-z][a-z0-9+.-]*):/.exec(uri)?.[1];
  const load = scheme === undefined ? undefined : drivers.get(scheme);
  if (load === undefined)
    throw new SigningError('BAD_SIGNER_URI', `${JSON.stringify(uri)} is no signer that this build knows`, {
      hint: `known are ${signerSchemes.map((known) => `${known}:`).join(', ')}; a key file is file2:<path>`,
    });
  const driver = await load();
  const raw = await driver(uri, options);
  const { publicKey = raw.key } = options;
  const fingerprint = keyFingerprint(publicKey);
  if (fingerprint === null || fingerprint !== keyFingerprint(raw.key) || publicKey.scheme !== raw.key.scheme)
    throw new SigningError('KEY_MISMATCH', `${uri} holds key ${raw.key.keyId}, expected ${publicKey.keyId}`, {
      hint: 'is this the key file of another role or of another repository?',
    });
  return verifiedSigner({ ...raw, key: publicKey });
}
