import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { receiving } from '../door/receive.ts';
import { doorSettings } from '../door/settings.ts';
import { readSubmission } from '../vendor/folder.ts';
import { refuseOtherRepository } from '../vendor/vault-vendors.ts';
import { sayBeforePublish } from '../vault/before-publish.ts';
import { openVault } from '../vault/vault.ts';

/** Hands in what a vendor signed: the door repeats every check on the bytes, and stores nothing that fails one. */
export async function run(context: Context): Promise<undefined> {
  const { voice, signal } = context;
  const folder = context.args[0] ?? '';
  const handed = await readSubmission(folder, signal);
  const { vendor, owner } = handed.submission;
  if (owner !== null)
    throw new CliError('USAGE', `${folder} changes the keys of ${vendor}`, {
      hint: `ragv vendor add ${vendor} --join ${folder}, or ragv vendor rotate ${vendor} --handover ${folder}`,
    });
  const vault = await openVault(context);
  try {
    await refuseOtherRepository(vault, handed.submission, signal);
    const change = receiving(handed, doorSettings(signal));
    if (context.dryRun) {
      await vault.repository.inspect(async (draft) => change(draft), { signal });
      voice.answer({ vendor, dryRun: true }, [`would publish ${folder} of ${vendor}: it passes every check`]);
      return;
    }
    await sayBeforePublish(vault, context);
    const result = await vault.repository.publish(change, { signal });
    const roles = Object.fromEntries(result.roles);
    voice.answer({ vendor, changed: result.changed, timestamp: result.version, roles }, [
      result.changed
        ? `published what ${vendor} signed: ${[...handed.roles.keys()].map((role) => `${role} version ${roles[role] ?? ''}`).join(', ')}`
        : 'it was published already',
    ]);
  } finally {
    await vault.repository.close();
  }
  return;
}
