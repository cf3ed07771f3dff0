import type { Head } from '../head.ts';
import { rootRole, targetsRole } from '../signed.ts';
import { budgets } from './budgets.ts';
import { clock } from './clock.ts';
import { expiry } from './expiry.ts';
import { form } from './form.ts';
import type { CheckedHead, CheckedRole, CheckOptions } from './head.ts';
import { keyHygiene } from './keys.ts';
import type { Finding } from './rules.ts';

/**
 * The cheap form of `ragv doctor`, for each publish: budgets, expiry, form and keys of what is loaded already. Asks nobody,
 * opens no key and does not look at single targets. `roles` are those at hand: `targets`, and what the publish changes.
 */
export function quickCheck(
  head: Pick<CheckedHead, 'root' | 'timestamp' | 'snapshot'>,
  roles: readonly CheckedRole[],
  options: CheckOptions,
): readonly Finding[] {
  const { root, timestamp, snapshot } = head;
  const checked: CheckedHead = { root, timestamp, snapshot, roles, complete: false };
  const few = { ...options, lookUps: options.lookUps ?? 32 };
  const times = [...expiry(checked, few), ...clock(checked, few)];
  return [...budgets(checked, few), ...times, ...keyHygiene(checked), ...form(checked)];
}

/** `quickCheck` of a head as it was read, with its top-level targets, which a publish reads in any case. */
export async function quickCheckHead(head: Head, options: CheckOptions): Promise<readonly Finding[]> {
  const targets = await head.role(targetsRole, rootRole);
  return quickCheck(head, [{ ...targets, name: targetsRole, delegator: rootRole, splits: null }], options);
}
