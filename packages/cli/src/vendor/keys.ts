import { readFile } from 'node:fs/promises';
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
