import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { duration } from '../text.ts';
import { openVault } from '../vault/vault.ts';

export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const within = options.text('within');
  const hours = within === undefined ? undefined : Number(within);
  if (hours !== undefined && !(hours >= 0 && hours <= 24 * 3650))
    throw new CliError('USAGE', `--within ${within} is no number of hours`);
  const vault = await openVault(context);
  try {
    const limit = hours === undefined ? {} : { within: hours * 3600 };
    if (context.dryRun) {
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
    const result = await vault.repository.refresh({ ...limit, force: options.flag('force'), signal });
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

/** In the order of their names; bins of one role, which are many, together. */
function signedRoles(roles: ReadonlyMap<string, number>): string {
  const bins = new Map<string, number>();
  const lines: string[] = [];
  for (const [role, version] of [...roles].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const parent = /^(.+)-[0-9a-f]+$/.exec(role)?.[1];
    if (parent === undefined) lines.push(`${role} version ${version}`);
    else bins.set(parent, (bins.get(parent) ?? 0) + 1);
  }
  return [...lines, ...[...bins].map(([parent, count]) => `${count} bins of ${parent}`)].join(', ');
}
