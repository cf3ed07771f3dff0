import { review, signEvent, type SigningEvent } from '@ragnos/repository';
import { SigningError, type Signer } from '@ragnos/signing';
import type { Context } from '../command.ts';
import { announce } from '../commands/event-create.ts';
import { applyKept } from '../commands/event-apply.ts';
import { confirm } from '../prompt.ts';
import type { Vault } from '../vault/vault.ts';
import { eventLines, vaultEvents } from './events.ts';
import { ownLedger } from './open-keys.ts';

export interface CarryOutOptions {
  /** What the person agrees to, and the word that is typed. */
  readonly confirm: readonly [what: string, word: string];
  /** Keys beside those of ragv.toml. */
  readonly extra?: readonly Signer[];
}

/**
 * Signs a new event with every key that is at hand. If those are all it needs, it is applied at once; else it is kept, and
 * waits for the others (exit code 8).
 */
export async function carryOut(
  event: SigningEvent,
  vault: Vault,
  context: Context,
  { confirm: [what, word], extra = [] }: CarryOutOptions,
): Promise<number> {
  const { voice, options, signal } = context;
  if (context.dryRun) return announce(event, vault, context);
  const seen = await vault.repository.reviewEvent(event, { signal });
  for (const line of eventLines({ event, state: 'open' }, seen)) voice.note(line);
  await confirm(what, word, options.flag('yes'), signal);
  const wanted = new Set<string>(seen.roles.flatMap(({ needs }) => needs.flatMap(({ role }) => role.keyIds)));
  const signers = [...extra.filter(({ key }) => wanted.has(key.keyId)), ...(await ownSigners(wanted, vault))];
  const settings = { ledger: ownLedger(context), now: new Date(), again: options.flag('again'), signal };
  const last = event.roots.at(-1) ?? new Uint8Array();
  const signed = signers.length === 0 ? event : (await signEvent(event, seen, signers, settings)).event;
  if (!review(signed, { root: last }, new Date()).complete) return announce(signed, vault, context);
  await (await vaultEvents(context)).create(signed, { signal });
  return applyKept(signed.id, vault, context);
}

/** The keys of the vault that may sign; one that is elsewhere is not at hand. */
async function ownSigners(wanted: ReadonlySet<string>, vault: Vault): Promise<readonly Signer[]> {
  const signers: Signer[] = [];
  for (const [id, { role, uri }] of Object.entries(vault.config.keys)) {
    if (!wanted.has(id)) continue;
    try {
      signers.push(await vault.openSigner(role, uri));
    } catch (error) {
      if (!(error instanceof SigningError && error.code === 'KEY_NOT_FOUND')) throw error;
    }
  }
  return signers;
}
