import { UnsignedMetadataError } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { eventAnswer, namedEvent, reviewed } from '../metadata/events.ts';

/** For scripts: 0 complete, 8 signatures are missing, 3 it does not verify or holds a signature that counts for nothing. */
export async function run(context: Context): Promise<number> {
  const given = context.args[0] ?? '';
  const named = await namedEvent(given, context);
  const seen = await reviewed(named, given, context);
  context.voice.answer(
    eventAnswer(named, seen),
    seen.roles.flatMap(({ name, after, needs }) =>
      needs.map(
        ({ by, role, signedBy }) =>
          `${name} version ${after.version} for ${by}: ${signedBy.length} of ${role.threshold} signatures verify`,
      ),
    ),
  );
  const stranger = seen.roles.find(({ strangers }) => strangers.length > 0);
  if (stranger !== undefined)
    throw new UnsignedMetadataError(
      `${stranger.name}: the signature of ${stranger.strangers.join(', ')} does not verify, or is of a key that may not sign it`,
    );
  return seen.complete ? exitCodes.ok[0] : exitCodes.pending[0];
}
