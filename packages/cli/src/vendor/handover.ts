import type { Updater } from '@ragnos/client';
import { handoverBytes, type Submission, type VendorName } from '@ragnos/plugin';
import { delegatedNames, rekeyedSplit, type RoleLayout } from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import { withRepositoryId, type RoleName, type Targets } from '@ragnos/tuf';
import { CliError } from '../errors.ts';
import { signaturesOf } from './sign.ts';
import { loadBins, type VendorState } from './state.ts';

/**
 * All roles of the vendor, one version on and else as they are; those that split it under the keys of `after`. Signed by both
 * sets of keys, each of them verifies before and after.
 * @throws CliError USAGE for a role that delegates to others than its bins
 */
export async function handedRoles(
  updater: Updater,
  vendor: VendorName,
  state: VendorState,
  to: { readonly after: RoleLayout; readonly repository: string; readonly expires: Date },
  signal: AbortSignal,
): Promise<ReadonlyMap<RoleName, Targets>> {
  const { name, own } = state;
  const delegations = rekeyedSplit(own.delegations, to.after);
  if (delegations === null && own.delegations !== null && delegatedNames(own.delegations).length > 0)
    throw new CliError('USAGE', `${name} delegates to roles of its own, whose keys would stay`, {
      hint: 'the operator changes its keys: ragv vendor rotate --change-of-owner',
    });
  const next = (role: Targets): Targets => ({
    ...role,
    version: role.version + 1,
    expires: to.expires,
    unrecognized: withRepositoryId(role.unrecognized, to.repository),
  });
  const roles = new Map<RoleName, Targets>([[name, { ...next(own), delegations }]]);
  for (const [bin, role] of await loadBins(updater, vendor, state, signal)) roles.set(bin, next(role));
  return roles;
}

/** The submission with the handover countersigned by those of `signers` that are keys before; others sign nothing. */
export async function countersigned(
  submission: Submission,
  before: RoleLayout,
  signers: readonly Signer[],
  signal: AbortSignal,
): Promise<Submission> {
  const { owner, repository, vendor } = submission;
  const own = signers.filter(({ key }) => before.keys.some(({ keyId }) => keyId === key.keyId));
  if (owner === null || own.length === 0) return submission;
  const added = await signaturesOf(handoverBytes(repository, vendor, before, owner), own, signal);
  const kept = owner.handover.filter(({ keyId }) => added.every((signature) => signature.keyId !== keyId));
  return { ...submission, owner: { ...owner, handover: [...kept, ...added] } };
}
