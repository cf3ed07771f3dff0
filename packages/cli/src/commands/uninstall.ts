import type { InstalledPlugin } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';

export async function run(context: Context): Promise<undefined> {
  const host = await hostFor(context);
  const removed: InstalledPlugin[] = [];
  for (const spec of context.args)
    removed.push(await host.uninstall(spec, { dryRun: context.dryRun, signal: context.signal }));
  context.voice.answer(
    { removed, dryRun: context.dryRun },
    removed.map(
      (plugin) =>
        `${context.dryRun ? 'would uninstall' : 'uninstalled'} ${plugin.vendor}/${plugin.plugin}@${plugin.version}`,
    ),
  );
  return;
}
