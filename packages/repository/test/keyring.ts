import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { verifiedSigner, type Signer } from '@ragnos/signing';
import { newKey, parseJson, Reader } from '@ragnos/tuf';
import type { DelegationLayout, SignerSource } from '@ragnos/repository';

type KeyKind = 'ecdsa' | 'ed25519';

/** A key that lives as long as the test. */
export function testSigner(type: KeyKind = 'ed25519'): Signer {
  return signerOf(newPrivateKey(type));
}

function newPrivateKey(type: KeyKind): KeyObject {
  return type === 'ecdsa'
    ? generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey
    : generateKeyPairSync('ed25519').privateKey;
}

function signerOf(privateKey: KeyObject): Signer {
  const publicKey = createPublicKey(privateKey);
  if (privateKey.asymmetricKeyType === 'ec') {
    const key = newKey('ecdsa', 'ecdsa-sha2-nistp256', publicKey.export({ type: 'spki', format: 'pem' }));
    return verifiedSigner({
      key,
      uri: 'test:',
      signRaw: (bytes) => Promise.resolve(sign('sha256', bytes, privateKey)),
    });
  }
  const hex = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
  const key = newKey('ed25519', 'ed25519', hex);
  return verifiedSigner({
    key,
    uri: 'test:',
    signRaw: (bytes) => Promise.resolve(sign(null, bytes, privateKey)),
  });
}

/** Keys made at run time for several processes: `role` → PKCS#8 PEM in one file of the test's own folder. */
export async function sharedKeys(file: string, roles: readonly string[]): Promise<Keyring> {
  const pems = roles.map((role) => [role, newPrivateKey('ecdsa').export({ type: 'pkcs8', format: 'pem' })]);
  await writeFile(file, JSON.stringify(Object.fromEntries(pems)), { mode: 0o600 });
  return readKeys(file);
}

export async function readKeys(file: string): Promise<Keyring> {
  const keys = new Keyring();
  const pems = Reader.of(parseJson(await readFile(file), file), file);
  for (const role of pems.names()) keys.held.set(role, [signerOf(createPrivateKey(pems.string(role)))]);
  return keys;
}

/** One person's keys: one for each role. Roles are added as they are asked for. */
export class Keyring {
  readonly held = new Map<string, Signer[]>();
  readonly asked: string[] = [];

  of(role: string): Signer[] {
    const held = this.held.get(role) ?? [testSigner(this.held.size % 2 === 0 ? 'ed25519' : 'ecdsa')];
    this.held.set(role, held);
    return held;
  }

  readonly source: SignerSource = (role) => {
    this.asked.push(role);
    return Promise.resolve(this.held.get(role) ?? []);
  };

  role(name: string): { keys: Signer['key'][]; threshold: number } {
    return { keys: this.of(name).map(({ key }) => key), threshold: 1 };
  }

  delegation(name: string, paths: readonly string[], more: Partial<DelegationLayout> = {}): DelegationLayout {
    return { name, paths, terminating: true, ...this.role(name), ...more };
  }
}
