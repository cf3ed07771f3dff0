import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';
import { table } from '../text.ts';

export async function run(context: Context): Promise<undefined> {
  const plugins = await (await hostFor(context)).list();
  context.voice.answer(
    { plugins },
    table(
      plugins.map((plugin) => [
        `${plugin.vendor}/${plugin.plugin}`,
        plugin.version,
        [
          ...(plugin.previous === null ? [] : [`before: ${plugin.previous}`]),
          ...(plugin.heldUpdate === null ? [] : [`held: ${plugin.heldUpdate.version}`]),
        ].join(', '),
        plugin.folder,
      ]),
    ),
  );
  for (const { heldUpdate } of plugins)
    if (heldUpdate !== null) context.voice.note(`${heldUpdate.message} [${heldUpdate.code}]`);
  if (plugins.length === 0) context.voice.note('no plugin is installed; try: ragv search');
  return;
}
