import { createCipheriv, randomBytes, scrypt } from 'node:crypto';
import { SigningError } from '../errors.ts';
import { DerError, DerReader, integer, octetString, oid, sequence } from './der.ts';

/** Cost of scrypt: memory is 128·N·r bytes, time goes with N·r·p. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** One of OWASP's equivalents, and the one that stays inside the 32 MiB that OpenSSL allows scrypt unless told otherwise. */
export const defaultScrypt: ScryptCost = { N: 2 ** 14, r: 8, p: 5 };

/** What a key file may ask of us before it is refused: seconds, not hours, and what OpenSSL's own default allows. */
const kdfLimits = {
  scryptMaxMemory: 32 * 1024 * 1024,
  /** N·r·p: 16 times our own. */
  scryptMaxWork: 16 * 2 ** 14 * 8 * 5,
  pbkdf2MaxIterations: 10_000_000,
} as const;

const oids = {
  pbes2: '2a864886f70d01050d',
  scrypt: '2b06010401da47040b',
  pbkdf2: '2a864886f70d01050c',
  aes256cbc: '60864801650304012a',
} as const;

/** A PKCS#8 key, encrypted by PBES2 (RFC 8018) with scrypt (RFC 7914) and AES-256-CBC, as PEM. */
export async function encryptPkcs8(der: Uint8Array, password: string, cost: ScryptCost): Promise<string> {
  checkScrypt(cost);
  const salt = randomBytes(16);
  const iv = randomBytes(16);
  const key = await deriveKey(password, salt, cost);
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  const encrypted = Buffer.concat([cipher.update(der), cipher.final()]);
  key.fill(0);
  const kdf = sequence(octetString(salt), integer(cost.N), integer(cost.r), integer(cost.p));
  const scheme = sequence(sequence(oid(oids.scrypt), kdf), sequence(oid(oids.aes256cbc), octetString(iv)));
  return toPem(sequence(sequence(oid(oids.pbes2), scheme), octetString(encrypted)));
}

function deriveKey(password: string, salt: Uint8Array, { N, r, p }: ScryptCost): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const maxmem = 2 * kdfLimits.scryptMaxMemory;
    scrypt(password, salt, 32, { N, r, p, maxmem }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}

function toPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN ENCRYPTED PRIVATE KEY-----', ...lines, '-----END ENCRYPTED PRIVATE KEY-----', ''].join(
    '\n',
  );
}

const block =
  /^\s*-----BEGIN (ENCRYPTED )?PRIVATE KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END (ENCRYPTED )?PRIVATE KEY-----\s*$/;

export interface Pkcs8 {
  readonly encrypted: boolean;
  readonly der: Buffer;
}

/**
 * Takes a key file apart far enough to know that OpenSSL can open it at a bearable cost: exactly one PKCS#8 block, encrypted
 * by PBES2 or not at all. Throws KEY_UNREADABLE.
 */
export function parsePkcs8(path: string, text: string): Pkcs8 {
  const [, begin, base64 = '', end] = block.exec(text) ?? [];
  if (base64 === '' || begin !== end)
    throw unreadable(
      path,
      'not a private key in PKCS#8',
      'convert it: openssl pkcs8 -topk8 -scrypt -in <old> -out <new>',
    );
  const der = Buffer.from(base64, 'base64');
  const encrypted = begin !== undefined;
  try {
    if (encrypted) checkKdf(path, der);
  } catch (error) {
    if (error instanceof DerError) throw unreadable(path, `damaged (${error.message})`);
    throw error;
  }
  return { encrypted, der };
}

function checkKdf(path: string, der: Uint8Array): void {
  const file = new DerReader(der);
  const top = file.sequence();
  file.end();
  const algorithm = top.sequence();
  if (algorithm.oid() !== oids.pbes2)
    throw unreadable(
      path,
      'encrypted in an outdated way',
      'encrypt it again: openssl pkcs8 -topk8 -scrypt -in <old> -out <new>',
    );
  const kdf = algorithm.sequence().sequence();
  const name = kdf.oid();
  const parameters = kdf.sequence();
  parameters.octetString(); // salt
  if (name === oids.scrypt) {
    const cost = { N: parameters.integer(), r: parameters.integer(), p: parameters.integer() };
    if (!isBearable(cost))
      throw unreadable(path, `asks for an absurd amount of scrypt (N=${cost.N}, r=${cost.r}, p=${cost.p})`);
  } else if (name === oids.pbkdf2) {
    const iterations = parameters.integer();
    if (iterations > kdfLimits.pbkdf2MaxIterations)
      throw unreadable(path, `asks for ${iterations} rounds of PBKDF2`);
  } else throw unreadable(path, 'encrypted with an unknown key derivation');
  top.octetString(); // the encrypted key
  top.end();
}

function checkScrypt(cost: ScryptCost): void {
  if (!isBearable(cost))
    throw new RangeError(`scrypt cost out of bounds: N=${cost.N}, r=${cost.r}, p=${cost.p}`);
}

function isBearable({ N, r, p }: ScryptCost): boolean {
  const whole = [N, r, p].every((n) => Number.isSafeInteger(n) && n >= 1);
  const memory = 128 * r * (N + p) + 32 * r * 4; // as OpenSSL counts it
  return (
    whole &&
    N > 1 &&
    Number.isInteger(Math.log2(N)) &&
    memory <= kdfLimits.scryptMaxMemory &&
    N * r * p <= kdfLimits.scryptMaxWork
  );
}

function unreadable(path: string, problem: string, hint?: string): SigningError {
  return new SigningError('KEY_UNREADABLE', `${path}: ${problem}`, hint === undefined ? {} : { hint });
}
