import { existsSync } from 'node:fs';
import {
  listTrusted,
  localPolicy,
  modes,
  openHost,
  runProbes,
  type Mode,
  type PolicySource,
  type SuiteReport,
} from '@ragnos/plugin';
import { finding, type Finding } from '@ragnos/repository';
import { VaultError } from '@ragnos/tuf';
import type { Context } from '../command.ts';
import { homeFolder, policyFile } from '../host.ts';
import { isNotTried, listed } from '../sandbox-report.ts';
import { count } from '../text.ts';

/** How one mode of confinement does on this computer. */
export interface TriedMode {
  readonly mode: Mode;
  /** `null` = it is to be had; else why not. */
  readonly unavailable: string | null;
  readonly attempts: number;
  /** Attempts that get through, as is known and said. */
  readonly open: readonly string[];
  /** Attempts that get through and should not. */
  readonly unexpected: readonly string[];
  /** Attempts that could not be carried out: whether they are stopped, nobody knows. */
  readonly unproven: readonly string[];
  /** Places of the rules that demand it. */
  readonly demandedBy: readonly string[];
}

export interface TriedSandbox {
  readonly modes: readonly TriedMode[];
  readonly findings: readonly Finding[];
}

export const noSandbox: TriedSandbox = { modes: [], findings: [] };

/** Which rule of which policy in force on this host demands which mode. Of what cannot be read it is said. */
interface Demands {
  readonly places: ReadonlyMap<Mode, readonly string[]>;
  readonly findings: readonly Finding[];
}

/**
 * Tries, as `ragv sandbox test` does, what confinement holds here: of `sandbox` and `process`, one of which every plugin runs in,
 * and of what policy demands. Takes about ten seconds a mode. Only where plugins are run, which this computer need not be for.
 */
export async function trySandbox(context: Context): Promise<TriedSandbox> {
  const { voice, signal } = context;
  const demands = await demandsOf(context);
  const chosen = modes.filter((mode) => mode === 'sandbox' || mode === 'process' || demands.places.has(mode));
  let done = 0;
  const report = await runProbes({
    modes: chosen,
    signal,
    onProgress: (place) =>
      voice.progress(`trying what holds a plugin here, ${place}: ${++done} attempts`, done, null),
  });
  const judged = judgeSandbox(report, chosen, demands.places);
  return { ...judged, findings: [...demands.findings, ...judged.findings] };
}

/** Whether plugins are run here: somebody trusts a repository, or has a policy. */
export async function isHost(context: Context): Promise<boolean> {
  const home = homeFolder(context);
  if (policyFile(context) !== undefined) return true;
  return existsSync(home) && (await listTrusted({ home })).length > 0;
}

/** What is demanded and does not hold is an error; all else is to be known. */
export function judgeSandbox(
  report: Pick<SuiteReport, 'results' | 'unavailable'>,
  chosen: readonly Mode[],
  demands: ReadonlyMap<Mode, readonly string[]>,
): TriedSandbox {
  const tried = chosen.map((mode): TriedMode => {
    const results = report.results.filter((one) => one.mode === mode);
    const through = results.filter(({ outcome }) => outcome === 'not enforced');
    return {
      mode,
      unavailable: report.unavailable.get(mode)?.message ?? null,
      attempts: results.filter(({ outcome }) => outcome !== 'unproven').length,
      open: through.filter(({ expected }) => expected).map(({ id }) => id),
      unexpected: through.filter(({ expected }) => !expected).map(({ id }) => id),
      unproven: results.filter(isNotTried).map(({ id }) => id),
      demandedBy: demands.get(mode) ?? [],
    };
  });
  return {
    modes: tried,
    findings: tried.flatMap((one) => findingsOf(one, report.unavailable.get(one.mode)?.hint)),
  };
}

const known = 'docs/sandbox.md says what each mode holds; ragv sandbox test shows every attempt';

function findingsOf(tried: TriedMode, hint: string | undefined): readonly Finding[] {
  const { mode, unavailable, open, unexpected, unproven, demandedBy } = tried;
  const [first] = demandedBy;
  const said = (message: string, what: string): Finding =>
    first === undefined
      ? finding('sandbox-mode', message, what)
      : finding('sandbox-demanded', `${message}, and ${first} demands it`, what);
  if (unavailable !== null) {
    const what = hint ?? known;
    return [said(`mode ${mode} is not to be had here: ${unavailable}`, what)];
  }
  const through = (ids: readonly string[]): string =>
    `${count(ids.length, 'attempt gets', 'attempts get')} through: ${ids.join(', ')}`;
  return [
    ...(unexpected.length === 0
      ? []
      : [
          said(
            `mode ${mode} does not hold here: ${through(unexpected)}`,
            'tell us, with what ragv sandbox test --json says',
          ),
        ]),
    ...(unproven.length === 0
      ? []
      : [
          said(
            `what mode ${mode} holds here is not proven: ${count(unproven.length, 'attempt')} could not be made: ${listed(unproven)}`,
            `ragv sandbox test --mode ${mode} says why`,
          ),
        ]),
    ...(open.length === 0
      ? []
      : [finding('sandbox-mode', `mode ${mode} is not made to hold all: ${through(open)}`, known)]),
  ];
}

/** `holds: 96 attempts stopped` */
export function modeWords(tried: TriedMode): string {
  const { unavailable, attempts, open, unexpected, unproven, demandedBy } = tried;
  const demanded = demandedBy.length === 0 ? '' : '; policy demands it';
  if (unavailable !== null) return `is not to be had here${demanded}`;
  const through = open.length + unexpected.length;
  const stopped = `${count(attempts - through, 'attempt')} stopped`;
  const unknown = unproven.length === 0 ? '' : `, ${unproven.length} not made`;
  if (unexpected.length > 0) return `DOES NOT HOLD: ${stopped}, ${through} not${unknown}${demanded}`;
  if (unknown !== '') return `IS NOT PROVEN: ${stopped}${unknown}${demanded}`;
  return `${open.length === 0 ? `holds: ${stopped}` : `holds, but for what is known: ${stopped}, ${open.length} not`}${demanded}`;
}

async function demandsOf(context: Context): Promise<Demands> {
  const places = new Map<Mode, string[]>();
  const findings: Finding[] = [];
  for (const { from, policy } of await policiesHere(context, findings))
    for (const [index, { mode }] of policy.rules.entries())
      if (mode !== null && mode !== 'trusted')
        places.set(mode, [...(places.get(mode) ?? []), `${from} rules[${index}]`]);
  return { places, findings };
}

/** The host's own, and that of every repository that it trusts, as last seen: nobody is asked. */
async function policiesHere(context: Context, findings: Finding[]): Promise<readonly PolicySource[]> {
  const home = homeFolder(context);
  const policy = policyFile(context);
  const found: PolicySource[] = [];
  const read = async (action: () => Promise<readonly PolicySource[]>): Promise<void> => {
    try {
      found.push(...(await action()));
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      const message = `a policy of this host cannot be read, so nobody knows what it demands: ${error.message}`;
      findings.push(finding('sandbox-demanded', message, error.hint ?? 'ragv policy show'));
    }
  };
  if (policy !== undefined) await read(async () => [await localPolicy(policy)]);
  if (!existsSync(home)) return found;
  for (const { alias } of await listTrusted({ home }))
    await read(async () => (await openHost({ home, alias, offline: true })).policies());
  return found;
}
