import type { Key, Signature } from '@ragnos/tuf';
import { newKey } from '@ragnos/tuf';
import { generateKeyPairSync, sign } from 'node:crypto';

/** A key made at run time. ed25519, because its signatures are always the same for the same bytes. */
export interface TestKey {
  readonly key: Key;
  sign(bytes: Uint8Array): Signature;
}

export function newTestKey(): TestKey {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32); // the header before it is constant
  const key = newKey('ed25519', 'ed25519', raw.toString('hex'));
  return { key, sign: (bytes) => ({ keyId: key.keyId, sig: sign(null, bytes, privateKey).toString('hex') }) };
}
