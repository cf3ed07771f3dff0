import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { receiving, type Handed } from '../door/receive.ts';
import { doorSettings } from '../door/settings.ts';
import { takeOver } from '../vendor/take-over.ts';
import { readHandedIn, vendorsIn } from '../vendor/vault-vendors.ts';
import { sayBeforePublish } from '../vault/before-publish.ts';
import { openVault, type Vault } from '../vault/vault.ts';

/** Hands in what a vendor signed: the door repeats every check on the bytes, and stores nothing that fails one. */
export async function run(context: Context): Promise<number> {
  const folder = context.args[0] ?? '';
  const vault = await openVault(context);
  try {
    const handed = await readHandedIn(vault, folder, context);
    return handed.submission.owner === null
      ? await submit(vault, handed, folder, context)
      : await handOver(vault, handed, folder, context);
  } finally {
    await vault.repository.close();
  }
}

async function submit(vault: Vault, handed: Handed, folder: string, context: Context): Promise<number> {
  const { voice, signal } = context;
  const { vendor } = handed.submission;
  const change = receiving(handed, doorSettings(signal));
  if (context.dryRun) {
    await vault.repository.inspect(async (draft) => change(draft), { signal });
    voice.answer({ vendor, dryRun: true }, [`would publish ${folder} of ${vendor}: it passes every check`]);
    return 0;
  }
  await sayBeforePublish(vault, context);
  const result = await vault.repository.publish(change, { signal });
  const roles = Object.fromEntries(result.roles);
  voice.answer({ vendor, changed: result.changed, timestamp: result.version, roles }, [
    result.changed
      ? `published what ${vendor} signed: ${[...handed.roles.keys()].map((role) => `${role} version ${roles[role] ?? ''}`).join(', ')}`
      : 'it was published already',
  ]);
  return 0;
}

/** Other keys for a vendor that is known here, if the keys before say so; nothing else is done on the way. */
async function handOver(vault: Vault, handed: Handed, folder: string, context: Context): Promise<number> {
  const { vendor } = handed.submission;
  if (!vendorsIn(await vault.repository.status({ signal: context.signal })).includes(vendor))
    throw new CliError('USAGE', `${folder} asks for ${vendor} to be added`, {
      hint: `ragv vendor add ${vendor} --join ${folder}`,
    });
  return takeOver(vault, vendor, handed, { changeOfOwner: false }, context);
}
