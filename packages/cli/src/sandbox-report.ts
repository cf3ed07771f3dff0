import { modes, probedCapabilities, type Mode, type ProbeResult, type SuiteReport } from '@ragnos/plugin';
import { exitCodes } from './exit-codes.ts';
import { count, table } from './text.ts';

/** Nothing got through that should not, and all was tried: else 1. Of modes that are not to be had, the caller knows which were asked for. */
export function suiteExit({ results }: Pick<SuiteReport, 'results'>): number {
  return results.every(({ expected }) => expected) ? exitCodes.ok[0] : exitCodes.failure[0];
}

/** A table of capabilities and modes, and below it what there is to say of single attempts. */
export function suiteLines({ node, results }: Pick<SuiteReport, 'node' | 'results'>): readonly string[] {
  const tried = modes.filter((mode) => results.some((result) => result.mode === mode));
  const rows = probedCapabilities.map((capability) => [
    capability,
    ...tried.map((mode) => cell(results.filter((one) => one.capability === capability && one.mode === mode))),
  ]);
  const open = results.filter(({ outcome, mode }) => outcome === 'not enforced' && mode !== 'trusted');
  const idle = results.filter(({ outcome, expected }) => outcome === 'unproven' && expected);
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
    ...tried.flatMap((mode) =>
      notTried(
        mode,
        results.filter((one) => one.mode === mode && isNotTried(one)),
      ),
    ),
    ...(idle.length === 0
      ? []
      : [
          `proves nothing here, since it fails without confinement too: ${[...new Set(idle.map(({ id }) => id))].join(', ')}`,
        ]),
  ];
}

/** It could not be carried out, or not where it has to get through: nobody knows whether it is stopped. */
export function isNotTried({ outcome, expected }: ProbeResult): boolean {
  return outcome === 'unproven' && !expected;
}

/** One line a reason: where a mode does not work at all, each attempt has the same. */
function notTried(mode: Mode, results: readonly ProbeResult[]): readonly string[] {
  return [...new Set(results.map(({ detail }) => detail))].map((reason) => {
    const ids = results.filter(({ detail }) => detail === reason).map(({ id }) => id);
    return `NOT PROVEN: ${listed(ids)} in ${mode}: ${reason}`;
  });
}

/** `a, b, c and 12 more` */
export function listed(ids: readonly string[]): string {
  const shown = ids.slice(0, 3).join(', ');
  return ids.length <= 3 ? shown : `${shown} and ${ids.length - 3} more`;
}

/** Every layer that something rests on, from the outermost in: a wall of the system's is worth more than our guards inside the plugin. */
function cell(results: readonly ProbeResult[]): string {
  const proven = results.filter(({ outcome }) => outcome !== 'unproven');
  const open = proven.filter(({ outcome }) => outcome === 'not enforced');
  const missing = results.filter(isNotTried).length;
  if (open.length > 0) return `not enforced (${open.length} of ${proven.length} get through)`;
  if (missing > 0) return `NOT PROVEN (${missing} of ${results.length} not tried)`;
  if (proven.length === 0) return 'unproven';
  const layers = (['system', 'node', 'guards', 'host'] as const).filter((layer) =>
    proven.some(({ by }) => by === layer),
  );
  return layers.length === 0 ? 'enforced' : `enforced by ${layers.join(', ')}`;
}

export function suiteJson(report: SuiteReport): object {
  const { node, results, unavailable } = report;
  return {
    node,
    ok: suiteExit(report) === exitCodes.ok[0],
    results,
    unavailable: Object.fromEntries(
      [...unavailable].map(([mode, { code, message, hint }]) => [mode, { code, message, hint }]),
    ),
  };
}
