import { isTopLevelRole, keyFingerprint, roleName, type Key, type Root, type Delegations } from '@ragnos/tuf';
import { PublishError } from './errors.ts';
import { delegationIssues, keyIssues, refuseIssues } from './compat-check.ts';
import type { Client } from './compat.ts';
import type { BinsLayout, DelegationLayout, RepositoryLayout, RoleLayout } from './layout.ts';
import { binDelegations, topDelegations } from './signed.ts';

function refuse(message: string, hint?: string): never {
  throw new PublishError('BAD_LAYOUT', message, hint === undefined ? {} : { hint });
}

/** @throws PublishError BAD_LAYOUT, NOT_COMPATIBLE */
export function checkLayout(layout: RepositoryLayout, compat: readonly Client[] = []): void {
  const used = new Map<string, string>();
  for (const name of ['root', 'timestamp', 'snapshot', 'targets'] as const)
    checkRole(name, layout[name], used, compat);
  const names = new Set<string>();
  for (const delegation of layout.delegations ?? []) {
    checkDelegation(delegation, used);
    if (names.has(delegation.name)) refuse(`two delegations are called ${delegation.name}`);
    names.add(delegation.name);
    refuseIssues(
      delegationIssues(compat, delegation.name, binDelegations(delegation, compat, layout.snapshot)),
    );
  }
  refuseIssues(delegationIssues(compat, 'targets', topDelegations(layout)));
}

/** `used`: key material and the role that it serves already, to be added to. @throws PublishError BAD_LAYOUT, NOT_COMPATIBLE */
export function checkRole(
  name: string,
  role: RoleLayout,
  used: Map<string, string>,
  compat: readonly Client[] = [],
): void {
  const own = new Set<string>();
  for (const key of role.keys) {
    const fingerprint = keyFingerprint(key);
    if (fingerprint === null)
      refuse(`${name}: key ${key.keyId} is of no kind that we can verify (${key.scheme})`);
    if (own.has(fingerprint)) refuse(`${name}: key ${key.keyId} stands twice`);
    own.add(fingerprint);
    const other = used.get(fingerprint);
    if (other !== undefined && other !== name)
      refuse(
        `key ${key.keyId} serves ${other} already, not also ${name}`,
        'a key serves one role: make another one',
      );
    used.set(fingerprint, name);
  }
  if (!Number.isInteger(role.threshold) || role.threshold < 1 || role.threshold > own.size)
    refuse(`${name}: a threshold of ${role.threshold} with ${own.size} keys`);
  refuseIssues(keyIssues(compat, name, role.keys));
}

/** @throws PublishError BAD_LAYOUT */
export function checkDelegation(delegation: DelegationLayout, used: Map<string, string>): void {
  const { name, paths, bins } = delegation;
  if (isTopLevelRole(name)) refuse(`a delegated role cannot be called ${name}`);
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,100}$/.test(name))
    refuse(`a delegated role cannot be called ${JSON.stringify(name)}`);
  roleName(name);
  if (paths.length === 0) refuse(`${name}: no paths`);
  for (const pattern of paths) checkPattern(name, pattern);
  if (bins !== undefined) checkBins(name, bins);
  checkRole(name, delegation, used);
}

export const [leastBits, mostBits] = [1, 14];

/** @throws PublishError BAD_LAYOUT */
export function checkBins(name: string, { bitLength }: BinsLayout): void {
  if (!(Number.isInteger(bitLength) && bitLength >= leastBits && bitLength <= mostBits))
    refuse(`${name}: bins of ${bitLength} bits`, `from ${leastBits} to ${mostBits}; 4 makes 16 files`);
}

/** INTEROP.md, "Path patterns": what other clients give a meaning of its own is refused. */
export function checkPattern(name: string, pattern: string): void {
  if (!/^[\x21-\x7e]+$/.test(pattern) || /[{}[\]()!#\\"+@|^$]|\*\*/.test(pattern))
    refuse(
      `${name}: the pattern ${JSON.stringify(pattern)} does not mean the same to all clients`,
      'use literals, * and ?',
    );
  if (pattern.split('/').some((segment) => segment === '' || segment === '.' || segment === '..'))
    refuse(`${name}: the pattern ${JSON.stringify(pattern)} has an empty or dot segment`);
}

/** Who uses which key material now. */
export function usedKeys(
  root: Root,
  delegations: readonly (readonly [owner: string, Delegations])[],
): Map<string, string> {
  const used = new Map<string, string>();
  const add = (key: Key | undefined, role: string): void => {
    const fingerprint = key === undefined ? null : keyFingerprint(key);
    if (fingerprint !== null) used.set(fingerprint, role);
  };
  for (const [owner, { keys, roles, succinctRoles }] of delegations) {
    for (const id of succinctRoles?.keyIds ?? []) add(keys.get(id), owner);
    for (const role of roles ?? [])
      for (const id of role.keyIds) add(keys.get(id), role.pathHashPrefixes === null ? role.name : owner);
  }
  for (const [name, role] of root.roles) for (const id of role.keyIds) add(root.keys.get(id), name);
  return used;
}
