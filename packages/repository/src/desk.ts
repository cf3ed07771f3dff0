import type { Signer } from '@ragnos/signing';
import {
  defaultLimits,
  keyFingerprint,
  metadataToBytes,
  signedToBytes,
  type Key,
  type KeyId,
  type RoleKeys,
  type Metadata,
  type Signed,
  type SignedByType,
  type SignedType,
} from '@ragnos/tuf';
import { PublishError } from './errors.ts';
import type { CallOptions, SignerSource } from './types.ts';

/** What a role is signed with: signers that are at hand, each under the id that the delegator declares for its key. */
export type Signers = readonly { readonly signer: Signer; readonly keyId: KeyId }[];

export interface SigningNeed {
  /** For messages. */
  readonly role: string;
  /** What the source is asked for: bins go by the role which they split. */
  readonly askAs: string;
  /** Every set has to reach its threshold: two for a root that replaces another. */
  readonly sets: readonly { readonly role: RoleKeys; readonly keys: ReadonlyMap<KeyId, Key> }[];
  /** Keys that sign as well if they are at hand: a successor before its root, a predecessor after it. */
  readonly also?: readonly Key[];
  /** What to do where signers are missing. Default: the keys that may sign. */
  readonly hint?: string | undefined;
}

/** Asks for signers, once per role and operation, and signs. */
export class SigningDesk {
  readonly #source: SignerSource;
  readonly #extra: readonly Signer[];
  readonly #asked = new Map<string, Promise<readonly Signer[]>>();

  constructor(source: SignerSource, extra: readonly Signer[] = []) {
    this.#source = source;
    this.#extra = extra;
  }

  /** `null`: fewer are at hand than a threshold asks for. */
  async find(need: SigningNeed): Promise<Signers | null> {
    const wanted = new Map<string, KeyId>(); // by material
    const add = (key: Key | undefined, id: KeyId): void => {
      const fingerprint = key === undefined ? null : keyFingerprint(key);
      if (fingerprint !== null && !wanted.has(fingerprint)) wanted.set(fingerprint, id);
    };
    for (const { role, keys } of need.sets) for (const id of role.keyIds) add(keys.get(id), id);
    for (const key of need.also ?? []) add(key, key.keyId);
    const found = new Map<string, { signer: Signer; keyId: KeyId }>();
    for (const signer of [...this.#extra, ...(await this.#ask(need.askAs, [...wanted.values()]))]) {
      const fingerprint = keyFingerprint(signer.key);
      const keyId = fingerprint === null ? undefined : wanted.get(fingerprint);
      if (fingerprint !== null && keyId !== undefined && !found.has(fingerprint))
        found.set(fingerprint, { signer, keyId });
    }
    const reached = need.sets.every(({ role, keys }) => {
      const material = new Set(
        role.keyIds.map((id) => keys.get(id)).map((key) => (key ? keyFingerprint(key) : null)),
      );
      return [...found.keys()].filter((fingerprint) => material.has(fingerprint)).length >= role.threshold;
    });
    return reached ? [...found.values()] : null;
  }

  /** @throws PublishError SIGNATURES_MISSING */
  async need(need: SigningNeed): Promise<Signers> {
    const found = await this.find(need);
    if (found !== null) return found;
    const ids = need.sets.flatMap(({ role }) => role.keyIds).map((id) => id.slice(0, 12));
    throw new PublishError(
      'SIGNATURES_MISSING',
      `${need.role}: fewer signers are at hand than its threshold of ${Math.max(...need.sets.map(({ role }) => role.threshold))}`,
      { hint: need.hint ?? `keys that may sign it: ${[...new Set(ids)].join(', ')}` },
    );
  }

  #ask(role: string, keyIds: readonly KeyId[]): Promise<readonly Signer[]> {
    const id = `${role}\0${keyIds.join('\0')}`;
    const asked = this.#asked.get(id) ?? this.#source(role, keyIds);
    this.#asked.set(id, asked);
    return asked;
  }
}

/** The file: `signed` and a signature of each signer. @throws PublishError TOO_LARGE, SigningError */
export async function sign(
  signed: Signed,
  signers: Signers,
  what: string,
  options: CallOptions,
): Promise<Uint8Array> {
  return (await signFile(signed, signers, what, options)).bytes;
}

/** A file, and what whoever reads it will find. */
export interface SignedFile<T extends SignedType> {
  readonly bytes: Uint8Array;
  readonly metadata: Metadata<T>;
}

/** As `sign`. */
export async function signFile<T extends SignedType>(
  signed: SignedByType[T],
  signers: Signers,
  what: string,
  options: CallOptions,
): Promise<SignedFile<T>> {
  if (signed.version >= 2 ** 31)
    throw new PublishError(
      'TOO_LARGE',
      `${what} would be version ${signed.version}; clients read none from 2^31 on`,
      {
        hint: 'somebody has used its versions up: ragv key revoke --compromised timestamp snapshot gives it low ones again; name the role too, if its key was stolen as well',
      },
    );
  const message = signedToBytes(signed);
  const signatures = await Promise.all(
    signers.map(async ({ signer, keyId }) => ({ keyId, sig: (await signer.sign(message, options)).sig })),
  );
  const bytes = metadataToBytes(message, signatures);
  const limit = defaultLimits[`${signed.type}MaxLength`];
  if (bytes.length > limit)
    throw new PublishError('TOO_LARGE', `${what} would be ${bytes.length} bytes; clients accept ${limit}`, {
      hint:
        signed.type === 'targets'
          ? 'split the role into bins, or delegate'
          : 'use fewer roles or larger bins',
    });
  return { bytes, metadata: { signed, signatures, signedBytes: message } };
}
