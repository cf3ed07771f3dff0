import { clockAhead, clockBehind } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { signedRoles } from '../doctor/signed-roles.ts';
import { CliError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { duration } from '../text.ts';
import { openVault } from '../vault/vault.ts';

export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  if (options.flag('watch')) return watched(context);
  for (const name of ['alert-url', 'every', 'give-up'])
    if (options.text(name) !== undefined) throw new CliError('USAGE', `--${name} belongs to --watch`);
  const within = options.text('within');
  const hours = within === undefined ? undefined : Number(within);
  if (hours !== undefined && !(hours >= 0 && hours <= 24 * 3650))
    throw new CliError('USAGE', `--within ${within} is no number of hours`);
  const clockIsRight = options.flag('clock-is-right');
  if (clockIsRight && !options.flag('force'))
    throw new CliError('USAGE', '--clock-is-right belongs to --force');
  const vault = await openVault(context);
  try {
    const timestamp = await vault.repository.timestamp({ signal });
    const ahead = clockAhead(timestamp, new Date());
    if (ahead !== null) voice.warn(`${ahead}; compare date -u with another clock`);
    const limit = hours === undefined ? {} : { within: hours * 3600 };
    if (context.dryRun) {
      const behind = clockIsRight ? null : clockBehind(timestamp, new Date());
      if (behind !== null) voice.warn(`would be refused: ${behind}`);
      const status = await vault.repository.status({ signal });
      const horizon = status.now.getTime() + (hours ?? 0) * 3_600_000;
      const due = status.roles
        .filter((role) => options.flag('force') || role.next !== 'none' || role.expires.getTime() <= horizon)
        .map((role) => role.role);
      voice.answer({ due, dryRun: true }, [
        due.length === 0 ? 'nothing is due' : `would re-sign ${due.join(', ')}`,
      ]);
      return 0;
    }
    const result = await vault.repository.refresh({
      ...limit,
      force: options.flag('force'),
      clockIsRight,
      signal,
    });
    voice.answer(result, [
      result.changed ? `re-signed ${signedRoles(result.roles)}` : 'nothing was due',
      ...(result.pending.length === 0 ? [] : [`waiting for other signers: ${result.pending.join(', ')}`]),
      `next: within ${duration(result.next.getTime() - Date.now())}`,
    ]);
    return result.pending.length === 0 ? 0 : exitCodes.pending[0];
  } finally {
    await vault.repository.close();
  }
}

async function watched(context: Context): Promise<number> {
  const { options } = context;
  if (
    context.dryRun ||
    options.flag('force') ||
    options.flag('clock-is-right') ||
    options.text('within') !== undefined
  )
    throw new CliError(
      'USAGE',
      '--watch decides for itself what is due: without --dry-run, --force and --within',
    );
  return (await import('../doctor/watch-roles.ts')).watchRoles(context);
}
