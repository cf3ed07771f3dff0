import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../command.ts';
import { configFile } from '../vault/config.ts';
import { vaultFolder } from '../vault/vault.ts';

/** A vault if one is named or stands here, else the host; --host and --vault decide. */
export async function run(context: Context): Promise<number> {
  const { options } = context;
  const named = options.text('vault') !== undefined || existsSync(join(vaultFolder(context), configFile));
  if (named && !options.flag('host')) return (await import('../status/vault-status.ts')).vaultStatus(context);
  return (await import('../status/host-status.ts')).hostStatus(context);
}
