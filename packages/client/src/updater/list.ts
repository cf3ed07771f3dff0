import type { Delegations, Limits, RoleName, TargetPath, Targets, TrustedMetadataSet } from '@ragnos/tuf';
import { isBin, roleName } from '@ragnos/tuf';

import type { Loader, TargetInfo } from './find.ts';

/**
 * What a listing is made from; `loaded` names at least the roles that are. The search is handed in, not imported: a module
 * that is loaded late and shares others with the rest would make a file of each of them (docs/adr/0006).
 */
export interface Loaded {
  readonly trusted: TrustedMetadataSet;
  readonly limits: Limits;
  readonly loaded: readonly RoleName[];
  readonly find: (path: TargetPath, limits: Limits, load: Loader) => Promise<TargetInfo | null>;
  readonly inForce: (load: () => Targets) => Promise<Targets>;
}

/** The way to a target leads through a role that is not loaded, which might answer otherwise. */
class NotLoaded extends Error {}

/**
 * The targets of the roles that are loaded, as a look-up would find each: what a role lists outside of what is delegated
 * to it, or behind another that comes first, is left out, and so is what only a role could tell that is not loaded.
 */
export async function* listTargets(
  { trusted, limits, loaded, find, inForce }: Loaded,
  wanted: (path: string) => boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<TargetInfo, void, undefined> {
  const load = (role: RoleName, delegator: RoleName): Promise<Targets> =>
    inForce(() => {
      const targets = trusted.role(role, delegator);
      if (targets === null) throw new NotLoaded(role);
      return targets;
    });
  for (const [role, targets] of rolesFrom(trusted, loaded))
    for (const path of targets.targets.keys()) {
      if (!wanted(path)) continue;
      signal?.throwIfAborted();
      const found = await find(path, limits, load).catch((error: unknown) => {
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
