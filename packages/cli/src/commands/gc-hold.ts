import { newHold, type Hold } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { changeHolds, loadHolds } from '../doctor/holds-file.ts';
import { CliError } from '../errors.ts';
import { table } from '../text.ts';
import { openVault, vaultFolder } from '../vault/vault.ts';
import { readConfig } from '../vault/config.ts';

/** `ragv gc hold add|remove|list`: what must not be deleted until somebody says so. */
export async function hold(context: Context): Promise<undefined> {
  const [, action, name, ...more] = context.args;
  if (action === 'list' && name === undefined) return list(context);
  if ((action !== 'add' && action !== 'remove') || name === undefined || more.length > 0)
    throw new CliError('USAGE', 'ragv gc hold: what is to be done?', {
      hint: 'ragv gc hold list, ragv gc hold add <path|role> --reason <text>, ragv gc hold remove <path|role>',
    });
  return action === 'add' ? add(context, name) : remove(context, name);
}

async function list(context: Context): Promise<undefined> {
  const folder = vaultFolder(context);
  await readConfig(folder);
  const holds = await loadHolds(folder);
  context.voice.answer(
    { holds },
    holds.length === 0
      ? ['there are no holds']
      : table(holds.map(({ kind, name, reason, at }) => [kind, name, day(at), reason])),
  );
  return;
}

async function add(context: Context, name: string): Promise<undefined> {
  const { voice, options, signal, dryRun } = context;
  const reason = options.text('reason');
  if (reason === undefined)
    throw new CliError('USAGE', 'why?', { hint: 'give --reason <text>, such as a case number' });
  const vault = await openVault(context);
  try {
    const { roles } = await vault.repository.status({ signal });
    const kind = roles.some(({ role }) => role === name) ? 'role' : 'path';
    const held = newHold(kind, name, reason, new Date());
    if (!dryRun) await changeHolds(vault.folder, (holds) => [...without(holds, name), held], signal);
    voice.answer({ ...held, dryRun }, [
      `${dryRun ? 'would hold' : 'holds'} ${kind} ${name}: ${kind === 'role' ? 'its versions and its targets are' : 'whatever was published under it is'} not deleted by ragv gc`,
    ]);
    voice.note('only here: whoever runs ragv gc elsewhere needs holds.json too');
  } finally {
    await vault.repository.close();
  }
  return;
}

async function remove(context: Context, name: string): Promise<undefined> {
  const { voice, signal, dryRun } = context;
  const folder = vaultFolder(context);
  await readConfig(folder);
  const before = await loadHolds(folder);
  if (!before.some((one) => one.name === name))
    throw new CliError('NO_SUCH_FILE', `there is no hold on ${name}`, { hint: 'ragv gc hold list' });
  if (!dryRun) await changeHolds(folder, (holds) => without(holds, name), signal);
  voice.answer({ name, removed: true, dryRun }, [
    `${dryRun ? 'would take away' : 'took away'} the hold on ${name}; the next ragv gc may delete what nobody needs of it`,
  ]);
  return;
}

function without(holds: readonly Hold[], name: string): readonly Hold[] {
  return holds.filter((one) => one.name !== name);
}

function day(at: Date): string {
  return at.toISOString().slice(0, 10);
}
