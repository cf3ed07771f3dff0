import type { Limits, RoleName, TargetFile, TargetPath, Targets } from '@ragnos/tuf';
import { LimitExceededError, roleName, rolesForTarget } from '@ragnos/tuf';

/** A target as trusted metadata describes it: length, hashes, `custom`, and who vouches for it. */
export interface TargetInfo extends TargetFile {
  readonly path: TargetPath;
  /** The role that lists it: the last of `via`. */
  readonly role: RoleName;
  /** From `targets` down, each the delegator of the next. */
  readonly via: readonly RoleName[];
}

/** Gives a role as its delegator trusts it. */
export type Loader = (role: RoleName, delegator: RoleName) => Promise<Targets>;

interface Visit {
  readonly via: readonly RoleName[];
  readonly role: RoleName;
  readonly delegator: RoleName;
}

/**
 * 5.6.7: depth first in the order of trust, each role once, nothing searched after a terminating delegation. `null`
 * says that no role which may list `path` does. Giving up is not "absent": that is LimitExceededError.
 */
export async function findTarget(path: TargetPath, limits: Limits, load: Loader): Promise<TargetInfo | null> {
  const targets = roleName('targets');
  let stack: Visit[] = [{ via: [targets], role: targets, delegator: roleName('root') }];
  const visited = new Set<RoleName>();
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { role, delegator, via } = visit;
    if (visited.has(role)) continue; // 5.6.7.1: cycles
    if (visited.size > limits.maxDelegations)
      throw new LimitExceededError(
        `${path}: not found in ${limits.maxDelegations} delegated roles, search abandoned`,
      );
    visited.add(role);
    const loaded = await load(role, delegator);
    const file = loaded.targets.get(path);
    if (file !== undefined) return { ...file, path, role, via };
    if (loaded.delegations === null) continue;
    const next: Visit[] = [];
    for (const { name, terminating } of rolesForTarget(loaded.delegations, path, limits)) {
      next.push({ via: [...via, name], role: name, delegator: role });
      if (!terminating) continue;
      stack = []; // whatever comes later in the order of trust may not answer any more
      break;
    }
    stack.push(...next.toReversed());
  }
  return null;
}
