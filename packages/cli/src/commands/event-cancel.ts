import { refuseToCancel } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { vaultEvents } from '../metadata/events.ts';
import { openVault } from '../vault/vault.ts';

/** A root that has all its signatures cannot be cancelled: it exists, and can only be applied and superseded. */
export async function run(context: Context): Promise<undefined> {
  const { voice, signal } = context;
  const id = context.args[0] ?? '';
  const folder = await vaultEvents(context);
  const vault = await openVault(context, { damaged: true });
  try {
    const check = async (event: Parameters<typeof refuseToCancel>[0]): Promise<void> =>
      refuseToCancel(event, await vault.repository.reviewEvent(event, { signal }));
    if (context.dryRun) {
      await check((await folder.load(id)).event);
      voice.answer({ id, dryRun: true }, [`would cancel ${id}`]);
      return;
    }
    await folder.update(
      id,
      async (event) => {
        await check(event);
        return { event, state: 'cancelled' };
      },
      { signal },
    );
    voice.answer({ id, state: 'cancelled' }, [`cancelled ${id}: nobody will apply it from here`]);
    voice.note(
      'signatures that were given stay good wherever a copy is: who signed it will be asked before signing another content as the same version',
    );
  } finally {
    await vault.repository.close();
  }
  return;
}
