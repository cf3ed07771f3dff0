import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { newKey, verifySignature } from '@ragnos/tuf';
import {
  changePassword,
  fixedPassword,
  generateKeyFile,
  keyFileTypes,
  openSigner,
  type KeyFileType,
} from '@ragnos/signing';
import { cheap, tmp, utf8 } from './tmp.ts';

const secret = 'correct hörse battery';
const password = fixedPassword(secret, 'RAGV_KEY_PASSWORD');
const code = (expected: string): unknown => expect.objectContaining({ name: 'SigningError', code: expected });
const openssl = spawnSync('openssl', ['version']).status === 0;

async function keyFile(type: KeyFileType = 'ecdsa'): Promise<string> {
  const path = join(tmp(), 'key.pem');
  await generateKeyFile({ path, type, password, kdf: cheap });
  return path;
}
const open = (path: string, options = {}) => openSigner(`file2:${path}`, { password, ...options });

const pem = /^-----BEGIN PUBLIC KEY-----\n[^]+-----END PUBLIC KEY-----\n$/;
const types: Record<KeyFileType, { keyType: string; scheme: string; public: RegExp }> = {
  ecdsa: {
    keyType: 'ecdsa',
    scheme: 'ecdsa-sha2-nistp256',
    public: pem,
  },
  'ecdsa-p384': { keyType: 'ecdsa', scheme: 'ecdsa-sha2-nistp384', public: pem },
  ed25519: { keyType: 'ed25519', scheme: 'ed25519', public: /^[0-9a-f]{64}$/ },
  rsa3072: {
    keyType: 'rsa',
    scheme: 'rsassa-pss-sha256',
    public: pem,
  },
  rsa4096: {
    keyType: 'rsa',
    scheme: 'rsassa-pss-sha256',
    public: pem,
  },
  'ml-dsa-44': { keyType: 'ml-dsa', scheme: 'ml-dsa-44/1', public: pem },
  'ml-dsa-65': { keyType: 'ml-dsa', scheme: 'ml-dsa-65/1', public: pem },
  'ml-dsa-87': { keyType: 'ml-dsa', scheme: 'ml-dsa-87/1', public: pem },
};

describe('every type', () => {
  test('is in the list that callers offer', () => expect(Object.keys(types)).toEqual(keyFileTypes));

  for (const [type, expected] of Object.entries(types) as [KeyFileType, (typeof types)[KeyFileType]][])
    test(`${type}: generated, opened, signs in TUF's form; node:crypto reads the file`, async () => {
      const path = join(tmp(), 'key.pem');
      const key = await generateKeyFile({ path, type, password, kdf: cheap });
      expect(key).toMatchObject({ keyType: expected.keyType, scheme: expected.scheme });
      expect(key.public).toMatch(expected.public);
      expect(newKey(key.keyType, key.scheme, key.public).keyId).toBe(key.keyId);

      const signer = await open(path);
      expect(signer.key).toEqual(key);
      const message = utf8('{"_type":"root"}');
      const signature = await signer.sign(message);
      expect(signature.keyId).toBe(key.keyId);
      expect(signature.sig).toMatch(/^[0-9a-f]+$/);
      expect(verifySignature(key, signature.sig, message)).toBe(true);
      expect(verifySignature(key, signature.sig, utf8('{"_type":"Root"}'))).toBe(false);
      expect(verifySignature(key, (await signer.sign(new Uint8Array())).sig, new Uint8Array())).toBe(true);

      const object = createPrivateKey({ key: readFileSync(path), passphrase: secret });
      const wire = createPublicKey(object).export({ type: 'spki', format: 'der' }).toString('hex');
      const own =
        type === 'ed25519'
          ? key.public
          : Buffer.from(key.public.replaceAll(/-----.*-----|\s/g, ''), 'base64').toString('hex');
      expect(wire.endsWith(own)).toBe(true);
    });

  test('ed25519 is deterministic, ECDSA is DER', async () => {
    const ed = await open(await keyFile('ed25519'));
    expect((await ed.sign(utf8('x'))).sig).toBe((await ed.sign(utf8('x'))).sig);
    const ec = await open(await keyFile('ecdsa'));
    for (let i = 0; i < 20; i++)
      expect((await ec.sign(utf8(String(i)))).sig).toMatch(/^30(4[0-9a-f])02(1f|20|21)/);
  });

  test('P-384 keys of others sign with SHA-384', async () => {
    const path = join(tmp(), 'p384.pem');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    writeFileSync(
      path,
      privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: secret }),
      { mode: 0o600 },
    );
    const signer = await open(path);
    expect(signer.key.scheme).toBe('ecdsa-sha2-nistp384');
    const { sig } = await signer.sign(utf8('x'));
    expect(verifySignature(signer.key, sig, utf8('x'))).toBe(true);
  });
});

describe('the file', () => {
  test('is encrypted by PBES2 with scrypt at N=2^14, r=8, p=5 unless told otherwise, mode 0600, alone in its folder', async () => {
    const folder = tmp();
    const path = join(folder, 'key.pem');
    await generateKeyFile({ path, password });
    const pem = readFileSync(path, 'latin1');
    expect(pem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    const der = Buffer.from(pem.replaceAll(/-----.*-----|\s/g, ''), 'base64').toString('hex');
    expect(der).toContain('06092b06010401da47040b'); // scrypt
    expect(der).toContain('02024000020108020105');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['key.pem']);
    expect((await open(path)).key.scheme).toBe('ecdsa-sha2-nistp256');
  });

  test('two keys, two salts: nothing repeats', async () => {
    const [a, b] = await Promise.all([keyFile(), keyFile()]);
    expect(readFileSync(a).equals(readFileSync(b))).toBe(false);
  });

  test.skipIf(!openssl)('openssl pkcs8 and openssl pkey read it (needs openssl)', async () => {
    for (const type of ['ecdsa', 'ed25519', 'rsa3072'] as const) {
      const path = join(tmp(), 'key.pem');
      const key = await generateKeyFile({ path, type, password });
      const env = { ...process.env, PASS: secret };
      const plain = execFileSync('openssl', ['pkcs8', '-in', path, '-passin', 'env:PASS'], { env });
      expect(plain.toString()).toContain('-----BEGIN PRIVATE KEY-----');
      const pub = execFileSync('openssl', ['pkey', '-in', path, '-passin', 'env:PASS', '-pubout'], { env });
      const der = createPublicKey(pub).export({ type: 'spki', format: 'der' });
      expect(type === 'ed25519' ? der.subarray(-32).toString('hex') : pub.toString()).toBe(key.public);
      const wrong = spawnSync('openssl', ['pkey', '-in', path, '-passin', 'pass:wrong']);
      expect(wrong.status).not.toBe(0);
    }
  });

  test.skipIf(!openssl)(
    'keys that openssl encrypted are read: scrypt and PBKDF2 (needs openssl)',
    async () => {
      const folder = tmp();
      for (const kdf of [['-scrypt'], ['-v2', 'aes-256-cbc', '-iter', '10000']]) {
        const path = join(folder, `${kdf[0]}.pem`);
        const plain = execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519']);
        const env = { ...process.env, PASS: secret };
        execFileSync('openssl', ['pkcs8', '-topk8', ...kdf, '-out', path, '-passout', 'env:PASS'], {
          input: plain,
          env,
        });
        chmodSync(path, 0o600);
        const own = createPublicKey(plain)
          .export({ type: 'spki', format: 'der' })
          .subarray(-32)
          .toString('hex');
        expect((await open(path)).key.public).toBe(own);
      }
    },
  );

  test('is never overwritten', async () => {
    const path = await keyFile();
    const before = readFileSync(path);
    await expect(generateKeyFile({ path, password, kdf: cheap })).rejects.toThrow(code('KEY_EXISTS'));
    expect(readFileSync(path).equals(before)).toBe(true);
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => generateKeyFile({ path: `${path}2`, password, kdf: cheap })),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(readdirSync(join(path, '..')).toSorted()).toEqual(['key.pem', 'key.pem2']);
  });

  test('is not written through a link', async () => {
    const folder = tmp();
    symlinkSync(join(folder, 'elsewhere'), join(folder, 'key.pem'));
    await expect(generateKeyFile({ path: join(folder, 'key.pem'), password, kdf: cheap })).rejects.toThrow(
      code('KEY_EXISTS'),
    );
    expect(existsSync(join(folder, 'elsewhere'))).toBe(false);
  });

  test('needs its folder', async () => {
    await expect(generateKeyFile({ path: join(tmp(), 'no/key.pem'), password, kdf: cheap })).rejects.toThrow(
      code('KEY_NOT_FOUND'),
    );
  });

  test('is not written at an absurd cost', async () => {
    const path = join(tmp(), 'key.pem');
    for (const kdf of [
      { N: 2 ** 20, r: 8, p: 1 },
      { N: 3, r: 8, p: 1 },
      { N: 2 ** 14, r: 8, p: 0 },
    ])
      await expect(generateKeyFile({ path, password, kdf })).rejects.toThrow(RangeError);
    expect(existsSync(path)).toBe(false);
  });
});

describe('refused', () => {
  test('a wrong password, naming where it came from and not what it was', async () => {
    const path = await keyFile();
    const error: unknown = await open(path, {
      password: fixedPassword('hunter2', 'RAGV_ROOT_KEY_PASSWORD'),
    }).catch((e: unknown) => e);
    expect(error).toEqual(code('BAD_PASSWORD'));
    expect(inspect(error, { depth: 9, showHidden: true })).toContain('RAGV_ROOT_KEY_PASSWORD');
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter2');
  });

  test('300 wrong passwords: always BAD_PASSWORD, also when the padding happens to be right', async () => {
    const path = await keyFile();
    for (let i = 0; i < 300; i++)
      await expect(open(path, { password: fixedPassword(`wrong ${i}`) })).rejects.toThrow(
        code('BAD_PASSWORD'),
      );
  });

  test.skipIf(process.platform === 'win32')('a file that others can read', async () => {
    const path = await keyFile();
    for (const mode of [0o640, 0o604, 0o644, 0o620, 0o601, 0o777]) {
      chmodSync(path, mode);
      await expect(open(path)).rejects.toThrow(code('KEY_UNPROTECTED'));
    }
    for (const mode of [0o600, 0o400]) {
      chmodSync(path, mode);
      await open(path);
    }
  });

  test('the mode that counts is that of the file, not of the link to it', async () => {
    const path = await keyFile();
    symlinkSync(path, `${path}.link`);
    await open(`${path}.link`);
    chmodSync(path, 0o644);
    await expect(open(`${path}.link`)).rejects.toThrow(code('KEY_UNPROTECTED'));
  });

  test('an unencrypted key, unless asked for; no password is asked then', async () => {
    const path = join(tmp(), 'plain.pem');
    const { privateKey } = generateKeyPairSync('ed25519');
    writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    await expect(open(path)).rejects.toThrow(code('KEY_UNPROTECTED'));
    const never = (): Promise<never> => Promise.reject(new Error('asked'));
    const signer = await open(path, { password: never, allowUnencrypted: true });
    expect(signer.key.scheme).toBe('ed25519');
  });

  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
  const pem = (key = small): string => key.export({ type: 'pkcs8', format: 'pem' });
  const sec1 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const ed = generateKeyPairSync('ed25519').privateKey;
  const files: Record<string, string> = {
    empty: '',
    'not a PEM': 'hello',
    'more than 64 kB': `${pem(ed)}${' '.repeat(64_001)}`,
    'two keys': pem(ed) + pem(ed),
    'a public key': createPublicKey(ed).export({ type: 'spki', format: 'pem' }),
    'SEC1, not PKCS#8': sec1.export({ type: 'sec1', format: 'pem' }),
    'RSA of 1024 bits': pem(),
    'ECDSA on another curve': pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey),
    'an X25519 key, which cannot sign': pem(generateKeyPairSync('x25519').privateKey),
    'unequal first and last line': pem(ed).replace('BEGIN PRIVATE', 'BEGIN ENCRYPTED PRIVATE'),
    'damaged base64': pem(ed).replace('MC4', 'MC5'),
    'an encrypted key cut off':
      '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n',
  };
  for (const [name, text] of Object.entries(files))
    test(`a file that is ${name}`, async () => {
      const path = join(tmp(), 'key.pem');
      writeFileSync(path, text, { mode: 0o600 });
      await expect(open(path, { allowUnencrypted: true })).rejects.toThrow(code('KEY_UNREADABLE'));
    });

  test('a path with nothing, a folder, a pipe', async () => {
    const folder = tmp();
    await expect(open(join(folder, 'none'))).rejects.toThrow(code('KEY_NOT_FOUND'));
    mkdirSync(join(folder, 'folder'), { mode: 0o700 });
    await expect(open(join(folder, 'folder'))).rejects.toThrow(code('KEY_UNREADABLE'));
    execFileSync('mkfifo', ['-m', '600', join(folder, 'pipe')]);
    await expect(open(join(folder, 'pipe'))).rejects.toThrow(code('KEY_UNREADABLE'));
  });

  test('a new key that the disk does not take: said as that, and nothing is left', async () => {
    const folder = tmp();
    const path = join(folder, `${'k'.repeat(300)}.pem`); // the name is refused once the file is written, as a full disk refuses
    await expect(generateKeyFile({ path, password, kdf: cheap })).rejects.toThrow(
      expect.objectContaining({
        code: 'KEY_NOT_WRITTEN',
        message: expect.stringContaining('not written: the name is') as unknown,
      }),
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test('when aborted, with the reason', async () => {
    const reason = new Error('interrupted');
    const path = await keyFile();
    await expect(open(path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const signer = await open(path);
    await expect(signer.sign(utf8('x'), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('changePassword', () => {
  const other = fixedPassword('another');

  test('the new one opens the same key, the old one does not, the mode stays 0600', async () => {
    const path = await keyFile();
    const { key } = await open(path);
    expect(await changePassword({ path, old: password, new: other, kdf: cheap })).toEqual(key);
    expect((await open(path, { password: other })).key).toEqual(key);
    await expect(open(path)).rejects.toThrow(code('BAD_PASSWORD'));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(path, '..'))).toEqual(['key.pem']);
  });

  test('replaces the file, it does not write into it: a copy under another name keeps the old password', async () => {
    const path = await keyFile();
    linkSync(path, `${path}.copy`);
    await changePassword({ path, old: password, new: other, kdf: cheap });
    expect((await open(`${path}.copy`)).key).toEqual((await open(path, { password: other })).key);
  });

  test('with a wrong old password, or no new one, nothing changes', async () => {
    const path = await keyFile();
    const before = readFileSync(path);
    await expect(changePassword({ path, old: other, new: other, kdf: cheap })).rejects.toThrow(
      code('BAD_PASSWORD'),
    );
    const none = (): Promise<never> => Promise.reject(new Error('no answer'));
    await expect(changePassword({ path, old: password, new: none, kdf: cheap })).rejects.toThrow('no answer');
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(join(path, '..'))).toEqual(['key.pem']);
  });

  test('through a link is refused, and the link stays one', async () => {
    const path = await keyFile();
    symlinkSync(path, `${path}.link`);
    const change = changePassword({ path: `${path}.link`, old: password, new: other, kdf: cheap });
    await expect(change).rejects.toThrow(code('KEY_UNREADABLE'));
    expect(lstatSync(`${path}.link`).isSymbolicLink()).toBe(true);
    await open(path);
  });

  test('encrypts what was not encrypted, when asked to', async () => {
    const path = join(tmp(), 'plain.pem');
    writeFileSync(path, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
    });
    await expect(changePassword({ path, old: other, new: other, kdf: cheap })).rejects.toThrow(
      code('KEY_UNPROTECTED'),
    );
    await changePassword({ path, old: other, new: other, kdf: cheap, allowUnencrypted: true });
    await open(path, { password: other });
  });
});

test('neither password nor key shows in what a signer prints', async () => {
  const path = await keyFile('ed25519');
  const d =
    createPrivateKey({ key: readFileSync(path), passphrase: secret }).export({ format: 'jwk' }).d ?? '';
  const raw = Buffer.from(d, 'base64url');
  expect(raw).toHaveLength(32);
  const signer = await open(path);
  expect((await password({ for: path })).toString()).toBe('[password from RAGV_KEY_PASSWORD]');
  const secrets = [secret, d, raw.toString('hex'), raw.toString('base64'), inspect(raw).slice(8, 40)];
  for (const thing of [signer, password, await password({ for: path })]) {
    const printed = [
      inspect(thing, { depth: 9, showHidden: true, getters: true }),
      JSON.stringify(thing),
      Object.values(thing).map(String).join(),
    ].join('\n');
    for (const word of secrets) expect(printed).not.toContain(word);
  }
});
