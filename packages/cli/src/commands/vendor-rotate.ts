import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { openVault } from '../vault/vault.ts';
import { takeOver } from '../vendor/take-over.ts';
import { readHandedIn, requireVendor } from '../vendor/vault-vendors.ts';

/** Gives a vendor the keys that it handed over to, or, with --change-of-owner, those of somebody else. */
export async function run(context: Context): Promise<number> {
  const { options, signal } = context;
  const folder = options.text('handover') ?? '';
  if (folder === '')
    throw new CliError('USAGE', 'which keys?', {
      hint: 'the vendor runs ragv vendor handover; give its folder as --handover',
    });
  const vault = await openVault(context);
  try {
    const handed = await readHandedIn(vault, folder, context);
    const vendor = await requireVendor(vault, context.args[0] ?? '', signal);
    return await takeOver(vault, vendor, handed, { changeOfOwner: options.flag('change-of-owner') }, context);
  } finally {
    await vault.repository.close();
  }
}
