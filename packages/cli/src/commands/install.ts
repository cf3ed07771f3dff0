import type { InstallResult } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';
import { sayInstalled } from '../install-result.ts';

export async function run(context: Context): Promise<undefined> {
  const host = await hostFor(context);
  const results: InstallResult[] = [];
  try {
    for (const spec of context.args)
      results.push(
        await host.install(spec, {
          dryRun: context.dryRun,
          prerelease: context.options.flag('prerelease'),
          acceptOwner: context.options.text('accept-owner'),
          signal: context.signal,
        }),
      );
  } finally {
    if (results.length > 0) sayInstalled(context.voice, results); // also when a later one is refused
  }
  return;
}
