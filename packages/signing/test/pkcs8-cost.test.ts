import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { openSigner } from '@ragnos/signing';
import { integer, octetString, oid, sequence } from '../src/file/der.ts';
import { tmp } from './tmp.ts';

const scrypt = (N: number, r: number, p: number): Uint8Array =>
  sequence(
    oid('2b06010401da47040b'),
    sequence(octetString(new Uint8Array(16)), integer(N), integer(r), integer(p)),
  );
const pbkdf2 = (iterations: number): Uint8Array =>
  sequence(oid('2a864886f70d01050c'), sequence(octetString(new Uint8Array(16)), integer(iterations)));

function pem(kdf: Uint8Array, scheme = '2a864886f70d01050d'): string {
  const cipher = sequence(oid('60864801650304012a'), octetString(new Uint8Array(16)));
  const der = sequence(sequence(oid(scheme), sequence(kdf, cipher)), octetString(new Uint8Array(160)));
  return `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${Buffer.from(der).toString('base64')}\n-----END ENCRYPTED PRIVATE KEY-----\n`;
}

const absurd: Record<string, string> = {
  'scrypt with 1 GiB': pem(scrypt(2 ** 20, 8, 1)),
  'scrypt with a huge r': pem(scrypt(2, 2 ** 30, 1)),
  'scrypt with a huge p': pem(scrypt(2 ** 14, 8, 2 ** 20)),
  'scrypt with N that is no power of two': pem(scrypt(10_000, 8, 1)),
  'scrypt with N = 0': pem(scrypt(0, 8, 1)),
  'a billion rounds of PBKDF2': pem(pbkdf2(1_000_000_000)),
  'an unknown derivation': pem(sequence(oid('2a864886f70d010503'), sequence(octetString(new Uint8Array(8))))),
  'an outdated scheme (PBES1 with MD5 and DES)': pem(pbkdf2(1), '2a864886f70d010503'),
};
for (const [name, text] of Object.entries(absurd))
  test(`${name} is refused at once, before the password is asked`, async () => {
    const path = join(tmp(), 'key.pem');
    writeFileSync(path, text, { mode: 0o600 });
    const asked = (): Promise<never> => Promise.reject(new Error('asked'));
    const start = performance.now();
    await expect(openSigner(`file2:${path}`, { password: asked })).rejects.toMatchObject({
      code: 'KEY_UNREADABLE',
    });
    expect(performance.now() - start).toBeLessThan(500);
  });
