/** Every type of key that can be made can be asked for, for a new vault and for one key of it. */
import { keyFileTypes } from '@ragnos/signing';
import { parseMetadata } from '@ragnos/tuf';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keyType } from '../src/key-type.ts';
import { world, write } from './ragv.ts';

test('each is taken as it is called; without a word it is P-256', () => {
  expect(keyFileTypes.map(keyType)).toEqual(keyFileTypes);
  expect(keyType(undefined)).toBe('ecdsa');
  for (const other of ['', 'ECDSA', 'ecdsa-p256', 'mldsa65', 'rsa2048', 'toString'])
    expect(() => keyType(other)).toThrow(expect.objectContaining({ code: 'USAGE' }));
});

test('a vault of ML-DSA keys, and a key of it rotated to P-384', { timeout: 60_000 }, async () => {
  const here = world();
  write(join(here.folder, 'password'), 'correct horse battery', 0o600);
  const schemes = (name: string): Readonly<Record<string, string | undefined>> => {
    const { signed } = parseMetadata(readFileSync(join(here.folder, 'vault', name)), 'root');
    return Object.fromEntries(
      [...signed.roles].map(([role, { keyIds }]) => [
        role,
        keyIds.map((id) => signed.keys.get(id)?.scheme).join(),
      ]),
    );
  };
  const of = 'ml-dsa-44/1';
  const made = await here.ragv('init vault --vendor acme --key-type ml-dsa-44 --password-file ./password');
  expect(made).toMatchObject({ exit: 0 });
  expect(schemes('1.root.json')).toEqual({ root: of, timestamp: of, snapshot: of, targets: of });
  const rotated = await here.ragv(
    'key rotate timestamp --vault vault --key-type ecdsa-p384 --password-file ./password',
  );
  expect(rotated).toMatchObject({ exit: 0 });
  expect(schemes('public/metadata/2.root.json')).toMatchObject({
    root: of,
    timestamp: 'ecdsa-sha2-nistp384',
  });
});
