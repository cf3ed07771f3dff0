import { isSuccession, type VendorName } from '@ragnos/plugin';
import { DoorError } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { audited } from '../door/audited.ts';
import { handingOver } from '../door/hand-over.ts';
import type { Handed } from '../door/receive.ts';
import { publishOrEvent } from '../metadata/publish-or-event.ts';
import { confirm } from '../prompt.ts';
import { vendorRole } from '../vault/layout.ts';
import type { Vault } from '../vault/vault.ts';
import { checkPossession, ownersOf, recordOwner } from './vault-vendors.ts';

/**
 * Gives a vendor other keys. Countersigned by the keys before it is a handover, which hosts follow by themselves; otherwise it
 * is a change of owner, which every host holds until somebody there accepts it: only where `changeOfOwner` says so.
 */
export async function takeOver(
  vault: Vault,
  vendor: VendorName,
  handed: Handed,
  { changeOfOwner }: { readonly changeOfOwner: boolean },
  context: Context,
): Promise<number> {
  const { voice, options, signal } = context;
  const { owner, repository } = handed.submission;
  if (owner === null || handed.submission.vendor !== vendor)
    throw new CliError('USAGE', `what was handed in does not change the keys of ${vendor}`);
  await audited(vault, context, () => checkPossession(handed));
  const next = owner.keys.map((key) => key.keyId);
  const proven = await vault.repository.inspect(
    async (draft) => {
      const owners = await ownersOf(draft, vendor);
      const before = owners.at(-1);
      if (before === undefined) return false;
      const after = [...owners, { ...owner, since: draft.now.toISOString() }];
      const known = { keyIds: before.keys.map((key) => key.keyId), threshold: before.threshold };
      return isSuccession(repository, vendor, after, known, next); // as a host will judge it
    },
    { signal },
  );
  if (!proven && !changeOfOwner)
    await audited(vault, context, () => {
      throw new DoorError(
        'DOOR_SIGNATURES',
        vendorRole(vendor),
        'the keys before have not signed the handover',
        {
          hint: 'hosts will hold it as a change of owner; if it is one: ragv vendor rotate --change-of-owner',
        },
      );
    });
  if (!proven && !context.dryRun)
    await confirm(`${vendor} gets a new owner`, vendor, options.flag('yes'), signal);
  const change = handingOver(handed, owner, proven);
  const answer = { vendor, keys: next, threshold: owner.threshold, handover: proven };
  if (context.dryRun) {
    await vault.repository.inspect(async (draft) => change(draft), { signal });
    voice.answer({ ...answer, dryRun: true }, [`would give ${vendor} other keys`]);
    return 0;
  }
  const result = await publishOrEvent(
    vault,
    {
      first: async (draft) => recordOwner(draft, vendor, owner),
      change,
      reason: `other keys for the vendor ${vendor}`,
      confirm: [`This gives ${vendor} other keys`, vendor],
    },
    context,
  );
  if (typeof result === 'number') return result;
  voice.answer({ ...answer, timestamp: result.version }, [
    `${owner.threshold} of ${owner.keys.length} keys sign for ${vendor} now`,
    proven
      ? 'handed over by the keys before: hosts follow by themselves'
      : 'a change of owner: hosts hold it until somebody accepts it there',
  ]);
  return 0;
}
