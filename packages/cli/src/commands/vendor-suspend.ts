import type { Context } from '../command.ts';
import { readCatalog, writeCatalog } from '../door/admit.ts';
import { openVault } from '../vault/vault.ts';
import { requireVendor } from '../vendor/vault-vendors.ts';

/** In the catalog, by the door's own key: at once, and without the vendor or the keys above it. */
export async function run(context: Context): Promise<undefined> {
  const { voice, options, signal } = context;
  const suspended = !options.flag('undo');
  const vault = await openVault(context);
  try {
    const vendor = await requireVendor(vault, context.args[0] ?? '', signal);
    if (context.dryRun) {
      voice.answer({ vendor, suspended, dryRun: true }, [
        `would ${suspended ? 'suspend' : 'readmit'} ${vendor}`,
      ]);
      return;
    }
    const result = await vault.repository.publish(
      async (draft) => {
        draft.note({ kind: 'suspension', subject: suspended ? vendor : `${vendor}: lifted` });
        await writeCatalog(draft, { ...(await readCatalog(draft, vendor)), suspended });
      },
      { signal },
    );
    voice.answer({ vendor, suspended, changed: result.changed, timestamp: result.version }, [
      suspended
        ? `${vendor} is suspended: nothing of it is taken, found or installed any more`
        : `${vendor} may publish again`,
    ]);
  } finally {
    await vault.repository.close();
  }
  return;
}
