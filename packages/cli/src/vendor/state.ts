import type { Updater } from '@ragnos/client';
import type { VendorName } from '@ragnos/plugin';
import type { RoleLayout } from '@ragnos/repository';
import { delegatedKeys, roleName, targetPath, type RoleName, type Targets } from '@ragnos/tuf';
import { CliError } from '../errors.ts';
import { vendorRole } from '../vault/layout.ts';
import { probes } from './split.ts';

const [root, targets] = [roleName('root'), roleName('targets')];

/** What verified metadata says of a vendor, on the vendor's own machine. */
export interface VendorState {
  readonly name: RoleName;
  readonly own: Targets;
  /** Who signs for it, as the operator's metadata says. */
  readonly layout: RoleLayout;
}

/** From verified metadata: `updater` is refreshed. `null`: nothing is delegated to it. */
export async function findVendor(
  updater: Updater,
  vendor: VendorName,
  signal: AbortSignal,
): Promise<VendorState | null> {
  const name = roleName(vendorRole(vendor));
  await updater.find(targetPath(`vendors/${vendor}/_/index.json`), { signal }); // walks down to the vendor's role
  const own = updater.trusted.role(name, targets);
  const delegations = updater.trusted.delegationsOf(targets, root);
  const role = delegations === null ? null : delegatedKeys(delegations, name);
  if (own === null || delegations === null || role === null) return null;
  const keys = role.keyIds.map((id) => delegations.keys.get(id)).filter((key) => key !== undefined);
  return { name, own, layout: { keys, threshold: role.threshold } };
}

/** @throws CliError NO_SUCH_VENDOR */
export async function vendorState(
  updater: Updater,
  vendor: VendorName,
  signal: AbortSignal,
): Promise<VendorState> {
  const found = await findVendor(updater, vendor, signal);
  if (found !== null) return found;
  throw new CliError('NO_SUCH_VENDOR', `this repository delegates nothing to ${vendor}`, {
    hint: 'ragv vendor join makes what the operator needs to add a vendor',
  });
}

/** The bins that the role is split into, each fetched and verified; empty where it is not split. */
export async function loadBins(
  updater: Updater,
  vendor: VendorName,
  { name, own }: VendorState,
  signal: AbortSignal,
): Promise<ReadonlyMap<RoleName, Targets>> {
  const bins = new Map<RoleName, Targets>();
  const inOrder = [...probes(own, vendor)].toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const [bin, probe] of inOrder) {
    await updater.find(probe, { signal });
    const signed = updater.trusted.role(bin, name);
    if (signed !== null) bins.set(bin, signed);
  }
  return bins;
}
