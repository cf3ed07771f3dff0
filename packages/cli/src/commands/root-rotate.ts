import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { carryOut } from '../metadata/carry-out.ts';
import { deadlineOf } from '../metadata/events.ts';
import { namedUri, openKeys } from '../metadata/open-keys.ts';
import { keysEdit } from '../metadata/proposals.ts';
import { openVault } from '../vault/vault.ts';

/** Other root keys, or another threshold: at once where all signers are here, else as an event. */
export async function run(context: Context): Promise<number> {
  const { options, signal } = context;
  const vault = await openVault(context);
  try {
    const edit = await keysEdit('root', await vault.repository.layoutOf('root', { signal }), context);
    if (edit === null)
      throw new CliError('USAGE', 'what is to change?', {
        hint: 'give --add-key, --remove-key or --threshold',
      });
    const event = await vault.repository.proposeEvent(
      { edits: [edit], reason: options.text('reason') ?? '', deadline: deadlineOf(context) },
      { signal },
    );
    const given = options.list('key').map((one) => namedUri(one, 'root'));
    const extra = await openKeys(given, context);
    return await carryOut(event, vault, context, {
      confirm: ['This changes who can replace everything', 'root'],
      extra,
    });
  } finally {
    await vault.repository.close();
  }
}
