import type { Change } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { readCatalog, writeCatalog } from '../door/admit.ts';
import { publishOrEvent } from '../metadata/publish-or-event.ts';
import { confirm } from '../prompt.ts';
import { vendorRole } from '../vault/layout.ts';
import { openVault } from '../vault/vault.ts';
import { requireVendor } from '../vendor/vault-vendors.ts';

/** Takes the delegation away. What was published stays stored; the name is never given to anybody again. */
export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const vault = await openVault(context);
  try {
    const vendor = await requireVendor(vault, context.args[0] ?? '', signal);
    const change: Change = async (draft) => {
      draft.note({ kind: 'delegation', subject: `${vendor}: removed` });
      await draft.edit({ kind: 'remove', role: vendorRole(vendor) });
    };
    if (context.dryRun) {
      await vault.repository.inspect(async (draft) => change(draft), { signal });
      voice.answer({ vendor, dryRun: true }, [`would remove ${vendor}`]);
      return 0;
    }
    const what = `This takes ${vendor} and all its plugins out of the repository, and its name for ever`;
    await confirm(what, vendor, options.flag('yes'), signal);
    const result = await publishOrEvent(
      vault,
      {
        first: async (draft) =>
          writeCatalog(draft, { ...(await readCatalog(draft, vendor)), suspended: true }),
        change,
        reason: `remove the vendor ${vendor}`,
        confirm: [what, vendor],
      },
      context,
    );
    if (typeof result === 'number') return result;
    voice.answer({ vendor, removed: true, timestamp: result.version }, [
      `removed ${vendor}; its role is an empty one under the keys of targets from now on`,
    ]);
  } finally {
    await vault.repository.close();
  }
  return 0;
}
