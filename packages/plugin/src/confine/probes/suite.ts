import type { Layer } from '../api.ts';
import { ConfineRefusedError } from '../errors.ts';
import { modes as allModes, type Mode } from '../grant.ts';
import { nodeMajor } from './node-major.ts';
import { Session } from './session.ts';
import { probes, type Probe, type ProbedCapability, type ProbedPlace } from './table.ts';
import { makeWorld, type World } from './world.ts';

/** `unproven`: the attempt fails here even where nothing stops it, so that it says nothing about the mode. */
export type ProbeOutcome = 'enforced' | 'not enforced' | 'unproven';

export type HeldBy = 'system' | 'node' | 'guards' | 'host';

export interface ProbeResult {
  readonly id: string;
  readonly capability: ProbedCapability;
  readonly mode: Mode;
  readonly outcome: ProbeOutcome;
  /** Whether the table of what holds where says the same. */
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
  readonly onProgress?: (mode: string, id: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Tries every way out that we know, on this host, in each mode. An attempt counts only if it got through in a process that
 * nothing stops. Takes some ten seconds a mode; leaves nothing behind.
 */
export async function runProbes(options: SuiteOptions = {}): Promise<SuiteReport> {
  const node = options.node ?? process.execPath;
  const major = await nodeMajor(node);
  const world = await makeWorld(node);
  const chosen = probes.filter(({ id }) => options.only?.(id) ?? true);
  const unavailable = new Map<Mode, ConfineRefusedError>();
  const results: ProbeResult[] = [];
  try {
    const proven = await control(world, node, chosen, options);
    for (const mode of options.modes ?? allModes.filter((one) => one !== 'trusted')) {
      try {
        const held = await tryAll(world, node, chosen, mode, options, []);
        const layers = await layersOf(world, node, chosen, mode, options);
        for (const probe of chosen) {
          const { leaked, detail } = held.get(probe.id) ?? { leaked: true, detail: '' };
          const ours = probe.capability === 'limits' || probe.capability === 'env';
          const by =
            leaked || layers.length === 0
              ? null
              : ours
                ? 'host'
                : (layers.find(([, stopped]) => stopped.has(probe.id))?.[0] ?? null);
          results.push(judge(probe, mode, major, proven.has(probe.id), leaked, detail, by));
        }
      } catch (error) {
        if (!(error instanceof ConfineRefusedError)) throw error;
        unavailable.set(mode, error);
      }
    }
  } finally {
    await world.close();
  }
  return { node: `v${major}`, results, unavailable };
}

interface Tried {
  readonly leaked: boolean;
  readonly detail: string;
}

async function tryAll(
  world: World,
  node: string,
  chosen: readonly Probe[],
  mode: Mode,
  options: SuiteOptions,
  without: readonly Layer[],
): Promise<ReadonlyMap<string, Tried>> {
  const limits = new Session(mode, world, node, { cpuSeconds: 1 }, without);
  const rest = new Session(mode, world, node, {}, without);
  const place = without.length === 0 ? mode : `${mode} without ${without.join(' and ')}`;
  const tried = new Map<string, Tried>();
  try {
    for (const { id, capability } of chosen)
      tried.set(id, await attempt(world, capability === 'limits' ? limits : rest, id, place, options));
    return tried;
  } finally {
    await limits.close();
    await rest.close();
  }
}

/** From the outermost layer in: what it stops without those inside it. */
async function layersOf(
  world: World,
  node: string,
  chosen: readonly Probe[],
  mode: Mode,
  options: SuiteOptions,
): Promise<readonly (readonly [HeldBy, ReadonlySet<string>])[]> {
  if (options.layers !== true || mode === 'trusted') return [];
  const stopped = async (...without: Layer[]): Promise<ReadonlySet<string>> => {
    const tried = await tryAll(world, node, chosen, mode, options, without);
    return new Set([...tried].flatMap(([id, { leaked }]) => (leaked ? [] : [id])));
  };
  const all = new Set(chosen.map(({ id }) => id));
  const inside = [
    ['node', await stopped('guards')],
    ['guards', all],
  ] as const;
  return mode === 'process' ? inside : [['system', await stopped('guards', 'permissions')], ...inside];
}

async function control(
  world: World,
  node: string,
  chosen: readonly Probe[],
  options: SuiteOptions,
): Promise<ReadonlySet<string>> {
  const proven = new Set<string>();
  for (const kind of ['trusted', 'bare'] as const) {
    const session = new Session(kind, world, node, kind === 'bare' ? { cpuSeconds: 60 } : {});
    try {
      for (const { id } of chosen.filter((probe) => probe.control === kind)) {
        // Nothing stops these: one that fails is one that a busy machine was too slow for, or cannot work here at all.
        for (let tries = 0; tries < 3 && !proven.has(id); tries++) {
          const { leaked } = await attempt(world, session, id, 'control', options);
          if (leaked) proven.add(id);
        }
      }
    } finally {
      await session.close();
    }
  }
  return proven;
}

async function attempt(
  world: World,
  session: Session,
  id: string,
  place: string,
  options: SuiteOptions,
): Promise<Tried> {
  options.signal?.throwIfAborted();
  options.onProgress?.(place, id);
  await world.begin(id);
  const { got, failed } = await session.ask(id);
  if (/^(?:net|signal|execve|worker-text|spawn|fork)/.test(id))
    await new Promise((resolve) => setTimeout(resolve, 120));
  const happened = world.happened(id);
  const told = [...world.secrets, 'forked', 'reached'].some((secret) => got.includes(secret));
  return {
    leaked: happened || told,
    detail: failed ?? (happened ? 'the host was reached' : 'it got an answer'),
  };
}

function judge(
  probe: Probe,
  mode: Mode,
  major: number,
  proven: boolean,
  leaked: boolean,
  detail: string,
  by: HeldBy | null,
): ProbeResult {
  const place = placeOf(mode, major);
  const known = mode === 'trusted' ? heldInTrusted(probe) : probe.open?.[place];
  const outcome = leaked ? 'not enforced' : proven ? 'enforced' : 'unproven';
  const expected = outcome === 'unproven' || (known !== undefined) === leaked;
  const { id, capability } = probe;
  return { id, capability, mode, outcome, expected, by, detail: leaked ? (known ?? detail) : detail };
}

/** Even there code is signed code, nothing is inherited, and limits hold: that is why their control is another. */
function heldInTrusted({ control }: Probe): string | undefined {
  return control === 'bare' ? undefined : 'nothing is confined';
}

function placeOf(mode: Mode, major: number): ProbedPlace {
  if (mode !== 'process') return mode;
  return major < 25 ? 'process on Node 24' : 'process on Node 26';
}
