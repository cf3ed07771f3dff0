import { parseRevocations, serializeRevocations } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import type { Change } from '@ragnos/repository';
import { publishOrEvent } from '../metadata/publish-or-event.ts';
import { openVault } from '../vault/vault.ts';

const revocationsPath = 'policy/revocations.json';

/** By digest, above every vendor, and for ever: revocations only grow. */
export async function run(context: Context): Promise<number> {
  const { voice, options } = context;
  const digest = /^(?:sha256:)?([0-9a-f]{64})$/.exec(context.args[0] ?? '')?.[1];
  const reason = options.text('reason');
  if (digest === undefined)
    throw new CliError('USAGE', `${context.args[0] ?? ''} is no sha256`, {
      hint: 'ragv info <plugin> shows the digest of each version',
    });
  if (reason === undefined)
    throw new CliError('USAGE', 'why?', { hint: 'give --reason <text>: everybody who has it is shown it' });
  const vault = await openVault(context);
  try {
    if (context.dryRun) {
      voice.answer({ sha256: digest, reason, dryRun: true }, [`would revoke sha256:${digest}`]);
      return 0;
    }
    const change: Change = async (draft) => {
      const bytes = await draft.read(revocationsPath);
      const known = bytes === null ? new Map() : parseRevocations(bytes);
      if (known.has(digest)) return;
      draft.note({ kind: 'revocation', subject: digest });
      const entry = { reason, at: draft.now.toISOString() };
      await draft.add(revocationsPath, serializeRevocations(new Map([...known, [digest, entry]])));
    };
    const result = await publishOrEvent(
      vault,
      {
        change,
        reason: `revoke sha256:${digest}: ${reason}`,
        confirm: [`This forbids sha256:${digest} for ever`, 'revoke'],
      },
      context,
    );
    if (typeof result === 'number') return result;
    voice.answer({ sha256: digest, reason, changed: result.changed, timestamp: result.version }, [
      result.changed
        ? `revoked sha256:${digest}: hosts refuse it from their next refresh on`
        : 'it was revoked already',
    ]);
  } finally {
    await vault.repository.close();
  }
  return 0;
}
