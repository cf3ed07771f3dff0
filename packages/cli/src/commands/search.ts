import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';
import { table } from '../text.ts';

export async function run(context: Context): Promise<undefined> {
  const { voice, signal } = context;
  const text = context.args[0] ?? '';
  const hits = await (await hostFor(context)).search(text, { signal });
  voice.answer(
    { hits },
    table(
      hits.map((hit) => [
        `${hit.vendor}/${hit.plugin}`,
        hit.latest ?? '-',
        hit.installed === null ? '' : `installed ${hit.installed}`,
        shortened(hit.description),
      ]),
    ),
  );
  if (hits.length === 0)
    voice.note(text === '' ? 'nothing is published yet' : `nothing matches ${JSON.stringify(text)}`);
  return;
}

/** One line of a table; --json has all of it. */
function shortened(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
