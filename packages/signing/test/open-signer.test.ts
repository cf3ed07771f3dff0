import { relative, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { newKey, type Key } from '@ragnos/tuf';
import {
  fixedPassword,
  generateKeyFile,
  generateSigner,
  openSigner,
  SigningError,
  signingErrors,
  signerSchemes,
  verifiedSigner,
} from '@ragnos/signing';
import { cheap, tmp, utf8 } from './tmp.ts';

const password = fixedPassword('secret');
const code = (expected: string): unknown => expect.objectContaining({ name: 'SigningError', code: expected });
const path = join(tmp(), 'key.pem');
const key = await generateKeyFile({ path, password, kdf: cheap });

test('a signer made with its key file is the one that the file opens', async () => {
  const file = join(tmp(), 'new.pem');
  const made = await generateSigner({ path: file, password, kdf: cheap });
  const opened = await openSigner(made.uri, { password, publicKey: made.key });
  expect(opened).toMatchObject({ uri: `file2:${file}`, key: made.key });
  expect(await made.sign(utf8('message'))).toMatchObject({ keyId: opened.key.keyId });
  await expect(generateSigner({ path: file, password, kdf: cheap })).rejects.toThrow(code('KEY_EXISTS'));
});

describe('URIs', () => {
  for (const uri of [`file2:${path}`, `file2://${path}`, `file2:${relative('.', path)}`])
    test(`${uri.replace(path, '<path>')} is opened`, async () => {
      const signer = await openSigner(uri, { password });
      expect(signer).toMatchObject({ uri, key });
    });
  const bad = [
    '',
    'key.pem',
    '/keys/root.pem',
    'C:\\keys\\root.pem',
    'awskms:alias',
    'constructor:x',
    'file:/x',
    'FILE2:/x',
    'file2:',
    'file2://host/x',
    'file2:/x?y',
    'file2:/x#y',
  ];
  for (const uri of bad)
    test(`${JSON.stringify(uri)} is refused`, () =>
      expect(openSigner(uri, { password })).rejects.toThrow(code('BAD_SIGNER_URI')));
  test('an unknown scheme is told the known ones', async () => {
    const error: unknown = await openSigner('nosuchkms:x', { password }).catch((e: unknown) => e);
    for (const scheme of signerSchemes)
      expect(error).toHaveProperty('hint', expect.stringContaining(`${scheme}:`));
  });
});

describe('the expected key', () => {
  const uri = `file2:${path}`;
  test('is found', async () => {
    expect((await openSigner(uri, { password, publicKey: key })).key).toEqual(key);
  });
  test('under the id that metadata declares for it (GitHub’s root has eight that cannot be recomputed)', async () => {
    const declared: Key = { ...key, keyId: newKey('x', 'y', 'z').keyId };
    const signer = await openSigner(uri, { password, publicKey: declared });
    expect((await signer.sign(utf8('x'))).keyId).toBe(declared.keyId);
  });
  test('another one is refused, also under the same id', async () => {
    const other = await generateKeyFile({ path: `${path}2`, password, kdf: cheap });
    for (const publicKey of [other, { ...other, keyId: key.keyId }])
      await expect(openSigner(uri, { password, publicKey })).rejects.toThrow(code('KEY_MISMATCH'));
  });
  test('one that nobody can read is refused', async () => {
    for (const publicKey of [
      newKey('ecdsa', 'ecdsa-sha2-nistp256', 'garbage'),
      newKey('rsa', 'rsassa-pss-sha256', key.public),
    ])
      await expect(openSigner(uri, { password, publicKey })).rejects.toThrow(code('KEY_MISMATCH'));
  });
});

describe('a signature is verified by ourselves before it leaves', () => {
  const uri = `file2:${path}`;
  test('a signer that signs something else is caught', async () => {
    const real = await openSigner(uri, { password });
    const signRaw = async (): Promise<Uint8Array> => Buffer.from((await real.sign(utf8('other'))).sig, 'hex');
    await expect(verifiedSigner({ key, uri, signRaw }).sign(utf8('x'))).rejects.toThrow(
      code('SIGNER_FAILED'),
    );
  });
  for (const raw of [Uint8Array.of(), new Uint8Array(64), new Uint8Array(10_000)])
    test(`${raw.length} bytes of nonsense are caught`, async () => {
      const signer = verifiedSigner({ key, uri, signRaw: () => Promise.resolve(raw) });
      await expect(signer.sign(utf8('x'))).rejects.toThrow(code('SIGNER_FAILED'));
    });
  test('a foreign error becomes ours, with its cause; ours stay, and so does an abort', async () => {
    const foreign = new TypeError('socket hang up');
    const failing = (error: Error) => {
      const signRaw = async (): Promise<never> => {
        throw error;
      };
      return verifiedSigner({ key, uri, signRaw }).sign(utf8('x'));
    };
    await expect(failing(foreign)).rejects.toMatchObject({ code: 'SIGNER_FAILED', cause: foreign });
    const own = new SigningError('BAD_PASSWORD', 'wrong PIN');
    await expect(failing(own)).rejects.toBe(own);
    const controller = new AbortController();
    const aborting = verifiedSigner({
      key,
      uri,
      signRaw: () => {
        controller.abort(foreign);
        return Promise.reject(new Error('AbortError of somebody'));
      },
    });
    await expect(aborting.sign(utf8('x'), { signal: controller.signal })).rejects.toBe(foreign);
  });
});

test('codes are stable', () => {
  expect(Object.keys(signingErrors)).toEqual([
    'BAD_SIGNER_URI',
    'KEY_NOT_FOUND',
    'KEY_EXISTS',
    'KEY_UNPROTECTED',
    'KEY_UNREADABLE',
    'KEY_NOT_WRITTEN',
    'KEY_MISMATCH',
    'BAD_PASSWORD',
    'PASSWORD_REQUIRED',
    'BAD_PASSWORD_SOURCE',
    'SIGNER_FAILED',
  ]);
});
