import type { Context } from '../command.ts';
import { vaultEvents } from '../metadata/events.ts';
import { expiryText } from '../metadata/show-lines.ts';
import { table } from '../text.ts';

/** Who has signed is not counted here: that takes a review of each. */
export async function run(context: Context): Promise<undefined> {
  const events = (await (await vaultEvents(context)).list()).map(({ event, state, file }) => ({
    id: event.id,
    round: event.round,
    state,
    roles: event.roles.map(({ name }) => name),
    reason: event.reason,
    deadline: event.deadline,
    file,
  }));
  context.voice.answer(
    { events },
    table(
      events.map(({ id, state, roles, deadline, reason }) => [
        id,
        state,
        roles.join(', '),
        state === 'open' ? `deadline ${expiryText(deadline)}` : '',
        reason,
      ]),
    ),
  );
  if (events.length === 0) context.voice.note('there are no events');
  return;
}
