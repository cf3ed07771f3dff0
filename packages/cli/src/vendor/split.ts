import type { RoleLayout } from '@ragnos/repository';
import {
  binName,
  rolesForTarget,
  targetPath,
  type Delegations,
  type RoleName,
  type SuccinctRoles,
  type TargetFile,
  type TargetPath,
  type Targets,
} from '@ragnos/tuf';
import type { VendorName } from '@ragnos/plugin';

export interface SplitPlan {
  readonly role: RoleName;
  /** Of the bins' names. */
  readonly prefix: string;
  readonly bits: number;
  /** The vendor's own: bins are signed as the role is. */
  readonly keys: RoleLayout;
}

/** The role, empty and delegating, and all its bins at version 1. */
export function splitTargets(
  own: Targets,
  { role, prefix, bits, keys }: SplitPlan,
  files: ReadonlyMap<TargetPath, TargetFile>,
  expires: Date,
): ReadonlyMap<RoleName, Targets> {
  const succinct: SuccinctRoles = {
    keyIds: keys.keys.map((key) => key.keyId),
    threshold: keys.threshold,
    bitLength: bits,
    namePrefix: prefix,
    unrecognized: new Map(),
  };
  const delegations: Delegations = {
    keys: new Map(keys.keys.map((key) => [key.keyId, key])),
    roles: null,
    succinctRoles: succinct,
    unrecognized: new Map(),
  };
  const bins = new Map<RoleName, Map<TargetPath, TargetFile>>();
  for (let index = 0; index < 2 ** bits; index++) bins.set(binName(succinct, index), new Map());
  for (const [path, file] of files) {
    const bin = rolesForTarget(delegations, path)[0];
    if (bin !== undefined) bins.get(bin.name)?.set(path, file);
  }
  const whole: Targets = { ...own, version: own.version + 1, expires, targets: new Map(), delegations };
  return new Map([
    [role, whole],
    ...[...bins].map(([name, targets]): [RoleName, Targets] => [
      name,
      { ...own, version: 1, expires, targets, delegations: null },
    ]),
  ]);
}

/** For each bin of a split role a path that leads a look-up into it; nobody has to publish it. */
export function probes(own: Targets, vendor: VendorName): ReadonlyMap<RoleName, TargetPath> {
  const { delegations } = own;
  const found = new Map<RoleName, TargetPath>();
  if (delegations === null) return found;
  const count =
    delegations.succinctRoles === null
      ? (delegations.roles ?? []).length
      : 2 ** delegations.succinctRoles.bitLength;
  for (let number = 0; found.size < count; number++) {
    const path = targetPath(`vendors/${vendor}/_/${number}`);
    const bin = rolesForTarget(delegations, path)[0];
    if (bin === undefined) break; // no hash reaches it: not a role that was split by hash
    if (!found.has(bin.name)) found.set(bin.name, path);
  }
  return found;
}
