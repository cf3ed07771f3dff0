import { writeFileAtomic } from '@ragnos/disk';
import { eventToBytes, type SigningEvent } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { deadlineOf, eventAnswer, eventLines, vaultEvents } from '../metadata/events.ts';
import { keysEdit, targetsChange } from '../metadata/proposals.ts';
import { openVault, type Vault } from '../vault/vault.ts';

/** Without a change it signs the roles anew as they are: what a role with offline keys needs before it expires. */
export async function run(context: Context): Promise<number> {
  const { options, signal } = context;
  const vault = await openVault(context);
  try {
    const [role = '', ...others] = context.args;
    const edit = await keysEdit(role, await vault.repository.layoutOf(role, { signal }), context);
    const change = await targetsChange(context);
    if (others.length > 0 && edit !== null)
      throw new CliError('USAGE', 'keys are changed for one role at a time');
    const asIs = edit === null && change === null;
    const event = await vault.repository.proposeEvent(
      {
        edits: edit === null ? [] : [edit],
        ...(change === null ? {} : { change }),
        resign: asIs ? context.args : [],
        reason: options.text('reason') ?? '',
        deadline: deadlineOf(context),
      },
      { signal },
    );
    return await announce(event, vault, context);
  } finally {
    await vault.repository.close();
  }
}

/** Keeps the new event, shows it, and says what happens next. Resolves with exit code 8: it waits for signatures. */
export async function announce(event: SigningEvent, vault: Vault, context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const seen = await vault.repository.reviewEvent(event, { signal });
  const output = options.text('output');
  if (context.dryRun) {
    voice.answer({ ...eventAnswer({ event, state: 'open', file: '' }, seen), dryRun: true }, [
      'would create an event:',
      ...eventLines({ event, state: 'open' }, seen),
    ]);
    return 0;
  }
  const kept = await (await vaultEvents(context)).create(event, { signal });
  if (output !== undefined) await writeFileAtomic(output, eventToBytes(event), { mode: 0o644 });
  voice.answer(eventAnswer(kept, seen), eventLines(kept, seen));
  voice.note(`one file for the signers: ${output ?? kept.file}`);
  voice.note(
    `next: ragv event sign <file> --key <uri> --root <file>; then here: ragv event merge ${event.id} <file>`,
  );
  return exitCodes.pending[0];
}
