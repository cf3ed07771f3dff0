import { bestBits } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { count } from '../text.ts';
import { vendorRole } from '../vault/layout.ts';
import { openVault } from '../vault/vault.ts';
import { bitsOf } from '../vendor/split.ts';
import { requireVendor } from '../vendor/vault-vendors.ts';

/** In one commit, with readers and publishers going on. A vendor that keeps its own keys does it with `vendor sign --split`. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const vault = await openVault(context);
  try {
    const vendor = await requireVendor(vault, context.args[0] ?? '', signal);
    const role = vendorRole(vendor);
    const { roles } = await vault.repository.status({ signal });
    const targets = roles.find((item) => item.role === role)?.targets ?? 0;
    const given = options.text('bits');
    const bits = given === undefined ? bestBits(targets) : bitsOf('bits', given);
    const answer = { vendor, targets, bits, files: 2 ** bits };
    if (context.dryRun) {
      voice.answer({ ...answer, dryRun: true }, [`would split ${role} into ${2 ** bits} files`]);
      return;
    }
    const result = await vault.repository.editRoles([{ kind: 'split', role, bins: { bitLength: bits } }], {
      signal,
    });
    voice.answer({ ...answer, timestamp: result.version }, [
      `split ${role}: ${count(targets, 'target')} in ${2 ** bits} files`,
    ]);
  } finally {
    await vault.repository.close();
  }
  return;
}
