import type { Context } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { eventAnswer, eventLines, namedEvent, reviewed } from '../metadata/events.ts';

/** What it changes, derived from the root that this signer trusts, and who has signed. */
export async function run(context: Context): Promise<number> {
  const given = context.args[0] ?? '';
  const named = await namedEvent(given, context);
  const seen = await reviewed(named, given, context);
  context.voice.answer(eventAnswer(named, seen), eventLines(named, seen));
  return seen.complete || named.state !== 'open' ? exitCodes.ok[0] : exitCodes.pending[0];
}
