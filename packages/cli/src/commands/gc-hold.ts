import { newHold, type Hold } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { table } from '../text.ts';
import { changeHolds, loadHolds } from '../vault/holds.ts';
import { openVault, type Vault } from '../vault/vault.ts';

/** `ragv gc hold add|remove|list`: what must not be deleted until somebody says so. */
export async function hold(context: Context): Promise<undefined> {
  const [, action, name, ...more] = context.args;
  const listing = action === 'list' && name === undefined;
  if (!listing && ((action !== 'add' && action !== 'remove') || name === undefined || more.length > 0))
    throw new CliError('USAGE', 'ragv gc hold: what is to be done?', {
      hint: 'ragv gc hold list, ragv gc hold add <path|role> --reason <text>, ragv gc hold remove <path|role>',
    });
  const vault = await openVault(context);
  try {
    if (name === undefined) await list(vault, context);
    else await (action === 'add' ? add(vault, name, context) : remove(vault, name, context));
  } finally {
    await vault.repository.close();
  }
  return;
}

async function list(vault: Vault, { voice, signal }: Context): Promise<void> {
  const holds = await loadHolds(vault, signal);
  voice.answer(
    { holds },
    holds.length === 0
      ? ['there are no holds']
      : table(holds.map(({ kind, name, reason, at }) => [kind, name, day(at), reason])),
  );
}

async function add(vault: Vault, name: string, context: Context): Promise<void> {
  const { voice, options, signal, dryRun } = context;
  const reason = options.text('reason');
  if (reason === undefined)
    throw new CliError('USAGE', 'why?', { hint: 'give --reason <text>, such as a case number' });
  const { roles } = await vault.repository.status({ signal });
  const kind = roles.some(({ role }) => role === name) ? 'role' : 'path';
  const held = newHold(kind, name, reason, new Date());
  if (!dryRun) {
    await changeHolds(vault, (holds) => [...without(holds, name), held], signal); // first: it holds whoever signs
    await vault.repository.record({ kind: 'retention', subject: `holds ${kind} ${name}` }, { signal });
  }
  voice.answer({ ...held, dryRun }, [
    `${dryRun ? 'would hold' : 'holds'} ${kind} ${name}: ${kind === 'role' ? 'its versions and its targets are' : 'whatever was published under it is'} not deleted by ragv gc`,
  ]);
}

async function remove(vault: Vault, name: string, context: Context): Promise<void> {
  const { voice, signal, dryRun } = context;
  const held = (await loadHolds(vault, signal)).find((one) => one.name === name);
  if (held === undefined)
    throw new CliError('NO_SUCH_FILE', `there is no hold on ${name}`, { hint: 'ragv gc hold list' });
  if (!dryRun) {
    await vault.repository.record(
      { kind: 'retention', subject: `holds ${held.kind} ${name} no more` },
      { signal },
    );
    await changeHolds(vault, (holds) => without(holds, name), signal);
  }
  voice.answer({ name, removed: true, dryRun }, [
    `${dryRun ? 'would take away' : 'took away'} the hold on ${name}; the next ragv gc may delete what nobody needs of it`,
  ]);
}

function without(holds: readonly Hold[], name: string): readonly Hold[] {
  return holds.filter((one) => one.name !== name);
}

function day(at: Date): string {
  return at.toISOString().slice(0, 10);
}
