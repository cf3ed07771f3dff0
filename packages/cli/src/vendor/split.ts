import { binDelegations, binStyles, delegatedNames, type Client, type RoleLayout } from '@ragnos/repository';
import {
  rolesForTarget,
  targetPath,
  type RoleName,
  type TargetFile,
  type TargetPath,
  type Targets,
} from '@ragnos/tuf';
import type { VendorName } from '@ragnos/plugin';
import { CliError } from '../errors.ts';

/** How a role says which bin a path is in; tough reads the one, go-tuf the other. */
export type BinStyle = 'succinct' | 'prefixes';

/** `null`: not split. */
export function styleOf(delegations: Targets['delegations']): BinStyle | null {
  if (delegations === null) return null;
  return delegations.succinctRoles === null ? 'prefixes' : 'succinct';
}

/**
 * The style that all of `clients` read; `undefined`: none was named. A vendor does not see the `compat` of the operator's vault:
 * nothing published says it, and the door refuses bins that a client of it could not read. @throws CliError USAGE
 */
export function styleFor(clients: readonly Client[]): BinStyle | undefined {
  if (clients.length === 0) return undefined;
  const [style] = binStyles(clients);
  if (style !== undefined) return style;
  throw new CliError('USAGE', `no style of bins serves ${clients.join(', ')} at once`, {
    hint: 'leave the role in one file, or serve fewer of them',
  });
}

export interface SplitPlan {
  readonly role: RoleName;
  /** Of the bins' names. */
  readonly prefix: string;
  readonly bits: number;
  readonly style: BinStyle;
  /** The vendor's own: what a vendor signs itself, its bins included, nobody else signs for it. */
  readonly keys: RoleLayout;
}

/** The role, empty and delegating, and all its bins at version 1. */
export function splitTargets(
  own: Targets,
  { role, prefix, bits, style, keys }: SplitPlan,
  files: ReadonlyMap<TargetPath, TargetFile>,
  expires: Date,
): ReadonlyMap<RoleName, Targets> {
  const bins = { bitLength: bits, style };
  const delegations = binDelegations({ name: prefix, paths: [], terminating: true, ...keys, bins }, [], null);
  const roles = new Map<RoleName, Map<TargetPath, TargetFile>>();
  for (const name of delegatedNames(delegations)) roles.set(name, new Map());
  for (const [path, file] of files) {
    const bin = delegations === null ? undefined : rolesForTarget(delegations, path)[0];
    if (bin !== undefined) roles.get(bin.name)?.set(path, file);
  }
  const whole: Targets = { ...own, version: own.version + 1, expires, targets: new Map(), delegations };
  return new Map([
    [role, whole],
    ...[...roles].map(([name, targets]): [RoleName, Targets] => [
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
  const count = delegatedNames(delegations).length;
  for (let number = 0; found.size < count; number++) {
    const path = targetPath(`vendors/${vendor}/_/${number}`);
    const bin = rolesForTarget(delegations, path)[0];
    if (bin === undefined) break; // no hash reaches it: not a role that was split by hash
    if (!found.has(bin.name)) found.set(bin.name, path);
  }
  return found;
}

/** Who signs the files, of `--signed-by <text>`. @throws CliError USAGE */
export function signedByOf(text: string): 'role' | 'snapshot' {
  if (text === 'vendor') return 'role';
  if (text === 'snapshot') return 'snapshot';
  throw new CliError('USAGE', `--signed-by ${text}: expected vendor or snapshot`);
}

/** The bits of `--<option> <text>`. @throws CliError USAGE */
export function bitsOf(option: string, text: string): number {
  const bits = Number(text);
  if (text.trim() !== '' && Number.isInteger(bits) && bits >= 1 && bits <= 14) return bits;
  throw new CliError('USAGE', `--${option} ${text}: expected 1 to 14 bits; 4 makes 16 files`);
}
