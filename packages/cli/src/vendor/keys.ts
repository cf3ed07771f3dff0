import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { openSigner, type Signer } from '@ragnos/signing';
import {
  canonicalJson,
  keyFingerprint,
  keyToJson,
  newKey,
  parseJson,
  Reader,
  VaultError,
  type Key,
} from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { passwordFor } from '../vault/passwords.ts';

/** `--key`, each a key file or a signer URI. Passwords are asked for one after the other. */
export async function openKeys(context: Context, option = 'key'): Promise<readonly Signer[]> {
  const signers: Signer[] = [];
  for (const given of context.options.list(option)) signers.push(await openKey(context, given));
  return signers;
}

export async function openKey(context: Context, given: string): Promise<Signer> {
  const uri = /^[a-z][a-z0-9+.-]+:/.test(given) ? given : `file2:${resolve(given)}`;
  return openSigner(uri, {
    password: passwordFor(basename(given).replace(/\.p8$/, ''), context),
    signal: context.signal,
  });
}

/** `--threshold`, of so many keys. @throws CliError USAGE */
export function thresholdOf(
  { options }: Context,
  keys: readonly Key[],
  otherwise: number,
  { what = 'keys', hint }: { readonly what?: string; readonly hint?: string } = {},
): number {
  const threshold = Number(options.text('threshold') ?? otherwise);
  if (Number.isInteger(threshold) && threshold >= 1 && threshold <= keys.length) return threshold;
  const hints = hint === undefined ? {} : { hint };
  throw new CliError('USAGE', `--threshold ${threshold} with ${keys.length} ${what}`, hints);
}

/** The public part of a key, as `ragv key generate` writes it beside the private one: nothing secret. */
export function publicKeyFile(key: Key): Uint8Array {
  const text = Buffer.from(canonicalJson(keyToJson(key))).toString();
  // Canonical JSON leaves the line ends of a PEM as they are, which JSON does not.
  return Buffer.from(`${text.replace(/\p{Cc}/gu, (c) => JSON.stringify(c).slice(1, -1))}\n`);
}

/** @throws CliError NO_SUCH_FILE, BAD_KEY_FILE */
export async function readPublicKey(file: string): Promise<Key> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new CliError('NO_SUCH_FILE', `${file} cannot be read`, { cause });
  });
  try {
    const reader = Reader.of(parseJson(bytes.subarray(0, 100_000), file), file);
    const key = newKey(
      reader.string('keytype'),
      reader.string('scheme'),
      reader.object('keyval').string('public'),
    );
    if (keyFingerprint(key) !== null) return key;
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
  }
  throw new CliError('BAD_KEY_FILE', `${file} is no public key that we can verify`, {
    hint: 'ragv key show <key file> > key.pub writes one',
  });
}
