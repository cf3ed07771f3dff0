import { isTopLevelRole, rootFingerprint, type Key } from '@ragnos/tuf';
import { EventError, type RoleEdit } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { carryOut } from '../metadata/carry-out.ts';
import { deadlineOf } from '../metadata/events.ts';
import { newKeys } from '../metadata/new-keys.ts';
import { editOf, locate, planLines, type Located, type Stolen } from '../metadata/stolen-keys.ts';
import { confirm } from '../prompt.ts';
import { openVault } from '../vault/vault.ts';
import { Voice } from '../voice.ts';

/** New keys for what was stolen, a root without the old ones, and low versions again if the thief used them up. */
export async function run(context: Context): Promise<number> {
  const { voice, options } = context;
  const named = options.list('compromised');
  if (named.length === 0)
    throw new CliError('USAGE', 'which keys are compromised?', {
      hint: 'give --compromised with key ids or roles: a key that was on the same machine counts too',
    });
  const located = await look(named, context);
  const { stolen } = located;
  if (context.dryRun) {
    const roles = stolen.map(({ role, keys }) => ({ role, keyIds: keys.map(({ keyId }) => keyId) }));
    voice.answer({ stolen: roles, later: located.later, dryRun: true }, planLines(located));
    return exitCodes.ok[0];
  }
  for (const line of planLines(located)) voice.note(line);
  const tops = stolen.filter(({ role }) => isTopLevelRole(role));
  const below = stolen.length > tops.length || located.later.length > 0;
  // Nothing can be built upon a head that the thief made: first the root that resets it, then the roles below.
  if (located.worn?.length === 0 || tops.length === 0 || !below) return recover(stolen, context);
  const exit = await recover(tops, voice.json ? { ...context, voice: new Aside(context) } : context);
  const rest = [...stolen.filter((one) => !tops.includes(one)).map(({ role }) => role), ...located.later];
  if (exit !== exitCodes.ok[0]) {
    voice.note(
      `once it is applied: ragv key revoke ${rest.map((name) => `--compromised ${name}`).join(' ')}`,
    );
    if (voice.json) voice.answer({ complete: false, roles: tops.map(({ role }) => role), later: rest }, []);
    return exit;
  }
  return recover((await look(rest, context)).stolen, context);
}

async function look(named: readonly string[], context: Context): Promise<Located> {
  const vault = await openVault(context, { damaged: true });
  try {
    return await locate(vault, named, context);
  } finally {
    await vault.repository.close();
  }
}

/** With --json the answer is one: what comes before it is only told. */
class Aside extends Voice {
  constructor({ options }: Context) {
    super({ json: false, quiet: options.flag('quiet') });
  }

  override answer(_data: unknown, lines: readonly string[]): void {
    for (const line of lines) this.note(line);
  }
}

async function keysFor(stolen: readonly Stolen[], context: Context): Promise<ReadonlyMap<string, Key>> {
  const vault = await openVault(context, { damaged: true });
  try {
    const roles = stolen.map(({ role }) => role);
    return await newKeys(vault, roles, context);
  } finally {
    await vault.repository.close();
  }
}

async function recover(stolen: readonly Stolen[], context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const fresh = stolen.filter(({ role }) => role !== 'root' && options.list('add-key').length === 0);
  const made = await keysFor(fresh, context);
  const vault = await openVault(context, { damaged: true }); // with the new keys in ragv.toml
  try {
    const edits: RoleEdit[] = [];
    for (const one of stolen) edits.push(await editOf(one, made.get(one.role), context));
    const roles = stolen.map(({ role }) => role).join(', ');
    const event = await vault.repository
      .proposeEvent(
        { edits, reason: options.text('reason') ?? `compromised: ${roles}`, deadline: deadlineOf(context) },
        { signal },
      )
      .catch((error: unknown) => {
        if (error instanceof EventError && error.code === 'NOTHING_TO_SIGN') return null; // all of it is at hand
        throw error;
      });
    const what = `This makes the keys of ${roles} void`;
    if (event === null) {
      await confirm(what, 'revoke', options.flag('yes'), signal);
      const result = await vault.repository.editRoles(edits, { signal });
      voice.answer({ roles: stolen.map(({ role }) => role), publish: result }, [
        `${roles}: the old keys are void`,
      ]);
      return exitCodes.ok[0];
    }
    const exit = await carryOut(event, vault, context, { confirm: [what, 'revoke'] });
    voice.note(
      'shut out whoever had them: store credentials, machines, passwords of key files that lay beside them',
    );
    voice.note(`newest root: sha256:${rootFingerprint((await vault.repository.root({ signal })).bytes)}`);
    return exit;
  } finally {
    await vault.repository.close();
  }
}
