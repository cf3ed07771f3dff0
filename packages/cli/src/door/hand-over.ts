import { delegatedNames, DoorError, keysNote, type Change, type RoleLayout } from '@ragnos/repository';
import { vendorRole } from '../vault/layout.ts';
import { rulesOf, type Handed } from './receive.ts';

/**
 * The change that gives a vendor the keys which it handed over to: all of its roles, nothing else of them changed, and what
 * delegates to them. `proven`: the keys before signed the handover, and vouch for every role too.
 * @throws DoorError DOOR_DELEGATIONS for half of it; DOOR_IMMUTABLE for more than other keys
 */
export function handingOver({ submission, roles }: Handed, to: RoleLayout, proven: boolean): Change {
  const { vendor } = submission;
  const own = vendorRole(vendor);
  return async (draft) => {
    const { maxLife } = await rulesOf(draft, vendor, roles);
    const rules = { maxLife, named: true, bins: to };
    const before = await draft.keysOf(own);
    const changeKeys = (): Promise<void> => draft.edit({ kind: 'keys', role: own, ...to });
    if (!proven) await changeKeys();
    // While the keys before count, bins go first: what delegates to them names the keys after.
    const order = [...roles].toSorted(([a], [b]) => Number(a === own) - Number(b === own));
    for (const [role, bytes] of proven ? order : order.toReversed()) {
      const { added, removed, signed } = await draft.bring(role, bytes, new Map(), rules);
      const [changed] = [...added, ...removed];
      if (changed !== undefined)
        throw new DoorError('DOOR_IMMUTABLE', changed, 'a handover changes keys, and nothing else', {
          hint: 'publish it before or after: ragv vendor sign',
        });
      if (role !== own) continue;
      const missing = delegatedNames(signed.delegations).find((bin) => !roles.has(bin));
      if (missing !== undefined)
        throw new DoorError(
          'DOOR_DELEGATIONS',
          `${missing}.json`,
          `is handed over with ${own}, or not at all`,
          {
            hint: 'ragv vendor handover signs all files of a role that is split',
          },
        );
    }
    if (!roles.has(own)) throw new DoorError('DOOR_ROLE', `${own}.json`, 'was not handed in');
    draft.note(keysNote(proven ? vendor : `${vendor}: change of owner`, before?.keys ?? [], to.keys));
    if (proven) await changeKeys();
  };
}
