import { PublishError, type Change, type PublishResult } from '@ragnos/repository';
import type { Context } from '../command.ts';
import type { Vault } from '../vault/vault.ts';
import { carryOut } from './carry-out.ts';
import { deadlineOf } from './events.ts';

export interface Publication {
  readonly change: Change;
  /** What the door's own keys sign, and is right before `change` as well: it does not wait for anybody. */
  readonly first?: Change;
  /** For whoever has to sign. */
  readonly reason: string;
  /** What the person agrees to before signing, and the word that is typed. */
  readonly confirm: readonly [what: string, word: string];
}

/**
 * In one commit where all signers are at hand; else what lacks signatures becomes an event that waits for them. Gives what was
 * published, or the exit code (8) with which the command ends.
 */
export async function publishOrEvent(
  vault: Vault,
  { change, first, reason, confirm }: Publication,
  context: Context,
): Promise<PublishResult | number> {
  const { signal } = context;
  const whole: Change = async (draft) => {
    await first?.(draft);
    await change(draft);
  };
  try {
    return await vault.repository.publish(whole, { signal });
  } catch (error) {
    if (!(error instanceof PublishError && error.code === 'SIGNATURES_MISSING')) throw error;
  }
  if (first !== undefined) await vault.repository.publish(first, { signal });
  const deadline = deadlineOf(context);
  const event = await vault.repository.proposeEvent({ change, reason, deadline }, { signal });
  return carryOut(event, vault, context, { confirm });
}
