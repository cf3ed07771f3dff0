import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { mlDsaMessage, verifySignature } from '@ragnos/tuf';
import { fixedPassword, generateKeyFile, generateSigner, openSigner } from '@ragnos/signing';
import { cheap, tmp, utf8 } from './tmp.ts';

// Keys of the TAP 21 proposal. That securesystemslib reads and writes the same is `npm run fuzz -- mldsa`.

const secret = 'correct hörse battery';
const password = fixedPassword(secret, 'RAGV_KEY_PASSWORD');
const message = utf8('{"_type":"root"}');

describe.each(['ml-dsa-44', 'ml-dsa-65', 'ml-dsa-87'] as const)('%s', (type) => {
  test('made, opened again, signs what verifies, and nothing but the prefixed digest', async () => {
    const path = join(tmp(), 'key.pem');
    const made = await generateSigner({ path, type, password, kdf: cheap });
    const opened = await openSigner(`file2:${path}`, { password, publicKey: made.key });
    for (const signer of [made, opened]) {
      const { sig, keyId } = await signer.sign(message);
      expect(keyId).toBe(made.key.keyId);
      expect(sig).toMatch(/^(?:[0-9a-f]{2})+$/);
      expect(verifySignature(made.key, sig, message)).toBe(true);
      expect(verifySignature(made.key, sig, mlDsaMessage(message))).toBe(false);
    }
  });

  test('what others wrote is read, with the seed alone as OpenSSL and pyca/cryptography have it', async () => {
    const path = join(tmp(), 'theirs.pem');
    const { privateKey } = generateKeyPairSync(type);
    writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const signer = await openSigner(`file2:${path}`, { password, allowUnencrypted: true });
    expect(signer.key).toMatchObject({ keyType: 'ml-dsa', scheme: `${type}/1` });
    expect(verifySignature(signer.key, (await signer.sign(message)).sig, message)).toBe(true);
  });

  test('the file is the same PKCS#8 as of any other key', async () => {
    const path = join(tmp(), 'key.pem');
    await generateKeyFile({ path, type, password, kdf: cheap });
    const opened = createPrivateKey({ key: readFileSync(path), passphrase: secret });
    expect(opened.asymmetricKeyType).toBe(type);
  });
});

describe('where OpenSSL knows no ML-DSA', () => {
  afterEach(() => vi.doUnmock('node:crypto'));

  test('making a key is refused in words, and leaves no file', async () => {
    vi.resetModules();
    vi.doMock(import('node:crypto'), async (original) => {
      const real = await original();
      const generateKeyPair = (type: string): never => {
        throw Object.assign(
          new TypeError(`The argument 'type' must be a supported key type. Received '${type}'`),
          {
            code: 'ERR_INVALID_ARG_VALUE',
          },
        );
      };
      return { ...real, generateKeyPair: Object.assign(generateKeyPair, { __promisify__: generateKeyPair }) };
    });
    const fresh = await import('@ragnos/signing');
    const folder = tmp();
    const path = join(folder, 'key.pem');
    const asked = fresh.fixedPassword(secret, 'RAGV_KEY_PASSWORD');
    await expect(
      fresh.generateKeyFile({ path, type: 'ml-dsa-65', password: asked, kdf: cheap }),
    ).rejects.toMatchObject({ name: 'SigningError', code: 'KEY_UNREADABLE' });
    expect(readdirSync(folder)).toEqual([]);
  });
});
