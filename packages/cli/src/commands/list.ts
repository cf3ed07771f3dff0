import type { Context } from '../command.ts';
import { exitCodes, exitOfCode } from '../exit-codes.ts';
import { hostFor } from '../host.ts';
import { table } from '../text.ts';

/** Exit code 1 where it cannot be told of a plugin what is installed of it. */
export async function run(context: Context): Promise<number> {
  const host = await hostFor(context);
  const [plugins, damaged] = [await host.list(), await host.damaged()];
  context.voice.answer(
    { plugins, damaged },
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
  for (const { vendor, plugin, code, message, hint } of damaged) {
    context.voice.warn(`${vendor}/${plugin}: ${message} [${code}]`);
    if (hint !== null) context.voice.note(`hint: ${hint}`);
  }
  const [first] = damaged;
  if (first !== undefined) return exitOfCode(first.code);
  if (plugins.length === 0) context.voice.note('no plugin is installed; try: ragv search');
  return exitCodes.ok[0];
}
