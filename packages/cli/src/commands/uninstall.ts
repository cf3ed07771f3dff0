import type { InstalledPlugin } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';

export async function run(context: Context): Promise<undefined> {
  const host = await hostFor(context);
  const removed: InstalledPlugin[] = [];
  try {
    for (const spec of context.args)
      removed.push(await host.uninstall(spec, { dryRun: context.dryRun, signal: context.signal }));
  } finally {
    if (removed.length > 0) say(context, removed); // also when a later one is refused
  }
  return;
}

function say({ voice, dryRun }: Context, removed: readonly InstalledPlugin[]): void {
  voice.answer(
    { removed, dryRun },
    removed.map(
      (plugin) =>
        `${dryRun ? 'would uninstall' : 'uninstalled'} ${plugin.vendor}/${plugin.plugin}@${plugin.version}`,
    ),
  );
}
