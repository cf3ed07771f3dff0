import {
  probedCapabilities,
  modes,
  runProbes,
  type Mode,
  type ProbeResult,
  type SuiteReport,
} from '@ragnos/plugin';
import type { Context } from '../command.ts';
import { CliError } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { count, table } from '../text.ts';

/**
 * Runs the probe suite. Exit code 10 if a mode that was asked for is not to be had here, 1 if something got through where
 * it should not; what is known not to be enforced is said, and is no failure.
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
  const tried = modes.filter((mode) => report.results.some((result) => result.mode === mode));
  voice.answer(asJson(report), lines(report, tried));
  for (const [mode, error] of report.unavailable)
    voice.warn(`mode ${mode} is not to be had here: ${error.message}`);
  const [first] = asked.flatMap((mode) => report.unavailable.get(mode) ?? []);
  if (first !== undefined) throw first;
  return report.results.every(({ expected }) => expected) ? exitCodes.ok[0] : exitCodes.failure[0];
}

function readMode(text: string): Mode {
  const mode = modes.find((one) => one === text);
  if (mode === undefined) throw new CliError('USAGE', `--mode ${text}: it is one of ${modes.join(', ')}`);
  return mode;
}

function lines({ node, results }: SuiteReport, tried: readonly Mode[]): readonly string[] {
  const rows = probedCapabilities.map((capability) => [
    capability,
    ...tried.map((mode) => cell(results.filter((one) => one.capability === capability && one.mode === mode))),
  ]);
  const open = results.filter(({ outcome, mode }) => outcome === 'not enforced' && mode !== 'trusted');
  const unproven = new Set(results.filter(({ outcome }) => outcome === 'unproven').map(({ id }) => id));
  const attempts = new Set(results.map(({ id }) => id)).size;
  return [
    `Node ${node}, ${count(attempts, 'attempt')} in each mode`,
    '',
    ...table([['capability', ...tried], ...rows]),
    '',
    ...open.map(
      ({ id, mode, expected, detail }) =>
        `${expected ? 'known' : 'UNEXPECTED'}: ${id} gets through in ${mode}: ${detail}`,
    ),
    ...(unproven.size === 0
      ? []
      : [`proves nothing here, since it fails without confinement too: ${[...unproven].join(', ')}`]),
  ];
}

/** The weakest layer that something rests on: a wall of the system's is worth more than our guards inside the plugin. */
function cell(results: readonly ProbeResult[]): string {
  const proven = results.filter(({ outcome }) => outcome !== 'unproven');
  const open = proven.filter(({ outcome }) => outcome === 'not enforced');
  if (proven.length === 0) return 'unproven';
  if (open.length > 0) return `not enforced (${open.length} of ${proven.length} get through)`;
  const layers = (['system', 'node', 'guards', 'host'] as const).filter((layer) =>
    proven.some(({ by }) => by === layer),
  );
  return layers.length === 0 ? 'enforced' : `enforced by ${layers.join(', ')}`;
}

function asJson({ node, results, unavailable }: SuiteReport): object {
  return {
    node,
    ok: results.every(({ expected }) => expected),
    results,
    unavailable: Object.fromEntries(
      [...unavailable].map(([mode, { code, message, hint }]) => [mode, { code, message, hint }]),
    ),
  };
}
