import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';
import { sayInstalled } from '../install-result.ts';

export async function run(context: Context): Promise<undefined> {
  const host = await hostFor(context);
  const results = await host.update(context.args[0], {
    dryRun: context.dryRun,
    prerelease: context.options.flag('prerelease'),
    acceptOwner: context.options.text('accept-owner'),
    signal: context.signal,
  });
  sayInstalled(context.voice, results);
  if (results.length === 0) context.voice.note('no plugin is installed');
  return;
}
