import { bestBits } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { confirm } from '../prompt.ts';
import { count } from '../text.ts';
import { vendorRole } from '../vault/layout.ts';
import { openVault } from '../vault/vault.ts';
import { bitsOf, signedByOf } from '../vendor/split.ts';
import { requireVendor } from '../vendor/vault-vendors.ts';

/** In one commit, with readers and publishers going on. A vendor that keeps its own keys does it with `vendor sign --split`. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const signedBy = signedByOf(options.text('signed-by') ?? 'vendor');
  const underSnapshot = signedBy === 'snapshot';
  const vault = await openVault(context);
  try {
    const vendor = await requireVendor(vault, context.args[0] ?? '', signal);
    const role = vendorRole(vendor);
    const { roles } = await vault.repository.status({ signal });
    const at = roles.find((item) => item.role === role);
    const targets = at?.targets ?? 0;
    const given = options.text('bits');
    const bits = given === undefined ? bestBits(targets, signedBy) : bitsOf('bits', given);
    const signers = underSnapshot ? 'snapshot' : 'vendor';
    const answer = { vendor, targets, bits, files: 2 ** bits, signedBy: signers };
    const how = `${2 ** bits} files${underSnapshot ? ', signed by the keys of snapshot' : ''}`;
    if (context.dryRun) {
      voice.answer({ ...answer, dryRun: true }, [`would split ${role} into ${how}`]);
      return;
    }
    if (underSnapshot) {
      refuseOwnKeys(vendor, at?.keyIds ?? [], new Set(Object.keys(vault.config.keys)), at?.threshold ?? 1);
      const what = `Whoever holds the keys of snapshot can then publish in the name of ${vendor}`;
      await confirm(what, vendor, options.flag('yes'), signal);
    }
    const result = await vault.repository.publish(
      async (draft) => {
        draft.note({ kind: 'delegation', subject: `${vendor}: split into ${how}` });
        await draft.edit({ kind: 'split', role, bins: { bitLength: bits, signedBy } });
      },
      { signal },
    );
    voice.answer({ ...answer, timestamp: result.version }, [
      `split ${role}: ${count(targets, 'target')} in ${how}`,
    ]);
  } finally {
    await vault.repository.close();
  }
  return;
}

/** A vendor that signs for itself lost just that. @throws CliError USAGE */
function refuseOwnKeys(
  vendor: string,
  keyIds: readonly string[],
  here: ReadonlySet<string>,
  threshold: number,
): void {
  if (keyIds.filter((id) => here.has(id)).length >= threshold) return;
  throw new CliError('USAGE', `${vendor} keeps its own keys, and nobody else signs for it`, {
    hint: 'only a vendor whose keys are with the operator can be put under those of snapshot',
  });
}
