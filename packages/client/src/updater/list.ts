import type { Delegations, Limits, RoleName, Targets, TrustedMetadataSet } from '@ragnos/tuf';
import { isBin, roleName } from '@ragnos/tuf';

import type { TargetInfo } from './find.ts';
import { findTarget } from './find.ts';
import type { Time } from './in-force.ts';
import { loadInForce } from './in-force.ts';

/** What a listing is made from; `loaded` names at least the roles that are. */
export interface Loaded {
  readonly trusted: TrustedMetadataSet;
  readonly time: Time;
  readonly limits: Limits;
  readonly loaded: readonly RoleName[];
}

/** The way to a target leads through a role that is not loaded, which might answer otherwise. */
class NotLoaded extends Error {}

/**
 * The targets of the roles that are loaded, as a look-up would find each: what a role lists outside of what is delegated
 * to it, or behind another that comes first, is left out, and so is what only a role could tell that is not loaded.
 */
export async function* listTargets(
  { trusted, time, limits, loaded }: Loaded,
  wanted: (path: string) => boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<TargetInfo, void, undefined> {
  const load = (role: RoleName, delegator: RoleName): Promise<Targets> =>
    loadInForce(trusted, time, () => {
      const targets = trusted.role(role, delegator);
      if (targets === null) throw new NotLoaded(role);
      return targets;
    });
  for (const [role, targets] of rolesFrom(trusted, loaded))
    for (const path of targets.targets.keys()) {
      if (!wanted(path)) continue;
      signal?.throwIfAborted();
      const found = await findTarget(path, limits, load).catch((error: unknown) => {
        if (error instanceof NotLoaded) return null;
        throw error;
      });
      if (found?.role === role) yield found;
    }
}

/** Every loaded role once, in the order of trust. */
function rolesFrom(trusted: TrustedMetadataSet, loaded: readonly RoleName[]): ReadonlyMap<RoleName, Targets> {
  const found = new Map<RoleName, Targets>();
  const pending: (readonly [role: RoleName, delegator: RoleName])[] = [
    [roleName('targets'), roleName('root')],
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [role, delegator] = next;
    const targets = trusted.role(role, delegator);
    if (targets === null || found.has(role)) continue;
    found.set(role, targets);
    for (const name of delegatedOf(targets.delegations, loaded).toReversed()) pending.push([name, role]);
  }
  return found;
}

function delegatedOf(delegations: Delegations | null, loaded: readonly RoleName[]): readonly RoleName[] {
  const succinct = delegations?.succinctRoles ?? null;
  if (succinct !== null) return loaded.filter((name) => isBin(succinct, name));
  return (delegations?.roles ?? []).map(({ name }) => name);
}
