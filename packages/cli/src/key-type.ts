import { keyFileTypes, type KeyFileType } from '@ragnos/signing';
import { CliError } from './errors.ts';

/** `--key-type`; ECDSA P-256 without it, since every client and every signer knows it. */
export function keyType(text: string | undefined): KeyFileType {
  if (text === undefined) return 'ecdsa';
  const found = keyFileTypes.find((type) => type === text);
  if (found === undefined)
    throw new CliError('USAGE', `unknown key type ${JSON.stringify(text)}`, {
      hint: `known are ${keyFileTypes.join(', ')}`,
    });
  return found;
}
