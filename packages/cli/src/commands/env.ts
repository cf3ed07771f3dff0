import type { Context } from '../command.ts';
import { environment, isSet } from '../env.ts';
import { table } from '../text.ts';

/** Says which are set, never to what: some are secrets. */
export async function run(context: Context): Promise<undefined> {
  const rows = Object.entries(environment).map(([name, meaning]) => ({
    name,
    meaning,
    set: isSet(name, process.env),
  }));
  context.voice.answer(rows, table(rows.map(({ name, meaning, set }) => [name, set ? 'set' : '', meaning])));
  return Promise.resolve(undefined);
}
