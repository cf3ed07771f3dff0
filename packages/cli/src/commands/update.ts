import type { Host, InstallOptions, InstallResult } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { answeredNo, ask, canAsk, readAnswer, requestLines } from '../consent.ts';
import { exitCodes } from '../exit-codes.ts';
import { hostFor } from '../host.ts';
import { sayInstalled } from '../install-result.ts';

/** Exit code 10 where nothing happened but that something is held. */
export async function run(context: Context): Promise<number> {
  const { voice, options, dryRun, signal } = context;
  const settings: InstallOptions = {
    grant: await readAnswer(context),
    grantHeld: options.flag('grant'), // without a value: what the last update showed, and no more
    dryRun,
    prerelease: options.flag('prerelease'),
    acceptOwner: options.text('accept-owner'),
    startFirst: options.flag('health-check'),
    signal,
  };
  const host = await hostFor(context);
  const results: InstallResult[] = [];
  for (const result of await host.update(context.args[0], settings))
    results.push(await askAbout(context, host, settings, result));
  sayInstalled(voice, results);
  if (results.length === 0) voice.note('no plugin is installed');
  const held = results.some((result) => result.held !== null);
  return held && !results.some(({ changed }) => changed) ? exitCodes.refused[0] : exitCodes.ok[0];
}

/** What was shown and answered is not said once more. */
function withoutWords(result: InstallResult): InstallResult {
  const { held } = result;
  return held === null ? result : { ...result, held: { ...held, message: answeredNo } };
}

/** What waits for consent is shown as a difference; a yes at the terminal accepts exactly that. */
async function askAbout(
  context: Context,
  host: Host,
  settings: InstallOptions,
  result: InstallResult,
): Promise<InstallResult> {
  const { request } = result;
  if (request === null) return result;
  if (context.dryRun || !canAsk(context)) {
    for (const line of requestLines(request)) context.voice.note(line);
    return result;
  }
  const grant = await ask(context, request);
  if (grant === undefined) return withoutWords(result);
  const again = await host.update(`${result.vendor}/${result.plugin}`, {
    ...settings,
    grant,
    grantHeld: false,
  });
  return again[0] ?? result;
}
