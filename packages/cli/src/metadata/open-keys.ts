import { basename, join, resolve } from 'node:path';
import { ledgerIn, type Ledger } from '@ragnos/repository';
import { openSigner, type Signer } from '@ragnos/signing';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { homeFolder } from '../host.ts';
import { passwordFor } from '../vault/passwords.ts';

/** A key as it is given on the command line: `file2:alice.p8`, or `alice=file2:alice.p8`. */
export interface NamedUri {
  /** Whose password is asked for: RAGV_<NAME>_KEY_PASSWORD_FILE and so on. */
  readonly name: string;
  readonly uri: string;
}

/** @throws CliError USAGE */
export function namedUri(given: string, fallback: string): NamedUri {
  const [, name = fallback, uri = ''] =
    /^(?:([A-Za-z0-9][A-Za-z0-9._-]{0,60})=)?([a-z][a-z0-9+.-]*:.+)$/s.exec(given) ?? [];
  if (uri === '')
    throw new CliError('USAGE', `${JSON.stringify(given)} names no key`, {
      hint: 'write file2:<path>, or <name>=file2:<path> for a password of its own',
    });
  return { name, uri };
}

/** A key file as it lies there, or a signer's URI; its password is asked for by the file's name. */
export function keyFile(given: string): NamedUri {
  const uri = /^[a-z][a-z0-9+.-]+:/.test(given) ? given : `file2:${resolve(given)}`;
  return { name: basename(given).replace(/\.p8$/, ''), uri };
}

export function openKey({ name, uri }: NamedUri, context: Context): Promise<Signer> {
  return openSigner(uri, { password: passwordFor(name, context), signal: context.signal });
}

/** One after the other: a person types one password at a time. */
export async function openKeys(keys: readonly NamedUri[], context: Context): Promise<readonly Signer[]> {
  const signers: Signer[] = [];
  for (const key of keys) signers.push(await openKey(key, context));
  return signers;
}

/** What the keys of this person signed before, in the person's own folder. */
export function ownLedger(context: Context): Ledger {
  return ledgerIn(join(homeFolder(context), 'signatures-v1'));
}
