import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { hostFor } from '../host.ts';
import { table } from '../text.ts';

export async function run(context: Context): Promise<undefined> {
  const last = Number(context.options.text('last') ?? '20');
  if (!Number.isInteger(last) || last < 1)
    throw new CliError('USAGE', `--last ${context.options.text('last')} is no number of events`);
  const events = await (await hostFor(context)).log({ last });
  context.voice.answer(
    { events },
    table(events.map((event) => [event.time, event.type, event.code, event.plugin ?? '', event.what])),
  );
  if (events.length === 0) context.voice.note('nothing has happened yet');
  return;
}
