import { join, resolve } from 'node:path';
import { changePassword } from '@ragnos/signing';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { readConfig } from '../vault/config.ts';
import { newPasswordFor, passwordFor } from '../vault/passwords.ts';
import { vaultFolder } from '../vault/vault.ts';

/** A role means all its key files in this vault; a path means that file, with or without a vault. */
export async function run(context: Context): Promise<undefined> {
  const { voice, signal } = context;
  const given = context.args[0] ?? '';
  const isPath = given.includes('/') || given.includes('\\') || given.endsWith('.p8');
  const role = isPath ? 'key' : given;
  const paths = isPath ? [resolve(given)] : await pathsOf(role, vaultFolder(context));
  if (context.dryRun) {
    voice.answer(
      { files: paths, dryRun: true },
      paths.map((path) => `would encrypt ${path} under a new password`),
    );
    return;
  }
  const old = passwordFor(role, context);
  const next = newPasswordFor(role, context);
  for (const path of paths) await changePassword({ path, old, new: next, signal });
  voice.answer(
    { files: paths },
    paths.map((path) => `${path} has a new password; copies and backups keep the old one`),
  );
  return;
}

async function pathsOf(role: string, folder: string): Promise<readonly string[]> {
  const { keys } = await readConfig(folder);
  const files = Object.values(keys).filter((key) => key.role === role && key.uri.startsWith('file2:'));
  if (files.length === 0)
    throw new CliError('USAGE', `no key file of the role ${JSON.stringify(role)} is in ragv.toml`, {
      hint: 'ragv key list',
    });
  return files.map((key) => resolve(folder, join(key.uri.slice('file2:'.length))));
}
