import { constants, sign, type KeyObject } from 'node:crypto';
import { mlDsaMessage, type Key } from '@ragnos/tuf';
import { SigningError } from '../errors.ts';
import type { OpenSignerOptions } from '../open-signer.ts';
import type { RawSigner } from '../signer.ts';
import { publicPart, readPrivateKey } from './private-key.ts';

/** The driver behind `file2:<path>`, as securesystemslib writes it: absolute or relative to the working folder, not encoded. */
export async function openFileSigner(uri: string, options: OpenSignerOptions): Promise<RawSigner> {
  const path = uri.slice('file2:'.length).replace(/^\/\/(?=\/)/, '');
  // What securesystemslib would cut off, or read as a host, is refused, so that one URI means one file to both.
  if (path === '' || path.startsWith('//') || /[?#;\0]/.test(path))
    throw new SigningError('BAD_SIGNER_URI', `${JSON.stringify(uri)} names no key file`, {
      hint: 'write file2:<path>, without ? # or ; in the path',
    });
  return fileSigner(path, uri, await readPrivateKey(path, options));
}

export function fileSigner(path: string, uri: string, privateKey: KeyObject): RawSigner {
  const key = publicPart(path, privateKey);
  return { key, uri, signRaw: (message) => signWith(privateKey, key, message) };
}

const digests: ReadonlyMap<string, string> = new Map([
  ['ecdsa-sha2-nistp256', 'sha256'],
  ['ecdsa-sha2-nistp384', 'sha384'],
  ['rsassa-pss-sha256', 'sha256'],
]);

/** Off the main thread: RSA-4096 takes milliseconds. */
function signWith(privateKey: KeyObject, { keyType, scheme }: Key, message: Uint8Array): Promise<Uint8Array> {
  const padding =
    scheme === 'rsassa-pss-sha256' ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {};
  return new Promise((resolve, reject) => {
    sign(
      digests.get(scheme) ?? null,
      keyType === 'ml-dsa' ? mlDsaMessage(message) : message,
      { key: privateKey, dsaEncoding: 'der', ...padding },
      (error, sig) => (error === null ? resolve(sig) : reject(error)),
    );
  });
}
