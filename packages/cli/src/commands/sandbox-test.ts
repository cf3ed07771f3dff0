import { modes, runProbes, type Mode } from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { suiteExit, suiteJson, suiteLines } from '../sandbox-report.ts';

/**
 * Runs the probe suite. Exit code 10 if a mode that was asked for is not to be had here, 1 if something got through where
 * it should not, or could not be tried; what is known not to be enforced is said, and is no failure.
 */
export async function run(context: Context): Promise<number> {
  const { options, signal, voice } = context;
  const asked = options.list('mode').map(readMode);
  let done = 0;
  const report = await runProbes({
    ...(asked.length > 0 && { modes: asked }),
    ...(options.text('node') !== undefined && { node: options.text('node') ?? '' }),
    layers: !options.flag('fast'),
    signal,
    onProgress: (place, id) => voice.progress(`${place}: ${id}`, done++, null),
  });
  voice.answer(suiteJson(report), suiteLines(report));
  for (const [mode, error] of report.unavailable)
    voice.warn(`mode ${mode} is not to be had here: ${error.message}`);
  const [first] = asked.flatMap((mode) => report.unavailable.get(mode) ?? []);
  if (first !== undefined) throw first;
  return suiteExit(report);
}

function readMode(text: string): Mode {
  const mode = modes.find((one) => one === text);
  if (mode === undefined) throw new CliError('USAGE', `--mode ${text}: it is one of ${modes.join(', ')}`);
  return mode;
}
