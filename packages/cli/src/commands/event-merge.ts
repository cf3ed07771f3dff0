import { mergeEvents, parseEvent, review, withoutStrangers } from '@ragnos/repository';
import type { Context } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { eventAnswer, eventLines, namedEvent, signerTrust } from '../metadata/events.ts';
import { readWhole } from '../metadata/files.ts';

/** Copies that were signed elsewhere become one; what does not verify is left out, and said. */
export async function run(context: Context): Promise<number> {
  const { voice } = context;
  const [into = '', ...copies] = context.args;
  const named = await namedEvent(into, context);
  const trust = await signerTrust(into, context);
  const arrived = await Promise.all(copies.map(async (path) => parseEvent(await readWhole(path), path)));
  const dropped: string[] = [];
  const merge = (current: typeof named.event): typeof named.event => {
    const merged = arrived.reduce(mergeEvents, current);
    const seen = review(merged, trust, new Date());
    dropped.push(...seen.roles.flatMap(({ strangers }) => strangers));
    return withoutStrangers(merged, seen);
  };
  const event = context.dryRun
    ? merge(named.event)
    : await named.replace((current) => Promise.resolve(merge(current)));
  for (const id of dropped) voice.warn(`the signature of ${id} counts for nothing, and is left out`);
  const seen = review(event, trust, new Date());
  const answer = eventAnswer({ ...named, event }, seen);
  voice.answer(context.dryRun ? { ...answer, dryRun: true } : answer, eventLines({ ...named, event }, seen));
  return seen.complete ? exitCodes.ok[0] : exitCodes.pending[0];
}
