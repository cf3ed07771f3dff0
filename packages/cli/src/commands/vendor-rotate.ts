import { isSuccession } from '@ragnos/plugin';
import { DoorError, type Change } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { rulesFor } from '../door/admit.ts';
import { publishOrEvent } from '../metadata/publish-or-event.ts';
import { confirm } from '../prompt.ts';
import { vendorRole } from '../vault/layout.ts';
import { openVault } from '../vault/vault.ts';
import { readSubmission } from '../vendor/folder.ts';
import {
  checkPossession,
  ownersOf,
  recordOwner,
  refuseOtherRepository,
  requireVendor,
} from '../vendor/vault-vendors.ts';

/**
 * Gives a vendor other keys. Countersigned by the keys before it is a handover, which hosts follow by themselves; otherwise it is a
 * change of owner, which every host holds until somebody there accepts it.
 */
export async function run(context: Context): Promise<number> {
  const { voice, options, signal } = context;
  const folder = options.text('handover') ?? '';
  if (folder === '')
    throw new CliError('USAGE', 'which keys?', {
      hint: 'the vendor runs ragv vendor handover; give its folder as --handover',
    });
  const handed = await readSubmission(folder, signal);
  const { owner, repository } = handed.submission;
  const vault = await openVault(context);
  try {
    const vendor = await requireVendor(vault, context.args[0] ?? '', signal);
    if (owner === null || handed.submission.vendor !== vendor)
      throw new CliError('USAGE', `${folder} does not change the keys of ${vendor}`);
    await refuseOtherRepository(vault, handed.submission, signal);
    checkPossession(handed);
    const role = vendorRole(vendor);
    const handover = await vault.repository.inspect(
      async (draft) => {
        const owners = await ownersOf(draft, vendor);
        const before = owners.at(-1);
        if (before === undefined) return false;
        const after = [...owners, { ...owner, since: draft.now.toISOString() }];
        const known = { keyIds: before.keys.map((key) => key.keyId), threshold: before.threshold };
        const next = owner.keys.map((key) => key.keyId);
        return isSuccession(repository, vendor, after, known, next); // as a host will judge it
      },
      { signal },
    );
    if (!handover && !options.flag('change-of-owner'))
      throw new DoorError('DOOR_SIGNATURES', role, 'the keys before have not signed the handover', {
        hint: 'hosts will hold it as a change of owner; if it is one: --change-of-owner',
      });
    if (!handover && !context.dryRun)
      await confirm(`${vendor} gets a new owner`, vendor, options.flag('yes'), signal);
    const change: Change = async (draft) => {
      const { maxLifeDays } = await rulesFor(draft, vendor);
      const bring = async (): Promise<void> => {
        for (const [name, bytes] of handed.roles)
          await draft.bring(name, bytes, new Map(), { maxLife: maxLifeDays * 24 * 3600 });
      };
      if (handover) await bring(); // signed by both: it passes as what the keys before handed in
      const before = await draft.keysOf(role);
      draft.note({
        kind: 'keys',
        subject: handover ? vendor : `${vendor}: change of owner`,
        keysAdded: owner.keys.map((key) => key.keyId),
        keysRemoved: (before?.keys ?? [])
          .map((key) => key.keyId)
          .filter((id) => !owner.keys.some((key) => key.keyId === id)),
      });
      await draft.edit({ kind: 'keys', role, keys: owner.keys, threshold: owner.threshold });
      if (!handover) await bring();
    };
    const answer = { vendor, keys: owner.keys.map((key) => key.keyId), threshold: owner.threshold, handover };
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
      handover
        ? 'handed over by the keys before: hosts follow by themselves'
        : 'a change of owner: hosts hold it until somebody accepts it there',
    ]);
  } finally {
    await vault.repository.close();
  }
  return 0;
}
