import { explanationText } from '@ragnos/client';
import type { Context } from '../command.ts';
import { exitCodes, exitOfCode } from '../exit-codes.ts';
import { hostFor } from '../host.ts';
import { seenAgo } from '../text.ts';

/** The artifact's whole chain, and of manifest and index whether they are trusted; --json has all three. */
export async function run(context: Context): Promise<number> {
  const { voice, signal } = context;
  const explained = await (await hostFor(context)).explain(context.args[0] ?? '', { signal });
  const { vendor, plugin, version, yanked, revoked, firstSeen, refused, targets } = explained;
  const name = `${vendor}/${plugin}@${version}`;
  const texts = targets.map(explanationText);
  voice.answer(explained, [
    ...texts.slice(0, -1).map(([first = '']) => first),
    ...(texts.at(-1) ?? []),
    ...(firstSeen === null ? [] : [`${name} was ${seenAgo(firstSeen)} (${firstSeen})`]),
    ...(refused === null ? [] : [`it is not installed: ${refused.message} [${refused.code}]`]),
    ...(yanked === null
      ? []
      : [`${name} was yanked on ${yanked.at}: ${yanked.reason}; it is not installed any more`]),
    ...(revoked === null
      ? []
      : [`${name} was revoked: ${revoked}; it is not installed, whatever its vendor signs`]),
  ]);
  const reason = targets.find(({ refusal }) => refusal !== null)?.refusal ?? refused;
  if (reason !== null) return exitOfCode(reason.code);
  return yanked === null && revoked === null ? exitCodes.ok[0] : exitCodes.refused[0];
}
