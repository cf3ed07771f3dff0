import type { Signer } from '@ragnos/signing';
import {
  keyFingerprint,
  metadataToBytes,
  parseMetadata,
  signedToBytes,
  verifySignature,
  type Key,
  type Metadata,
  type Signature,
  type Targets,
} from '@ragnos/tuf';
import { CliError } from '../errors.ts';

const day = 24 * 60 * 60 * 1000;

/** `--expires-in` days from now, whole seconds. */
export function expiresIn(days: string | undefined, now = new Date()): Date {
  const number = Number(days ?? 90);
  if (!(number >= 1 && number <= 3650))
    throw new CliError('USAGE', `--expires-in ${days}: expected a number of days from 1 to 3650`);
  return new Date(Math.floor((now.getTime() + number * day) / 1000) * 1000);
}

export async function signRole(
  signed: Targets,
  signers: readonly Signer[],
  signal: AbortSignal,
): Promise<Uint8Array> {
  const message = signedToBytes(signed);
  return metadataToBytes(message, await signaturesOf(message, signers, signal));
}

export async function signaturesOf(
  message: Uint8Array,
  signers: readonly Signer[],
  signal: AbortSignal,
): Promise<readonly Signature[]> {
  const signatures: Signature[] = [];
  for (const signer of signers) signatures.push(await signer.sign(message, { signal }));
  return signatures;
}

/** The file with more signatures; a signature of the same key is replaced. */
export async function addSignatures(
  bytes: Uint8Array,
  signers: readonly Signer[],
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { signedBytes, signatures } = parseMetadata(bytes, 'targets');
  const added = await signaturesOf(signedBytes, signers, signal);
  const kept = signatures.filter(({ keyId }) => !added.some((signature) => signature.keyId === keyId));
  return metadataToBytes(signedBytes, [...kept, ...added]);
}

/** Those of `keys` whose good signature the file carries. */
export function signedBy(metadata: Metadata<'targets'>, keys: readonly Key[]): readonly Key[] {
  return keys.filter((key) => {
    const fingerprint = keyFingerprint(key);
    return metadata.signatures.some(
      ({ keyId, sig }) =>
        keyId === key.keyId && fingerprint !== null && verifySignature(key, sig, metadata.signedBytes),
    );
  });
}
