import type { DelegatedRole, Delegations, RoleKeys } from '@ragnos/tuf';
import { isSplit } from './bins.ts';
import type { RoleLayout } from './layout.ts';
import { delegatedNames, keysById, roleKeys, sameDelegations } from './signed.ts';
import type { Located, Workspace } from './workspace.ts';

/** `vendor.acme-3f`; after it was split anew `vendor.acme.10-3ff`. */
export function isBinName(role: string, name: string): boolean {
  return name.startsWith(role) && /^(?:\.\d{1,2})*-[0-9a-f]+$/.test(name.slice(role.length));
}

/** Whether `delegations` do nothing but split the role by hash, under the very keys and threshold that the role itself has. */
export async function isOwnSplit(
  workspace: Workspace,
  at: Located,
  delegations: Delegations | null,
): Promise<boolean> {
  if (delegations === null || !isSplit(delegations)) return false;
  const { role, keys } = await workspace.keysOf(at);
  const { succinctRoles, roles } = delegations;
  const same = ({ keyIds, threshold }: RoleKeys): boolean =>
    threshold === role.threshold && [...keyIds].toSorted().join() === [...role.keyIds].toSorted().join();
  const sameKeys = [...delegations.keys].every(([id, key]) => key.public === keys.get(id)?.public);
  const named = delegatedNames(delegations).every((name) => isBinName(at.name, name));
  return sameKeys && named && (succinctRoles === null ? (roles ?? []).every(same) : same(succinctRoles));
}

/** The same bins under other keys, and nothing else changed; `null`: these delegations do not split a role. */
export function rekeyedSplit(delegations: Delegations | null, layout: RoleLayout): Delegations | null {
  if (delegations === null || !isSplit(delegations)) return null;
  const { roles, succinctRoles } = delegations;
  const keys = keysById(layout.keys);
  const under = <T extends RoleKeys>(role: T): T => ({
    ...role,
    ...roleKeys(layout),
    unrecognized: role.unrecognized,
  });
  return succinctRoles === null
    ? { ...delegations, keys, roles: (roles ?? []).map((role: DelegatedRole) => under(role)) }
    : { ...delegations, keys, succinctRoles: under(succinctRoles) };
}

/** The same with the ids of keys in one order: whoever wrote them down may have had another. */
function inOrder(delegations: Delegations): Delegations {
  const { roles, succinctRoles } = delegations;
  const sorted = <T extends RoleKeys>(role: T): T => ({ ...role, keyIds: role.keyIds.toSorted() });
  return {
    ...delegations,
    roles: roles === null ? null : roles.map((role: DelegatedRole) => sorted(role)),
    succinctRoles: succinctRoles === null ? null : sorted(succinctRoles),
  };
}

/** Whether `after` is the split that `before` is, under the keys of `layout`. */
export function isHandedOver(
  before: Delegations | null,
  after: Delegations | null,
  layout: RoleLayout,
): boolean {
  const handed = rekeyedSplit(before, layout);
  return handed !== null && after !== null && sameDelegations(inOrder(handed), inOrder(after));
}
