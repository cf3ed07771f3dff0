import {
  constants,
  generateKeyPairSync,
  sign,
  type KeyObject,
  type SignKeyObjectInput,
  type SignPrivateKeyInput,
} from 'node:crypto';
import type { DelegationLayout, RoleLayout, SignerSource } from '@ragnos/repository';
import { verifiedSigner, type Signer } from '@ragnos/signing';
import { mlDsaMessage, newKey } from '@ragnos/tuf';

export type KeyKind = 'ed25519' | 'ecdsa-p256' | 'ecdsa-p384' | 'rsa-pss' | 'ml-dsa-65';

const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' });

type Padding = Pick<SignKeyObjectInput & SignPrivateKeyInput, 'padding' | 'saltLength'>;

function signer(
  key: Signer['key'],
  privateKey: KeyObject,
  digest: string | null,
  padding: Padding = {},
): Signer {
  const signRaw = (message: Uint8Array): Promise<Uint8Array> =>
    Promise.resolve(sign(digest, message, { key: privateKey, ...padding }));
  return verifiedSigner({ key, uri: 'memory:', signRaw });
}

/** A key that lives as long as this process. */
export function newSigner(kind: KeyKind): Signer {
  switch (kind) {
    case 'ed25519': {
      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
      return signer(newKey('ed25519', 'ed25519', raw.toString('hex')), privateKey, null);
    }
    case 'ecdsa-p256': {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return signer(newKey('ecdsa', 'ecdsa-sha2-nistp256', pem(publicKey)), privateKey, 'sha256');
    }
    case 'ecdsa-p384': {
      const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
      return signer(newKey('ecdsa', 'ecdsa-sha2-nistp384', pem(publicKey)), privateKey, 'sha384');
    }
    case 'ml-dsa-65': {
      const { publicKey, privateKey } = generateKeyPairSync('ml-dsa-65');
      const key = newKey('ml-dsa', 'ml-dsa-65/1', pem(publicKey));
      const signRaw = (message: Uint8Array): Promise<Uint8Array> =>
        Promise.resolve(sign(null, mlDsaMessage(message), privateKey));
      return verifiedSigner({ key, uri: 'memory:', signRaw });
    }
    case 'rsa-pss': {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
      const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
      return signer(newKey('rsa', 'rsassa-pss-sha256', pem(publicKey)), privateKey, 'sha256', pss);
    }
  }
}

/** The keys of one repository, by role; roles are added as they are asked for. */
export class Keyring {
  readonly #held = new Map<string, Signer[]>();
  readonly #kind: KeyKind;

  constructor(kind: KeyKind = 'ecdsa-p256') {
    this.#kind = kind;
  }

  give(role: string, ...kinds: readonly KeyKind[]): readonly Signer[] {
    const signers = kinds.map(newSigner);
    this.#held.set(role, signers);
    return signers;
  }

  hold(role: string, signers: readonly Signer[]): void {
    this.#held.set(role, [...signers]);
  }

  of(role: string): readonly Signer[] {
    return this.#held.get(role) ?? this.give(role, this.#kind);
  }

  readonly source: SignerSource = (role) => Promise.resolve(this.of(role));

  layout(role: string, threshold = 1): RoleLayout {
    return { keys: this.of(role).map(({ key }) => key), threshold };
  }

  delegation(name: string, paths: readonly string[], more: Partial<DelegationLayout> = {}): DelegationLayout {
    return { name, paths, terminating: true, ...this.layout(name), ...more };
  }
}
