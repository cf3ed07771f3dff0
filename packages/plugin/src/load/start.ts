import { realpathSync } from 'node:fs';

import type { ConfinedProcess, ConfineOptions, DeniedAccess } from '../confine/api.ts';
import { ConfineRefusedError } from '../confine/errors.ts';
import { modes, type Mode, type Runtime } from '../confine/grant.ts';
import { treeSeenAt } from '../confine/launch.ts';
import { makeOwnFolder } from '../confine/own-folder.ts';
import { findBubblewrap } from '../confine/programs.ts';
import { startConfined } from '../confine/start.ts';
import type { Context } from '../host/context.ts';
import type { PluginManifest } from '../formats/manifest.ts';
import { HostFailureError, HostPolicyError } from '../host/errors.ts';
import type { Withheld } from '../host/grants-permit.ts';
import { refuseForeign, runtimeOf, type GivenToLaunch } from '../host/launch.ts';
import { isAtLeast } from '../host/policy.ts';
import { treeChanged } from '../host/verify.ts';
import { activate, verifyTree, type Activated, type VerifyOptions } from './activate.ts';
import { dataFolder } from './folders.ts';
import { permitToStart, type GivenGrant, type StartPermit } from './permit.ts';
import { whoDenied } from './refusals.ts';
import { resolveGrant, valuesOf } from './resolve-grant.ts';
import type { PluginSpec } from '../names.ts';

/** What is run of a verified plugin. */
export interface Program {
  /** Below the tree. */
  readonly entry: string;
  readonly args?: readonly string[];
  /** What its signed launch sets: of this host's environment nothing that was not granted. */
  readonly env?: ReadonlyMap<string, string>;
  /** Folders that the person named in its settings: `$chosen`. */
  readonly folders?: readonly string[];
  readonly runner?: string;
}

export interface StartOptions extends Omit<VerifyOptions, 'repair'> {
  readonly repair?: boolean | undefined;
  readonly mode?: Mode | undefined;
  readonly grant?: GivenGrant | undefined;
  /** What `$project` stands for. */
  readonly workFolder?: string | null | undefined;
  readonly env?: ReadonlyMap<string, string> | undefined;
  readonly limits?: ConfineOptions['limits'];
  readonly onDenied?: ((access: DeniedAccess) => void) | undefined;
}

export interface Started {
  readonly activated: Activated;
  readonly process: ConfinedProcess;
  readonly permit: StartPermit;
  /** What was agreed to for this start alone. */
  readonly given: GivenGrant | undefined;
  /** What it asks for and does not get here. */
  readonly withheld: readonly Withheld[];
  readonly callsPerMinute: number;
  readonly startMs: number;
  /** Of the chain and the tree; a process that waits starts meanwhile. */
  readonly verifyMs: number;
  /** Takes what tells about this host out of a text. */
  readonly clean: (text: string) => string;
}

/** What every program may see of our environment: how to speak to a terminal, nothing that could be a secret. */
const passed = 'LANG LC_ALL LC_CTYPE TZ TERM NO_COLOR FORCE_COLOR COLUMNS LINES SystemRoot'.split(' ');

/**
 * Verifies what is installed and starts it with what it may: signed, agreed to, allowed by policy, and there on this host.
 * Nothing of it is left if this throws.
 */
export async function startPlugin(
  context: Context,
  spec: PluginSpec,
  programOf: (activated: Activated, root: string, given: GivenToLaunch) => Program,
  options: StartOptions,
): Promise<Started> {
  const started = performance.now();
  const activated = await activate(context, spec, options.signal);
  const undo: (() => void)[] = [() => activated.lock.release()];
  try {
    const { manifest, folder, name } = activated;
    const permit = await permitToStart(context, manifest, options.grant);
    refuseForeign(manifest);
    const runtime = runtimeOf(manifest);
    if (runtime === 'executable' && !permit.capabilities.native) throw notGranted(manifest);
    const mode = await chooseMode(name, runtime, options.mode, permit.leastMode);
    const root = treeSeenAt(mode, folder);
    const environments = [options.env ?? new Map(), process.env];
    const values = valuesOf(permit.capabilities.env, environments);
    const variables = new Map(permit.capabilities.env.map((one) => [one, values.get(one) ?? null]));
    const program = programOf(activated, root, { variables, folders: permit.folders });
    const { read, write } = permit.capabilities;
    const owned = [...read, ...write].some((place) => place.split('/', 1)[0] === '$temp')
      ? await makeOwnFolder('ragv-temp-')
      : null;
    undo.push(() => owned?.remove());
    const temp = owned?.path ?? null;
    let data: string | null = null;
    const { grant, missing } = resolveGrant({
      capabilities: permit.capabilities,
      places: {
        data: () => (data ??= dataFolder(context, manifest)),
        temp,
        project: options.workFolder ?? null,
        chosen: [...permit.folders, ...(program.folders ?? [])],
      },
      deny: [context.home],
      environments,
    });
    const env = new Map<string, string>([
      ...(mode === 'compute' ? [] : basics(root)),
      ...(data === null ? [] : [['RAGV_DATA', data] as const]),
      ...(temp === null ? [] : [['TMPDIR', temp] as const]),
      ...grant.env,
      ...(program.env ?? []),
    ]);
    let verifyMs = activated.chainMs;
    let tree: 'whole' | 'repaired' = 'whole';
    const verify: ConfineOptions['verify'] = async (keep) => {
      const began = performance.now();
      tree = await verifyTree(context, activated, { ...options, keep, repair: options.repair ?? true });
      verifyMs += performance.now() - began;
      if (tree === 'repaired') throw treeChanged(name, 1); // the process that waits has the old one before it
    };
    const confinement: ConfineOptions = {
      mode,
      runtime,
      folder,
      entry: program.entry,
      args: program.args ?? [],
      grant: { ...grant, env },
      files: activated.files,
      deny: [realpathSync(context.home)],
      ...(program.runner === undefined ? {} : { runner: program.runner }),
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      onDenied: (access) => options.onDenied?.(whoDenied(access, permit.withheld)),
    };
    const confined = await startConfined({ ...confinement, verify }).catch((error: unknown) => {
      if (tree === 'whole') throw error;
      return startConfined(confinement);
    });
    void confined.exited.then(() => undo.forEach((one) => one()));
    if (options.signal?.aborted === true) {
      await confined.stop({ graceMs: 0 });
      options.signal.throwIfAborted();
    }
    return {
      activated,
      process: confined,
      permit,
      given: options.grant,
      withheld: [...permit.withheld, ...missing],
      callsPerMinute: grant.limits.callsPerMinute,
      startMs: performance.now() - started,
      verifyMs,
      clean: cleaner(
        new Map([
          [folder, '$plugin'],
          ...(data === null ? [] : [[data, '$data'] as const]),
          ...(temp === null ? [] : [[temp, '$temp'] as const]),
          [realpathSync(context.home), '$vault'],
        ]),
      ),
    };
  } catch (error) {
    for (const one of undo) one(); // each may be called twice
    throw error;
  }
}

/** Its program is all that there is of it: kept back, nothing is left to start. */
function notGranted({ vendor, plugin, version }: PluginManifest): HostPolicyError {
  const name = `${vendor}/${plugin}`;
  return new HostPolicyError('NOT_ALLOWED', `${name}@${version} is native code, which it was not granted`, {
    hint: `ragv grant list ${name} says who withholds native; ragv install ${name} --grant all agrees to it`,
  });
}

function basics(root: string): readonly (readonly [string, string])[] {
  return [
    ['RAGV_PLUGIN_ROOT', root],
    ...passed.flatMap((name): readonly (readonly [string, string])[] => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  ];
}

/** @throws BAD_SPEC for what is none: a typing error is no wish for less */
export function refuseNoMode(asked: string | undefined): void {
  if (asked === undefined || modes.some((mode) => mode === asked)) return;
  throw new HostFailureError('BAD_SPEC', `there is no mode ${JSON.stringify(asked)}`, {
    hint: `the modes are ${modes.join(', ')}`,
  });
}

/** The mode asked for, which policy may not be stronger than; else the strongest to be had, never `trusted`. */
async function chooseMode(
  name: string,
  runtime: Runtime,
  asked: Mode | undefined,
  least: Mode,
): Promise<Mode> {
  if (asked !== undefined) {
    refuseNoMode(asked);
    if (isAtLeast(asked, least)) return asked;
    throw new HostPolicyError('NOT_ALLOWED', `${name}: policy wants mode ${least}, not ${asked}`, {
      hint: `--mode ${least}`,
    });
  }
  if (least === 'compute') return 'compute';
  if (least === 'sandbox' || runtime !== 'node') return 'sandbox'; // which fails where it is not to be had
  return (await sandboxHere()) ? 'sandbox' : 'process';
}

async function sandboxHere(): Promise<boolean> {
  if (process.platform === 'darwin') return true; // it comes with the system; not started if it does not work
  if (process.platform !== 'linux') return false;
  try {
    await findBubblewrap();
    return true;
  } catch (error) {
    if (error instanceof ConfineRefusedError) return false;
    throw error;
  }
}

/** The longest first, so that a folder's own name is found before that of the one around it. */
function cleaner(names: ReadonlyMap<string, string>): (text: string) => string {
  const known = [...names].toSorted(([a], [b]) => b.length - a.length);
  return (text) => known.reduce((left, [path, name]) => left.replaceAll(path, name), text);
}
