import type { KeyFileType } from '@ragnos/signing';
import { CliError } from './errors.ts';

const types: readonly KeyFileType[] = ['ecdsa', 'ed25519', 'rsa3072', 'rsa4096'];

/** `--key-type`; ECDSA P-256 without it, since every client and every signer knows it. */
export function keyType(text: string | undefined): KeyFileType {
  if (text === undefined) return 'ecdsa';
  const found = types.find((type) => type === text);
  if (found === undefined)
    throw new CliError('USAGE', `unknown key type ${JSON.stringify(text)}`, {
      hint: `known are ${types.join(', ')}`,
    });
  return found;
}
