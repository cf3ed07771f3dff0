import { createHash } from 'node:crypto';
import { WorkflowError } from './errors.ts';
import type { Delegations, DelegatedRole, RoleKeys, Root, SuccinctRoles } from './model.ts';
import { roleName, type RoleName, type TargetPath, type TopLevelRole } from './names.ts';

/** A role to be searched for a target, in the order of trust. */
export interface RoleToVisit {
  readonly name: RoleName;
  readonly terminating: boolean;
}

/** The delegated roles that `delegations` trusts with `path`, in trust order (5.6.7.2). */
export function rolesForTarget(delegations: Delegations, path: TargetPath): readonly RoleToVisit[] {
  if (delegations.succinctRoles !== null)
    return [{ name: binFor(delegations.succinctRoles, path), terminating: true }];
  const roles = delegations.roles ?? [];
  const digest = roles.some((role) => role.pathHashPrefixes !== null) ? sha256(path) : '';
  const segments = path.split('/');
  return roles
    .filter((role) => covers(role, path, segments, digest))
    .map(({ name, terminating }) => ({ name, terminating }));
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

function covers(role: DelegatedRole, path: TargetPath, segments: readonly string[], digest: string): boolean {
  if (role.pathHashPrefixes !== null)
    return role.pathHashPrefixes.some((prefix) => digest.startsWith(prefix));
  return (
    role.paths?.some((pattern) => startsAlike(pattern, path) && matchesSegments(pattern, segments)) ?? false
  );
}

/**
 * Whether `path` matches a path pattern (4.5): `*` and `?` within one segment, everything else literally, braces and
 * classes too. Takes time in proportion to pattern × path at worst, never more.
 */
export function matchesPattern(pattern: string, path: string): boolean {
  return startsAlike(pattern, path) && matchesSegments(pattern, path.split('/'));
}

/** Whether they agree up to the pattern's first wildcard: of 10,000 vendors that leaves one. */
function startsAlike(pattern: string, path: string): boolean {
  for (let at = 0; at < pattern.length; at++) {
    const c = pattern.charCodeAt(at);
    if (c === 0x2a || c === 0x3f) return true;
    if (c !== path.charCodeAt(at)) return false;
  }
  return pattern.length === path.length;
}

function matchesSegments(pattern: string, segments: readonly string[]): boolean {
  const patterns = pattern.split('/');
  return (
    patterns.length >= segments.length &&
    patterns.every((glob, index) => {
      const segment = segments[index];
      return segment !== undefined && matchesSegment(glob, segment);
    })
  );
}

/** Two pointers and the last `*`: on a mismatch that star takes one character more. */
function matchesSegment(pattern: string, segment: string): boolean {
  const glob = characters(pattern);
  const text = characters(segment);
  let g = 0;
  let star = -1;
  let resume = 0;
  for (let t = 0; t < text.length;) {
    if (glob[g] === '*') {
      star = g++;
      resume = t;
    } else if (g < glob.length && (glob[g] === '?' || glob[g] === text[t])) {
      g++;
      t++;
    } else if (star >= 0) {
      g = star + 1;
      t = ++resume;
    } else return false;
  }
  while (glob[g] === '*') g++;
  return g === glob.length;
}

/** By code point, as every peer counts them: `?` is a whole emoji. */
function characters(text: string): string | readonly string[] {
  return /[\ud800-\udfff]/.test(text) ? Array.from(text) : text;
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
