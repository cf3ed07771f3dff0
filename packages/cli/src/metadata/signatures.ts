import { keyFingerprint, verifySignature, type KeyId, type Metadata } from '@ragnos/tuf';
import type { SetOfKeys } from './files.ts';

/** What became of one signature. */
export interface SignatureState {
  readonly keyId: KeyId;
  /** `stranger`: of no key of the set; `bad`: does not verify; `twice`: another id of a key that was counted. */
  readonly state: 'good' | 'bad' | 'stranger' | 'twice';
}

export interface Count {
  readonly by: string;
  readonly threshold: number;
  readonly signatures: readonly SignatureState[];
  readonly good: number;
  readonly missing: number;
}

/** Counted as a client counts: by key material, bad and foreign ones beside it. */
export function countSignatures({ signatures, signedBytes }: Metadata, set: SetOfKeys): Count {
  const seen = new Set<string>();
  const states = signatures.map(({ keyId, sig }): SignatureState => {
    const key = set.role.keyIds.includes(keyId) ? set.keys.get(keyId) : undefined;
    const fingerprint = key === undefined ? null : keyFingerprint(key);
    if (key === undefined || fingerprint === null) return { keyId, state: 'stranger' };
    if (!verifySignature(key, sig, signedBytes)) return { keyId, state: 'bad' };
    if (seen.has(fingerprint)) return { keyId, state: 'twice' };
    seen.add(fingerprint);
    return { keyId, state: 'good' };
  });
  const { threshold } = set.role;
  return {
    by: set.by,
    threshold,
    signatures: states,
    good: seen.size,
    missing: Math.max(0, threshold - seen.size),
  };
}

/** `root 1: 2 of the 3 signatures that it needs`, and below it each signature. */
export function countLines(counts: readonly Count[]): readonly string[] {
  return counts.flatMap(({ by, threshold, good, signatures }) => [
    `by ${by}: ${good} good, needs ${threshold}`,
    ...signatures.map(({ keyId, state }) => `  ${state.padEnd(8)}  ${keyId}`),
  ]);
}
