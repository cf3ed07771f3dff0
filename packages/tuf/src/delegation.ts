import { createHash } from 'node:crypto';
import { WorkflowError } from './errors.ts';
import { defaultLimits, type Limits } from './limits.ts';
import type { Delegations, DelegatedRole, RoleKeys, Root, SuccinctRoles } from './model.ts';
import { roleName, type RoleName, type TargetPath, type TopLevelRole } from './names.ts';
import { matchesSegments, PatternWork, startsAlike } from './patterns.ts';

/** A role to be searched for a target, in the order of trust. */
export interface RoleToVisit {
  readonly name: RoleName;
  readonly terminating: boolean;
}

/**
 * The delegated roles that `delegations` trusts with `path`, in trust order (5.6.7.2).
 * @throws LimitExceededError for patterns that together cost more than `limits` allow; giving up is not "none"
 */
export function rolesForTarget(
  delegations: Delegations,
  path: TargetPath,
  limits: Limits = defaultLimits,
): readonly RoleToVisit[] {
  if (delegations.succinctRoles !== null)
    return [{ name: binFor(delegations.succinctRoles, path), terminating: true }];
  const roles = delegations.roles ?? [];
  const digest = roles.some((role) => role.pathHashPrefixes !== null) ? sha256(path) : '';
  const work = new PatternWork(limits.maxPatternSteps);
  const sought = { path, segments: path.split('/'), digest, work };
  return roles.filter((role) => covers(role, sought)).map(({ name, terminating }) => ({ name, terminating }));
}

/** Who must sign a top-level role. */
export function topLevelKeys(root: Root, role: TopLevelRole): RoleKeys {
  const keys = root.roles.get(role);
  if (keys === undefined) throw new WorkflowError(`a root that does not name the role ${role}`);
  return keys;
}

/** Who must sign the role `name` for this delegator; null where it delegates to no such role. */
export function delegatedKeys(delegations: Delegations, name: RoleName): RoleKeys | null {
  const { succinctRoles } = delegations;
  if (succinctRoles !== null) return isBin(succinctRoles, name) ? succinctRoles : null;
  return delegations.roles?.find((role) => role.name === name) ?? null;
}

interface Sought {
  readonly path: TargetPath;
  readonly segments: readonly string[];
  readonly digest: string;
  readonly work: PatternWork;
}

function covers(role: DelegatedRole, { path, segments, digest, work }: Sought): boolean {
  if (role.pathHashPrefixes !== null)
    return role.pathHashPrefixes.some((prefix) => digest.startsWith(prefix));
  const paths = role.paths ?? [];
  return paths.some((pattern) => startsAlike(pattern, path) && matchesSegments(pattern, segments, work));
}

/** Whether `path` matches a path pattern (4.5), as `rolesForTarget` has it. */
export function matchesPattern(pattern: string, path: string): boolean {
  const work = new PatternWork(Number.POSITIVE_INFINITY); // of one pattern it is small
  return startsAlike(pattern, path) && matchesSegments(pattern, path.split('/'), work);
}

/** TAP 15: the first `bitLength` bits of the path's sha256, as hex of the width that the last bin needs. */
export function binFor(succinct: SuccinctRoles, path: TargetPath): RoleName {
  const bits = Number.parseInt(sha256(path).slice(0, 8), 16) >>> 0;
  return binName(succinct, bits >>> (32 - succinct.bitLength));
}

/** The name of bin number `index`. */
export function binName(succinct: SuccinctRoles, index: number): RoleName {
  return roleName(
    `${succinct.namePrefix}-${index.toString(16).padStart(Math.ceil(succinct.bitLength / 4), '0')}`,
  );
}

/** Only names that the delegation itself makes up are its bins (GHSA-77hh-43cm-v8j6). */
export function isBin(succinct: SuccinctRoles, name: string): boolean {
  const suffix = name.slice(succinct.namePrefix.length + 1);
  const width = Math.ceil(succinct.bitLength / 4);
  if (!name.startsWith(`${succinct.namePrefix}-`) || suffix.length !== width || !/^[0-9a-f]+$/.test(suffix))
    return false;
  return Number.parseInt(suffix, 16) < 2 ** succinct.bitLength;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
