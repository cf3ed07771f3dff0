import { delegatedKeys, UnsignedMetadataError, verifyThreshold, type Delegations } from '@ragnos/tuf';
import { parseHanded } from './bring.ts';
import { DoorError } from './door-errors.ts';
import { delegatedNames, sameDelegations } from './signed.ts';
import { refuseUnderGoingKeys } from './snapshot-bins.ts';
import type { Located, Workspace } from './workspace.ts';

/**
 * Every role that a changed delegator trusts still verifies under what it says now: brought along, written in this commit, or
 * as it is. @throws DoorError DOOR_DELEGATIONS; PublishError CONFLICT
 */
export async function checkDelegatees(workspace: Workspace): Promise<void> {
  for (const work of workspace.work.values()) {
    if (work.retired !== null) continue;
    const delegations = await workspace.delegations(work);
    const before = (await workspace.onHeadOrNull(work))?.signed.delegations ?? null;
    if (delegations === null || sameDelegations(before, delegations)) continue;
    refuseUnderGoingKeys(workspace, delegations);
    for (const name of delegatedNames(delegations)) {
      const child = workspace.work.get(name);
      if (child !== undefined && (child.resign || child.created) && child.brought === null) continue;
      await checkDelegatee(workspace, { name, delegator: work.name }, delegations);
    }
  }
}

async function checkDelegatee(workspace: Workspace, at: Located, delegations: Delegations): Promise<void> {
  const role = delegatedKeys(delegations, at.name);
  const bytes =
    workspace.work.get(at.name)?.brought?.bytes ?? (await workspace.onHeadOrNull(at))?.bytes ?? null;
  const file = `${at.name}.json`;
  if (role === null || bytes === null)
    throw new DoorError(
      'DOOR_DELEGATIONS',
      file,
      `${at.delegator} delegates to it, and there is no such file`,
      {
        hint: 'hand in the role together with what delegates to it',
      },
    );
  try {
    verifyThreshold(
      parseHanded(bytes, file),
      role,
      delegations.keys,
      `${at.name} as delegated by ${at.delegator}`,
    );
  } catch (cause) {
    if (!(cause instanceof UnsignedMetadataError)) throw cause;
    throw new DoorError(
      'DOOR_DELEGATIONS',
      file,
      `not signed by the keys that ${at.delegator} names now: ${cause.message}`,
      {
        cause,
        hint: 'first have it signed by the old and the new keys, and handed in; then change the keys',
      },
    );
  }
}
