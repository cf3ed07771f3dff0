import {
  isTopLevelRole,
  parseMetadata,
  roleName,
  type DelegatedRole,
  type Delegations,
  type Key,
  type KeyId,
  type RoleName,
} from '@ragnos/tuf';
import { binsUnderSnapshot, isSplit, snapshotLayout } from './bins.ts';
import { checkDelegation, checkRole, usedKeys } from './check-layout.ts';
import type { Client } from './compat.ts';
import { DoorError } from './door-errors.ts';
import { PublishError } from './errors.ts';
import type { RoleLayout } from './layout.ts';
import { isHandedOver, rekeyedSplit } from './own-split.ts';
import { binDelegations, delegatedNames, delegatedRole, isSignedBy, keysById, roleKeys } from './signed.ts';
import { splitRole } from './split.ts';
import type { RoleEdit } from './types.ts';
import type { Located, Workspace } from './workspace.ts';

/** Edits the draft; that every role stays verifiable is the commit's business, which signs all of it or nothing. */
export async function applyEdit(
  workspace: Workspace,
  edit: RoleEdit,
  compat: readonly Client[] = [],
): Promise<void> {
  switch (edit.kind) {
    case 'add':
      return addRole(workspace, edit, compat);
    case 'remove':
      return removeRole(workspace, edit.role);
    case 'split':
      return splitRole(workspace, edit.role, edit.bins, compat);
    case 'keys':
      return changeKeys(workspace, edit.role, edit);
  }
}

async function addRole(
  workspace: Workspace,
  { delegation, delegator = 'targets', before }: RoleEdit & { kind: 'add' },
  compat: readonly Client[],
): Promise<void> {
  const at = await workspace.located(delegator);
  const delegations = await workspace.delegations(at);
  if (isSplit(delegations))
    throw new PublishError('BAD_LAYOUT', `${delegator} is split into bins, and delegates to nothing else`);
  const siblings = delegations?.roles ?? [];
  checkDelegation(
    delegation,
    usedKeys(workspace.head.root.signed, delegations === null ? [] : [[delegator, delegations]]),
  );
  const name = roleName(delegation.name);
  const bins = binDelegations(delegation, compat, snapshotLayout(workspace.head.root.signed));
  for (const taken of [name, ...delegatedNames(bins)]) await refuseTaken(workspace, taken);
  const index = before === undefined ? siblings.length : siblings.findIndex((role) => role.name === before);
  if (index < 0) throw new PublishError('UNKNOWN_ROLE', `${delegator} does not delegate to ${before ?? ''}`);
  const roles = siblings.toSpliced(index, 0, delegatedRole(delegation));
  const keys = new Map([...(delegations?.keys ?? []), ...keysById(delegation.keys)]);
  workspace.edit(at, { delegations: delegationsOf(delegations, roles, keys) });
  workspace.edit({ name, delegator: at.name }, { created: true, delegations: bins });
  for (const bin of delegatedNames(bins))
    workspace.edit({ name: bin, delegator: name }, { created: true, delegations: null });
}

/** Also names that were removed: a snapshot lists a role for ever. */
async function refuseTaken(workspace: Workspace, name: RoleName): Promise<void> {
  if (workspace.head.snapshot.signed.meta.has(name) || workspace.work.has(name) || isTopLevelRole(name))
    throw new PublishError('ROLE_EXISTS', `the role name ${name} is, or was, in use`, {
      hint: 'names are never used twice: take another one',
    });
  return Promise.resolve();
}

async function removeRole(workspace: Workspace, role: string): Promise<void> {
  const { at, delegator, delegations, roles } = await delegated(workspace, role);
  const { role: signedBy, keys, askAs } = await workspace.keysOf(delegator);
  const bins = delegatedNames(await workspace.delegations(at));
  workspace.edit(delegator, {
    delegations: delegationsOf(
      delegations,
      roles.filter(({ name }) => name !== at.name),
      delegations.keys,
    ),
  });
  const retired = { role: signedBy, keys, askAs };
  workspace.edit(at, { retired });
  for (const bin of bins)
    if (workspace.head.snapshot.signed.meta.has(bin))
      workspace.edit({ name: bin, delegator: at.name }, { retired });
}

async function changeKeys(workspace: Workspace, role: string, layout: RoleLayout): Promise<void> {
  const { at, delegator, delegations, roles } = await delegated(workspace, role);
  checkRole(role, layout, usedKeys(workspace.head.root.signed, [[delegator.name, delegations]]));
  const changed = (before: DelegatedRole): DelegatedRole => ({
    ...before,
    ...roleKeys(layout),
    unrecognized: before.unrecognized,
  });
  const added = keysById(layout.keys);
  workspace.edit(delegator, {
    delegations: delegationsOf(
      delegations,
      roles.map((r) => (r.name === at.name ? changed(r) : r)),
      new Map([...delegations.keys, ...added]),
    ),
  });
  const own = await workspace.delegations(at);
  // Bins under the snapshot's keys stay there: they are none of the role's.
  const handed = hasOwnBins(workspace, own) ? rekeyedSplit(own, layout) : null;
  if (handed !== null && workspace.work.get(at.name)?.brought) {
    // Signed elsewhere, bins included: nobody here signs them. That all of them verify, the commit checks.
    if (isHandedOver(own, own, layout)) return;
    throw new DoorError('DOOR_DELEGATIONS', `${role}.json`, 'leaves its bins to the keys before', {
      hint: 'a role that is split is handed over with all its bins: ragv vendor handover',
    });
  }
  if (await signedBy(workspace, at, layout)) return;
  workspace.edit(at, handed === null ? { resign: true } : { resign: true, delegations: handed });
  for (const bin of handed === null ? [] : delegatedNames(handed))
    workspace.edit({ name: bin, delegator: at.name }, { resign: true });
}

/** Whether the role is split into bins that its own keys sign. */
function hasOwnBins({ head }: Workspace, delegations: Delegations | null): boolean {
  return isSplit(delegations) && binsUnderSnapshot(head.root.signed, delegations).length === 0;
}

/** Whether the file that is, or will be, published verifies under the new keys already: then its owner signed it before handing it over. */
async function signedBy(workspace: Workspace, at: Located, layout: RoleLayout): Promise<boolean> {
  const bytes = workspace.work.get(at.name)?.brought?.bytes ?? (await workspace.onHeadOrNull(at))?.bytes;
  if (bytes === undefined || hasOwnBins(workspace, await workspace.delegations(at))) return false;
  return isSignedBy(parseMetadata(bytes, 'targets'), roleKeys(layout), keysById(layout.keys));
}

async function delegated(
  workspace: Workspace,
  role: string,
): Promise<{ at: Located; delegator: Located; delegations: Delegations; roles: readonly DelegatedRole[] }> {
  const at = await workspace.located(role);
  if (isTopLevelRole(role)) throw new PublishError('BAD_LAYOUT', `${role} is not a delegated role`);
  const delegator = await workspace.located(at.delegator);
  const delegations = await workspace.delegations(delegator);
  if (delegations === null || delegations.roles === null || isSplit(delegations))
    throw new PublishError('BAD_LAYOUT', `${role} is a bin of ${delegator.name}`, {
      hint: `edit ${delegator.name} instead`,
    });
  return { at, delegator, delegations, roles: delegations.roles };
}

/** Keys that nobody uses any more are dropped. */
function delegationsOf(
  before: Delegations | null,
  roles: readonly DelegatedRole[],
  known: ReadonlyMap<KeyId, Key>,
): Delegations {
  const used = new Set(roles.flatMap((role) => role.keyIds));
  const keys = new Map([...known].filter(([id]) => used.has(id)));
  return { keys, roles, succinctRoles: null, unrecognized: before?.unrecognized ?? new Map() };
}
