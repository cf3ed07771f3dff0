import { rootFingerprint, topLevelRoles, type Key, type TopLevelRole } from '@ragnos/tuf';
import { EventError, type RoleEdit, type RoleLayout } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { carryOut } from '../metadata/carry-out.ts';
import { deadlineOf } from '../metadata/events.ts';
import { newKeys } from '../metadata/new-keys.ts';
import { confirm } from '../prompt.ts';
import { short } from '../metadata/proposals.ts';
import { openVault, type Vault } from '../vault/vault.ts';
import { readPublicKey } from '../vendor/keys.ts';

/** Keys of one role that somebody else has. */
interface Stolen {
  readonly role: string;
  readonly keys: readonly Key[];
  readonly layout: RoleLayout;
}

/** What a thief can do with the keys of a role, and what is left to be done once they are void. */
const consequences: Readonly<Record<TopLevelRole | 'other', string>> = {
  root: 'alone below its threshold: nothing; at its threshold: everything, so hosts have to be given a new root by hand',
  targets:
    'at its threshold: any file outside the vendors, and who the vendors are: look at every delegation',
  snapshot: 'with the timestamp key: hide new versions, and use up version numbers',
  timestamp: 'freeze what hosts see for as long as a snapshot lives, and use up version numbers',
  other: 'publish in the name of that role: look at what it published, and revoke it: ragv revoke sha256:…',
};

/** New keys for what was stolen, a root without the old ones, and low versions again if the thief used them up. */
export async function run(context: Context): Promise<number> {
  const { voice, options } = context;
  const named = options.list('compromised');
  if (named.length === 0)
    throw new CliError('USAGE', 'which keys are compromised?', {
      hint: 'give --compromised with key ids or roles: a key that was on the same machine counts too',
    });
  const vault = await openVault(context, { damaged: true });
  try {
    const stolen = await locate(vault, named, context);
    if (context.dryRun) {
      voice.answer(
        {
          stolen: stolen.map(({ role, keys }) => ({ role, keyIds: keys.map(({ keyId }) => keyId) })),
          dryRun: true,
        },
        planLines(stolen),
      );
      return 0;
    }
    for (const line of planLines(stolen)) voice.note(line);
    const fresh = stolen.filter(({ role }) => role !== 'root' && options.list('add-key').length === 0);
    const made = await newKeys(
      vault,
      fresh.map(({ role }) => role),
      context,
    );
    return await recover(stolen, made, context);
  } finally {
    await vault.repository.close();
  }
}

async function recover(
  stolen: readonly Stolen[],
  made: ReadonlyMap<string, Key>,
  context: Context,
): Promise<number> {
  const { voice, options, signal } = context;
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
      return 0;
    }
    const exit = await carryOut(event, vault, context, {
      confirm: [`This makes the keys of ${roles} void`, 'revoke'],
    });
    voice.note(
      'shut out whoever had them: store credentials, machines, passwords of key files that lay beside them',
    );
    voice.note(`newest root: sha256:${rootFingerprint((await vault.repository.root({ signal })).bytes)}`);
    return exit;
  } finally {
    await vault.repository.close();
  }
}

/** By key id, eight characters or more of it, or by role, which means all of its keys. @throws CliError USAGE */
async function locate(
  vault: Vault,
  named: readonly string[],
  { signal }: Context,
): Promise<readonly Stolen[]> {
  const layouts = new Map<string, RoleLayout>();
  for (const role of topLevelRoles) layouts.set(role, await vault.repository.layoutOf(role, { signal }));
  const roles = await vault.repository.status({ signal }).then(
    (status) => status.roles.map(({ role }) => role),
    () => [], // a head that does not verify: then it is about the top-level roles
  );
  for (const role of roles)
    if (!layouts.has(role)) layouts.set(role, await vault.repository.layoutOf(role, { signal }));
  const found = new Map<string, Set<Key>>();
  for (const given of named) {
    const hits = [...layouts].flatMap(([role, { keys }]) =>
      keys
        .filter(({ keyId }) => role === given || (given.length >= 8 && keyId.startsWith(given)))
        .map((key) => [role, key] as const),
    );
    if (hits.length === 0)
      throw new CliError('USAGE', `${JSON.stringify(given)} is no role, and no key that is in use`, {
        hint: 'ragv key list shows both',
      });
    for (const [role, key] of hits) found.set(role, (found.get(role) ?? new Set()).add(key));
  }
  return [...found].flatMap(([role, keys]) => {
    const layout = layouts.get(role);
    return layout === undefined ? [] : [{ role, keys: [...keys], layout }];
  });
}

/** The role without the stolen keys, and with a new one for each kind of them. @throws CliError USAGE */
async function editOf(
  { role, keys, layout }: Stolen,
  made: Key | undefined,
  context: Context,
): Promise<RoleEdit> {
  const added = made === undefined ? [] : [made];
  if (made === undefined)
    for (const file of context.options.list('add-key')) added.push(await readPublicKey(file));
  const left = layout.keys.filter((key) => !keys.includes(key));
  const next = [...left, ...added];
  if (next.length < layout.threshold)
    throw new CliError(
      'USAGE',
      `${role}: ${next.length} keys would be left, and ${layout.threshold} have to sign`,
      {
        hint: 'give --add-key <file>: public keys that take the place of the stolen ones',
      },
    );
  return { kind: 'keys', role, keys: next, threshold: layout.threshold };
}

function planLines(stolen: readonly Stolen[]): readonly string[] {
  return stolen.flatMap(({ role, keys, layout }) => [
    `${role}: ${keys.length} of ${layout.keys.length} keys are void: ${keys.map(({ keyId }) => short(keyId)).join(', ')}`,
    `  a thief can: ${consequences[topLevelRoles.find((name) => name === role) ?? 'other']}`,
  ]);
}
