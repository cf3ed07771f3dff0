import { type Key, type Signature, verifySignature } from '@ragnos/tuf';
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

/** Lends a driver the checks that all share: a signature that does not verify under the signer's own key never leaves it. */
export function verifiedSigner(raw: RawSigner): Signer {
  const { key, uri, signRaw } = raw;
  return {
    key,
    uri,
    async sign(message, options = {}) {
      options.signal?.throwIfAborted();
      const sig = Buffer.from(await signRaw(message, options)).toString('hex');
      if (!verifySignature(key, sig, message))
        throw new SigningError(
          'SIGNER_FAILED',
          `${uri} returned a signature that does not verify under key ${key.keyId}`,
        );
      return { keyId: key.keyId, sig };
    },
  };
}
