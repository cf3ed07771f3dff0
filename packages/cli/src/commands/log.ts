import { homeLog, listTrusted, type HostEvent } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { homeFolder, hostFor } from '../host.ts';
import { table } from '../text.ts';

export async function run(context: Context): Promise<undefined> {
  const last = Number(context.options.text('last') ?? '20');
  if (!Number.isInteger(last) || last < 1)
    throw new CliError('USAGE', `--last ${context.options.text('last')} is no number of events`);
  const events = await eventsOf(context, last);
  context.voice.answer(
    { events },
    table(events.map((event) => [event.time, event.type, event.code, event.plugin ?? '', event.what])),
  );
  if (events.length === 0) context.voice.note('nothing has happened yet');
  return;
}

/** Refusals before the first repository is trusted, a wrong fingerprint for one, belong to none. */
async function eventsOf(context: Context, last: number): Promise<readonly HostEvent[]> {
  const home = homeFolder(context);
  const none = context.options.text('repository') === undefined && (await listTrusted({ home })).length === 0;
  return none ? homeLog({ home, last }) : (await hostFor(context)).log({ last });
}
