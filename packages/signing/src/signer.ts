import { verifySignature, type Key, type Signature } from '@ragnos/tuf';
import { SigningError } from './errors.ts';

export interface SignOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Something that holds a private key and signs with it: a file, a KMS, an HSM. */
export interface Signer {
  /** The public part, as it is written into metadata. */
  readonly key: Key;
  /** Where the key is, as given to `openSigner`; safe to print. */
  readonly uri: string;
  /** A signature over `message`, already verified under `key`. Throws SIGNER_FAILED and the codes of its driver. */
  sign(message: Uint8Array, options?: SignOptions): Promise<Signature>;
}

/** What a driver brings; everything else is done once, in `verifiedSigner`. */
export interface RawSigner {
  readonly key: Key;
  readonly uri: string;
  /** The signature in TUF's form: DER for ECDSA, 64 bytes for ed25519, PSS with salt 32. */
  readonly signRaw: (message: Uint8Array, options: SignOptions) => Promise<Uint8Array>;
}

/**
 * Lends a driver what all share: foreign errors become SIGNER_FAILED, and a signature that does not verify under the
 * signer's own key (a flipped bit, a wrong salt, another version of a remote key) never leaves it.
 */
export function verifiedSigner({ key, uri, signRaw }: RawSigner): Signer {
  return {
    key,
    uri,
    async sign(message, options = {}) {
      options.signal?.throwIfAborted();
      const sig = Buffer.from(await signed(uri, () => signRaw(message, options), options)).toString('hex');
      if (!verifySignature(key, sig, message))
        throw new SigningError(
          'SIGNER_FAILED',
          `${uri} gave a signature that does not verify under its key ${key.keyId}`,
          { hint: 'nothing was published; this must not happen, so have the signer looked at' },
        );
      return { keyId: key.keyId, sig };
    },
  };
}

async function signed<T>(uri: string, sign: () => Promise<T>, { signal }: SignOptions): Promise<T> {
  try {
    return await sign();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof SigningError) throw error;
    throw new SigningError('SIGNER_FAILED', `${uri} did not sign`, { cause: error });
  }
}
