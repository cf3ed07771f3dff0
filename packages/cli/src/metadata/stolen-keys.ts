import type { RoleEdit, RoleLayout, WornRole } from '@ragnos/repository';
import { isTopLevelRole, topLevelRoles, VaultError, type Key, type TopLevelRole } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import type { Vault } from '../vault/vault.ts';
import { readPublicKey } from '../vendor/keys.ts';
import { short } from './proposals.ts';

/** Keys of one role that somebody else has. */
export interface Stolen {
  readonly role: string;
  readonly keys: readonly Key[];
  readonly layout: RoleLayout;
}

export interface Located {
  readonly stolen: readonly Stolen[];
  /** What was named and cannot be looked up before the head is mended. */
  readonly later: readonly string[];
  /** Versions that the thief ran to their end; `null`: the head does not verify. */
  readonly worn: readonly WornRole[] | null;
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

/**
 * By key id, eight characters or more of it, or by role, which means all of its keys. Where a role below stands at its last
 * version, somebody had the keys that list it: those of snapshot and timestamp are stolen as well, whatever was named; and hosts
 * forget what a snapshot listed only when its key goes (5.3.11).
 * @throws CliError USAGE
 */
export async function locate(
  { repository }: Vault,
  named: readonly string[],
  { signal }: Context,
): Promise<Located> {
  const layouts = new Map<string, RoleLayout>();
  for (const role of topLevelRoles) layouts.set(role, await repository.layoutOf(role, { signal }));
  const worn = await repository.worn({ signal }).catch(orNull);
  const status = await repository.status({ signal }).catch(orNull);
  for (const { role } of status?.roles ?? [])
    if (!layouts.has(role)) layouts.set(role, await repository.layoutOf(role, { signal }));
  const isMended = worn !== null && status !== null;
  const found = new Map<string, Set<Key>>();
  const add = (role: string, key: Key): void => void found.set(role, (found.get(role) ?? new Set()).add(key));
  const later: string[] = [];
  for (const given of named) {
    const hits = [...layouts].flatMap(([role, { keys }]) =>
      keys
        .filter(({ keyId }) => role === given || (given.length >= 8 && keyId.startsWith(given)))
        .map((key) => [role, key] as const),
    );
    if (hits.length === 0 && isMended)
      throw new CliError('USAGE', `${JSON.stringify(given)} is no role, and no key that is in use`, {
        hint: 'ragv key list shows both',
      });
    if (hits.length === 0) later.push(given);
    for (const [role, key] of hits) add(role, key);
  }
  if (found.size === 0 && later.length > 0)
    throw new CliError('USAGE', `${later.join(', ')}: the newest state does not verify, so nobody knows it`, {
      hint: 'whoever did that had the keys of timestamp or snapshot: name them as well',
    });
  if (worn?.some(({ role }) => !isTopLevelRole(role) || role === 'targets') === true)
    for (const role of ['timestamp', 'snapshot'])
      for (const key of layouts.get(role)?.keys ?? []) add(role, key);
  const stolen = [...found].flatMap(([role, keys]) => {
    const layout = layouts.get(role);
    return layout === undefined ? [] : [{ role, keys: [...keys], layout }];
  });
  return { stolen, later, worn };
}

/** A head that nobody can read is what this is about; anything else is not. */
function orNull(error: unknown): null {
  if (error instanceof VaultError) return null;
  throw error;
}

/** The role without the stolen keys, and with `made`, or those of --add-key, in their place. @throws CliError USAGE */
export async function editOf(
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

export function planLines({ stolen, later, worn }: Located): readonly string[] {
  return [
    ...(worn ?? []).map(
      ({ role, version }) => `${role} stands at version ${version}: it gets a low one again`,
    ),
    ...stolen.flatMap(({ role, keys, layout }) => [
      `${role}: ${keys.length} of ${layout.keys.length} keys are void: ${keys.map(({ keyId }) => short(keyId)).join(', ')}`,
      `  a thief can: ${consequences[topLevelRoles.find((name) => name === role) ?? 'other']}`,
    ]),
    ...later.map((name) => `${name}: after the newest state verifies again`),
  ];
}
