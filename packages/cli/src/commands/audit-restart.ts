import { logHeadOf } from '@ragnos/repository';
import { logRestarts } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { carryOut } from '../metadata/carry-out.ts';
import { deadlineOf } from '../metadata/events.ts';
import { openVault, type Vault } from '../vault/vault.ts';

/** Gives up an audit log that is lost, by a root that says so, and begins the next one. */
export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const reason = options.text('reason');
  if (reason === undefined || reason.trim() === '')
    throw new CliError('USAGE', 'why is the log lost?', {
      hint: 'give --reason: it stands in the root and in the new log, for everybody and for ever',
    });
  const vault = await openVault(context);
  try {
    const deadline = deadlineOf(context);
    const before = logHeadOf(await vault.repository.timestamp({ signal }));
    const event = await vault.repository.proposeLogRestart({ reason, deadline }, { signal });
    voice.note(
      'an export, even an old one, or a copy of log/ may still save it: ragv log restore <export.jsonl>',
    );
    if (event !== null) {
      const what = `This gives up ${before?.size ?? 0} entries of the audit log, for ever`;
      const exit = await carryOut(event, vault, context, { confirm: [what, 'restart'] });
      if (exit === exitCodes.ok[0] && !context.dryRun) voice.note(await begun(vault, signal));
      return exit;
    }
    if (!context.dryRun) await vault.repository.completeLogRestart({ signal });
    voice.answer({ approved: true, completed: !context.dryRun, dryRun: context.dryRun }, [
      context.dryRun ? 'root has given the log up: the new one would begin' : await begun(vault, signal),
    ]);
    return exitCodes.ok[0];
  } finally {
    await vault.repository.close();
  }
}

async function begun({ repository }: Vault, signal: AbortSignal): Promise<string> {
  const head = logHeadOf(await repository.timestamp({ signal }));
  const lost = logRestarts((await repository.root({ signal })).signed)[(head?.restarts ?? 0) - 1];
  if (head === null || lost === undefined) return 'the log went on meanwhile: ragv log verify';
  return `log ${(head.restarts ?? 0) + 1} of this repository has begun, after ${lost.size} lost entries; its root hash is ${head.root}`;
}
