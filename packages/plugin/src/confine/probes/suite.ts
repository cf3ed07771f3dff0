import type { Layer } from '../api.ts';
import { ConfineRefusedError } from '../errors.ts';
import { modes as allModes, type Mode } from '../grant.ts';
import { nodeMajor } from './node-major.ts';
import { Session } from './session.ts';
import { probes, type Probe, type ProbedCapability, type ProbedPlace } from './table.ts';
import { makeWorld, type World } from './world.ts';

/** `unproven`: the attempt fails here even where nothing stops it, or was not carried out, so that it says nothing about the mode. */
export type ProbeOutcome = 'enforced' | 'not enforced' | 'unproven';

export type HeldBy = 'system' | 'node' | 'guards' | 'host';

export interface ProbeResult {
  readonly id: string;
  readonly capability: ProbedCapability;
  readonly mode: Mode;
  readonly outcome: ProbeOutcome;
  /**
   * Whether the table of what holds where says the same. Of what is unproven: whether it was carried out, and fails here without
   * confinement too. An attempt that was not carried out is never expected.
   */
  readonly expected: boolean;
  /**
   * The outermost layer that stops it by itself: the operating system, Node's permissions, the host that started it, or our guards, which live in the
   * plugin's own process and are hardening rather than a wall. `null`: not stopped, or not looked at.
   */
  readonly by: HeldBy | null;
  /** How the attempt ended, or why it is known to get through. */
  readonly detail: string;
}

export interface SuiteReport {
  readonly node: string;
  readonly results: readonly ProbeResult[];
  /** Modes that are not to be had on this host, and why. */
  readonly unavailable: ReadonlyMap<Mode, ConfineRefusedError>;
}

export interface SuiteOptions {
  /** Default: all but `trusted`, in which everything is expected to get through. */
  readonly modes?: readonly Mode[];
  /** Default: this process's Node. */
  readonly node?: string;
  /** Also look which layer holds, which takes twice as long. */
  readonly layers?: boolean;
  /** Default: all. */
  readonly only?: (id: string) => boolean;
  /** Whether the plugin runs from a private copy. Default: as plugins are run. */
  readonly privateCopy?: boolean;
  readonly onProgress?: (mode: string, id: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Tries every way out that we know, on this host, in each mode. An attempt counts only if it got through in a process that
 * nothing stops, and failed in one that had just shown that it can do what it may. Takes some ten seconds a mode; leaves
 * nothing behind.
 */
export async function runProbes(options: SuiteOptions = {}): Promise<SuiteReport> {
  const node = options.node ?? process.execPath;
  const major = await nodeMajor(node);
  const world = await makeWorld(node);
  const chosen = probes.filter(({ id }) => options.only?.(id) ?? true);
  const unavailable = new Map<Mode, ConfineRefusedError>();
  const results: ProbeResult[] = [];
  const suite: Suite = { world, node, options };
  try {
    const controls = await control(suite, chosen);
    for (const mode of options.modes ?? allModes.filter((one) => one !== 'trusted')) {
      try {
        const tried = await tryAll(suite, chosen, mode, []);
        const layers = await layersOf(suite, chosen, mode);
        for (const [probe, one] of tried) {
          const by = one.made && !one.leaked ? heldBy(probe, layers) : null;
          results.push(judge(probe, placeOf(mode, major), mode, controls.get(probe) ?? notMade, one, by));
        }
      } catch (error) {
        if (!(error instanceof ConfineRefusedError) || error.code !== 'SANDBOX_UNAVAILABLE') throw error;
        unavailable.set(mode, error);
      }
    }
  } finally {
    await world.close();
  }
  return { node: `v${major}`, results, unavailable };
}

interface Suite {
  readonly world: World;
  readonly node: string;
  readonly options: SuiteOptions;
}

interface Tried {
  readonly made: boolean;
  readonly leaked: boolean;
  readonly detail: string;
}

const notMade: Tried = { made: false, leaked: false, detail: 'not tried' };
const mostTries = 3;

async function tryAll(
  { world, node, options }: Suite,
  chosen: readonly Probe[],
  mode: Mode | 'bare',
  without: readonly Layer[],
): Promise<ReadonlyMap<Probe, Tried>> {
  const { privateCopy } = options;
  const more = { without, ...(privateCopy !== undefined && mode !== 'bare' && { privateCopy }) };
  const session = new Session(mode, world, node, more);
  const short = new Session(mode, world, node, { ...more, limits: { cpuSeconds: 1 } });
  const place = without.length === 0 ? mode : `${mode} without ${without.join(' and ')}`;
  const tried = new Map<Probe, Tried>();
  try {
    for (const probe of chosen) {
      const one = probe.endedBy === 'CPU_LIMIT' ? short : session;
      let last = await attempt(world, one, probe, place, options);
      // Where nothing stops it, one that fails is one that a busy machine was too slow for, or cannot work here at all.
      const again = (): boolean => !last.made || (mode === probe.control && !last.leaked);
      for (let tries = 1; again() && tries < mostTries; tries++)
        last = await attempt(world, one, probe, place, options);
      tried.set(probe, last);
    }
    return tried;
  } finally {
    await session.close();
    await short.close();
  }
}

async function control(suite: Suite, chosen: readonly Probe[]): Promise<ReadonlyMap<Probe, Tried>> {
  const kind = async (one: Probe['control']): Promise<ReadonlyMap<Probe, Tried>> =>
    tryAll(
      suite,
      chosen.filter((probe) => probe.control === one),
      one,
      [],
    );
  return new Map([...(await kind('trusted')), ...(await kind('bare'))]);
}

/** From the outermost layer in: what it stops without those inside it. */
async function layersOf(
  suite: Suite,
  chosen: readonly Probe[],
  mode: Mode,
): Promise<readonly (readonly [HeldBy, ReadonlySet<Probe>])[] | null> {
  if (suite.options.layers !== true || mode === 'trusted') return null;
  const inner = chosen.filter((probe) => !isOurs(probe));
  const stopped = async (...without: Layer[]): Promise<ReadonlySet<Probe>> => {
    const tried = await tryAll(suite, inner, mode, without);
    // Our loader is there in any case: what it refuses is stopped inside, by no layer further out.
    const held = ({ made, leaked, detail }: Tried): boolean =>
      made && !leaked && !detail.includes('not granted to this plugin');
    return new Set([...tried].flatMap(([probe, one]) => (held(one) ? [probe] : [])));
  };
  const inside = [
    ['node', await stopped('guards')],
    ['guards', new Set(chosen)],
  ] as const;
  return mode === 'process' ? inside : [['system', await stopped('guards', 'permissions')], ...inside];
}

/** What the host that started it sees to, whatever is inside. */
function isOurs({ capability }: Probe): boolean {
  return capability === 'limits' || capability === 'env';
}

function heldBy(
  probe: Probe,
  layers: readonly (readonly [HeldBy, ReadonlySet<Probe>])[] | null,
): HeldBy | null {
  if (layers === null) return null;
  return isOurs(probe) ? 'host' : (layers.find(([, stopped]) => stopped.has(probe))?.[0] ?? null);
}

async function attempt(
  world: World,
  session: Session,
  probe: Probe,
  place: string,
  options: SuiteOptions,
): Promise<Tried> {
  options.signal?.throwIfAborted();
  const { id } = probe;
  options.onProgress?.(place, id);
  const unfit = await session.prepare();
  if (unfit !== null) return { made: false, leaked: false, detail: unfit };
  await world.begin(id);
  const { got, failed, made } = await session.ask(probe);
  if (/^(?:net|signal|execve|worker-text|spawn|fork)/.test(id))
    await new Promise((resolve) => setTimeout(resolve, 120));
  const happened = world.happened(id);
  const leaked = happened || [...world.secrets, 'forked', 'reached'].some((secret) => got.includes(secret));
  return {
    made: made || leaked,
    leaked,
    detail: failed ?? (happened ? 'the host was reached' : 'it got an answer'),
  };
}

function judge(
  probe: Probe,
  place: ProbedPlace,
  mode: Mode,
  control: Tried,
  { made, leaked, detail }: Tried,
  by: HeldBy | null,
): ProbeResult {
  const { id, capability } = probe;
  const one = { id, capability, mode, by };
  const known = mode === 'trusted' ? heldInTrusted(probe) : probe.open?.[place];
  if (leaked)
    return { ...one, outcome: 'not enforced', expected: known !== undefined, detail: known ?? detail };
  if (!made) return { ...one, outcome: 'unproven', expected: false, detail };
  if (!control.leaked)
    return {
      ...one,
      outcome: 'unproven',
      expected: control.made,
      detail: `where nothing stops it: ${control.detail}`,
    };
  return { ...one, outcome: 'enforced', expected: known === undefined, detail };
}

/** Even there code is signed code, nothing is inherited, and limits hold: that is why their control is another. */
function heldInTrusted({ control }: Probe): string | undefined {
  return control === 'bare' ? undefined : 'nothing is confined';
}

function placeOf(mode: Mode, major: number): ProbedPlace {
  if (mode !== 'process') return mode;
  return major < 25 ? 'process on Node 24' : 'process on Node 26';
}
