import type { InstallResult } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { hostFor } from '../host.ts';
import { sayInstalled } from '../install-result.ts';

export async function run(context: Context): Promise<undefined> {
  const host = await hostFor(context);
  const results: InstallResult[] = [];
  for (const spec of context.args)
    results.push(
      await host.install(spec, {
        dryRun: context.dryRun,
        prerelease: context.options.flag('prerelease'),
        signal: context.signal,
      }),
    );
  sayInstalled(context.voice, results);
  return;
}
