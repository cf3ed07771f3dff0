/** Scene 5: each attack changes what is served or what is installed, works on a build without its check, and is refused by ours. */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attack, Deed, Ground, Limit } from './attack.ts';
import { attacks } from './attack-table.ts';
import { consolePlugin, fileToken } from './console-plugin.ts';
import { evilServer, type EvilServer } from './evil-server.ts';
import { mailPlugin } from './mail-plugin.ts';
import { limits } from './postmark.ts';
import { runMain, type Outcome } from './run.ts';
import {
  commandMain,
  ragv,
  ragvQuietly,
  repositoryRoot,
  say,
  shiftedClock,
  telling,
  type Stage,
} from './stage.ts';
import { setVersion } from './story.ts';
import { treeHash } from './tree-hash.ts';
import { weakenedBuild, type Patch } from './weaken.ts';

/** What all attacks start from: the repository before and after a publish, and a host that has seen it before or after. */
export interface World {
  readonly stage: Stage;
  readonly port: number;
  readonly folder: string;
  readonly made: Ground['made'];
}

export interface Verdict {
  readonly attack: Attack;
  /** With the check disabled the attack reached its aim. */
  readonly workedWithoutCheck: boolean;
  readonly exit: number;
  readonly said: string;
  /** What the build without the check said, for whoever has to find out why an attack failed on it. */
  readonly saidWithoutCheck: string;
  readonly refused: boolean;
  /** All that it said, for whoever asks why. */
  readonly outcome: Outcome;
  readonly unchanged: boolean;
}

/** Runs all attacks; throws if one did not work without its check, was not refused with it, or changed anything. */
export async function runAttacks(stage: Stage, port: number): Promise<void> {
  const world = await prepare(stage, port, ['acme/marked', 'acme/server-memory']);
  for (const attack of attacks) {
    const done = telling(`attack: ${attack.title}`);
    const verdict = await attempt(world, attack);
    done();
    if (!verdict.workedWithoutCheck || !verdict.refused || !verdict.unchanged)
      throw new Error(`${attack.id}: ${JSON.stringify(verdict)}`);
    const [without, withIt] =
      attack.elsewhere === undefined ? ['without its check', 'with it'] : ['without us', 'with us'];
    const alone = attack.others === undefined ? '' : ' alone';
    const left = attack.installs === true ? 'installed, and nothing of it was run' : 'host unchanged';
    say(`    ${without}: it works; ${withIt}${alone}: exit ${verdict.exit}, ${left}`);
    say(`    ${shortened(verdict.said)}`);
  }
  for (const limit of limits) {
    const done = telling(`attack that no check stops: ${limit.title}`);
    const found = await admit(world, limit);
    done();
    if (!found.worked || found.shown === null) throw new Error(`${limit.id}: ${JSON.stringify(found)}`);
    say(`    it works: ${limit.why}`);
    say(`    what shows it to a person: ragv ${limit.shows.command.join(' ')}`);
    say(`    ${found.shown.trim()}`);
  }
}

/** What an attacker serves may be all that a message can quote. */
function shortened(line: string): string {
  return line.length <= 160 ? line : `${line.slice(0, 120)} … ${line.slice(-36)}`;
}

/**
 * Publishes one more version of `hello`, a server for AI hosts, and a plugin that asks for news; keeps the repository and the host
 * as they were before and after, when the two are installed. `leftOut` are plugins of the host that no attack is about: every
 * strike begins with a copy of all files.
 */
export async function prepare(stage: Stage, port: number, leftOut: readonly string[] = []): Promise<World> {
  const folder = join(stage.dir, 'attacks');
  await mkdir(folder, { recursive: true });
  const old = join(folder, 'host-old');
  await cp(join(stage.host, 'home'), old, { recursive: true });
  for (const plugin of leftOut)
    await ragvQuietly(['uninstall', plugin], { cwd: stage.host, env: { RAGV_HOME: old } });
  await cp(join(stage.vault, 'public'), join(folder, 'public-old'), { recursive: true });
  await setVersion(join(stage.dir, 'hello-plugin'), '1.3.0');
  await mkdir(join(folder, 'somebody'));
  await writeFile(join(folder, 'somebody', '.npmrc'), `//registry.example/:_authToken=${fileToken}\n`);
  const others = [await mailPlugin(stage.dir, '1.0.0', { port }), await consolePlugin(stage.dir, port)];
  await ragv(['publish', 'hello-plugin', ...others, '--vault', 'vault'], {
    cwd: stage.dir,
    env: stage.operatorEnv,
  });
  await cp(join(stage.vault, 'public'), join(folder, 'public-new'), { recursive: true });
  await cp(old, join(folder, 'host-new'), { recursive: true });
  const server = await evilServer(join(folder, 'public-new'), port);
  try {
    const host = { cwd: stage.host, env: { RAGV_HOME: join(folder, 'host-new') } };
    await ragv(['install', 'acme/mail', 'acme/console', '--grant', 'all'], host);
    await ragv(['info', 'acme/hello'], host);
  } finally {
    await server.close();
  }
  return { stage, port, folder, made: new Map() };
}

/**
 * The attack against a build without its check, then, from the same start, against one with it: the real one, unless other
 * controls would stop the attack too, which are disabled in both.
 */
export async function attempt(world: World, attack: Attack): Promise<Verdict> {
  const { elsewhere, patches, others = [] } = attack;
  const build = async (name: string, list: readonly Patch[]): Promise<string> =>
    weakenedBuild(repositoryRoot, join(world.folder, attack.id, name), list);
  const weak = elsewhere ?? (await build('build', [...patches, ...others]));
  const without = await strike(world, attack, 'without', weak);
  const strong = others.length === 0 ? commandMain : await build('alone', others);
  const against = await strike(world, attack, 'against', strong);
  const lines = against.outcome.stderr.split('\n');
  const refusal = (line: string): boolean => attack.codes.some((code) => line.includes(code));
  const said = lines.find(refusal) ?? lines.find((line) => line.includes('error')) ?? '';
  return {
    attack,
    workedWithoutCheck: await attack.worked(without.outcome, without.ground),
    exit: against.outcome.exit,
    said,
    saidWithoutCheck: without.outcome.stderr.trim(),
    refused: against.outcome.exit === attack.exit && refusal(said),
    outcome: against.outcome,
    unchanged:
      (attack.installs === true || against.before === against.after) &&
      !(await attack.worked(against.outcome, against.ground)),
  };
}

export interface Admission {
  readonly worked: boolean;
  /** The line in which a person can see it; null if none says so. */
  readonly shown: string | null;
  readonly said: string;
}

/** What works against the real build has to be known, and said; and what shows it has to show it. */
export async function admit(world: World, limit: Limit): Promise<Admission> {
  const { outcome, ground } = await strike(world, limit, 'real', commandMain);
  const { command, says } = limit.shows;
  const looked = await strike(world, { ...limit, command }, 'looked', commandMain);
  return {
    worked: await limit.worked(outcome, ground),
    shown: looked.outcome.stdout.split('\n').find((line) => line.includes(says)) ?? null,
    said: outcome.stderr.trim(),
  };
}

interface Strike {
  readonly outcome: Outcome;
  readonly ground: Ground;
  readonly before: string;
  readonly after: string;
}

/** `by` is the main file of a build, or what is done in its place. */
async function strike(
  world: World,
  deed: Deed,
  name: string,
  by: string | NonNullable<Attack['elsewhere']>,
): Promise<Strike> {
  const { stage, port, made } = world;
  const folder = join(world.folder, deed.id, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const home = join(folder, 'home');
  const served = join(folder, 'public');
  const somebody = join(world.folder, 'somebody');
  await cp(join(world.folder, `host-${deed.host}`), home, { recursive: true });
  await cp(join(world.folder, `public-${deed.serves}`), served, { recursive: true });
  let server: EvilServer | null = null;
  const ground: Ground = {
    stage,
    folder,
    home,
    served,
    somebody,
    port,
    made,
    sent: () => server?.sent() ?? 0,
    posted: () => server?.posted() ?? [],
    shared: join(world.folder, 'shared'),
  };
  await deed.tamper?.(ground);
  server = await evilServer(served, port, deed.lie);
  try {
    const before = treeHash(home, untouched(deed));
    const clock = shiftedClock(deed.clockShiftMs);
    const ours = async (main: string): Promise<Outcome> =>
      runMain(main, deed.command, {
        cwd: folder,
        node: clock.node,
        ...(deed.input === undefined ? {} : { input: deed.input }),
        env: {
          HOME: somebody,
          RAGV_HOME: home,
          ...clock.env,
          ...deed.env,
          ...(deed.operator === true ? stage.operatorEnv : {}),
        },
      });
    const outcome = typeof by === 'string' ? await ours(by) : await by(ground);
    return { outcome, ground, before, after: treeHash(home, untouched(deed)) };
  } finally {
    await server.close();
  }
}

/**
 * What a refusal may write: its event, its lock, that it looked at a version's tree, and the time of asking. Where the
 * attack lies behind metadata that verified, that metadata is rightly kept: it is what the attack was measured against.
 */
function untouched(deed: Deed): (path: string) => boolean {
  return (path) =>
    /(?:^|\/)(?:events\.jsonl|state\.json|[^/]*\.lock[^/]*|lock[^/]*)$/.test(path) ||
    /(?:^|\/)live(?:\/|$)/.test(path) ||
    (deed.behindMetadata === true && /\/(?:metadata|known)$/.test(path));
}
