import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Finished } from '../metadata/ceremony.ts';
import { eventLines } from '../metadata/events.ts';
import { firstRoot } from '../metadata/first-root.ts';
import { nextRootAtTable } from '../metadata/next-root.ts';
import { readTable, type Table } from '../metadata/participants.ts';
import { CliError } from '../errors.ts';
import { begunVault } from '../vault/new-vault.ts';
import { configFile } from '../vault/config.ts';
import { openVault, vaultFolder } from '../vault/vault.ts';
import { applyKept } from './event-apply.ts';

/** Where there is no vault yet, it makes one; where there is one, its root changes hands. */
export async function run(context: Context): Promise<number> {
  const folder = vaultFolder(context);
  // One whose making stopped half-way in a store is none yet.
  const isBegun = (await begunVault(folder, context.options.text('store') ?? '')) !== null;
  const isVault = existsSync(join(folder, configFile)) && !isBegun;
  if (isVault && context.options.text('store') !== undefined)
    throw new CliError('USAGE', `${folder} is a vault, and has its store`, {
      hint: '--store is for a first root; ragv.toml says where this one is published',
    });
  const table = await readTable(context);
  if (context.dryRun) {
    context.voice.answer({ vault: folder, first: !isVault, ...table, dryRun: true }, [
      `would ${isVault ? 'change the root of' : 'make'} ${folder}: ${table.threshold} of ${table.given.length} keys`,
      ...table.given.map((one) => `  ${one}`),
    ]);
    return exitCodes.ok[0];
  }
  return isVault ? change(table, context) : begin(folder, table, context);
}

async function begin(folder: string, table: Table, context: Context): Promise<number> {
  const { voice } = context;
  const made = await firstRoot(folder, table, context);
  voice.answer({ vault: folder, rootVersion: 1, fingerprint: made.fingerprint, ...told(made) }, [
    `made ${folder}: root version 1, ${table.threshold} of ${table.given.length} keys`,
    `trusted root: ${join(folder, '1.root.json')}`,
    `fingerprint:  sha256:${made.fingerprint}`,
    ...lines(made),
  ]);
  return exitCodes.ok[0];
}

async function change(table: Table, context: Context): Promise<number> {
  const { voice } = context;
  const vault = await openVault(context);
  try {
    const { event, seen, finished } = await nextRootAtTable(vault, table, context);
    if (finished === null) {
      voice.answer({ id: event.id, complete: false }, eventLines({ event, state: 'open' }, seen));
      const file = join(vault.folder, 'staging', 'events', event.id, 'event.json');
      voice.note(
        `signatures are missing: hand out ${file}; who has a copy runs: ragv event sign <copy> --root <file> --key file2:<path>; then, here: ragv event merge ${event.id} <copy>, ragv event apply ${event.id}`,
      );
      return exitCodes.pending[0];
    }
    for (const line of lines(finished)) voice.note(line);
    return await applyKept(event.id, vault, context, finished.sha256);
  } finally {
    await vault.repository.close();
  }
}

function told({ file, sha256, participants }: Finished): object {
  return { transcript: file, transcriptSha256: sha256, participants };
}

function lines({ file, sha256, participants }: Finished): readonly string[] {
  return [
    ...participants.map(({ name, keyId, part }) => `  ${part.padEnd(6)}  ${keyId}  ${name}`),
    `transcript:   ${file}, sha256:${sha256}`,
  ];
}
