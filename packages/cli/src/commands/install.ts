import type { InstallResult } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { readAnswer, withConsent } from '../consent.ts';
import { hostFor } from '../host.ts';
import { sayInstalled } from '../install-result.ts';

export async function run(context: Context): Promise<undefined> {
  const { options, dryRun, signal } = context;
  const given = await readAnswer(context);
  const host = await hostFor(context);
  const results: InstallResult[] = [];
  try {
    for (const spec of context.args)
      results.push(
        await withConsent(context, given, (grant) =>
          host.install(spec, {
            grant,
            dryRun,
            prerelease: options.flag('prerelease'),
            acceptOwner: options.text('accept-owner'),
            startFirst: options.flag('health-check'),
            signal,
          }),
        ),
      );
  } finally {
    if (results.length > 0) sayInstalled(context.voice, results); // also when a later one is refused
    if (given !== undefined && !dryRun)
      for (const { changed, vendor, plugin } of results)
        if (!changed) context.voice.note(`note: what it may do now: ragv grant list ${vendor}/${plugin}`);
  }
  return;
}
