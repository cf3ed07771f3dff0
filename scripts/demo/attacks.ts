/** Scene 5: each attack changes what is served or what is installed, works on a build without its check, and is refused by ours. */
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Attack, Ground } from './attack.ts';
import { attacks } from './attack-table.ts';
import { evilServer, type EvilServer } from './evil-server.ts';
import { honestText, mailPlugin } from './mail-plugin.ts';
import { runMain, type Outcome } from './run.ts';
import { commandMain, ragv, repositoryRoot, say, telling, type Stage } from './stage.ts';
import { setVersion } from './story.ts';
import { treeHash } from './tree-hash.ts';
import { weakenedBuild } from './weaken.ts';

/** What all attacks start from: the repository before and after a publish, and a host that has seen it before or after. */
export interface World {
  readonly stage: Stage;
  readonly port: number;
  readonly folder: string;
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
  readonly unchanged: boolean;
}

/** Runs all attacks; throws if one did not work without its check, was not refused with it, or changed anything. */
export async function runAttacks(stage: Stage, port: number): Promise<void> {
  const world = await prepare(stage, port);
  for (const attack of attacks) {
    const done = telling(`attack: ${attack.title}`);
    const verdict = await attempt(world, attack);
    done();
    if (!verdict.workedWithoutCheck || !verdict.refused || !verdict.unchanged)
      throw new Error(`${attack.id}: ${JSON.stringify(verdict)}`);
    say(`    without its check: it works; with it: exit ${verdict.exit}, host unchanged`);
    say(`    ${shortened(verdict.said)}`);
  }
}

/** What an attacker serves may be all that a message can quote. */
function shortened(line: string): string {
  return line.length <= 160 ? line : `${line.slice(0, 120)} … ${line.slice(-36)}`;
}

/**
 * Publishes one more version of `hello`, and a server for AI hosts; keeps the repository and the host as they were before and after,
 * when the server is installed.
 */
export async function prepare(stage: Stage, port: number): Promise<World> {
  const folder = join(stage.dir, 'attacks');
  await mkdir(folder, { recursive: true });
  await cp(join(stage.host, 'home'), join(folder, 'host-old'), { recursive: true });
  await cp(join(stage.vault, 'public'), join(folder, 'public-old'), { recursive: true });
  await setVersion(join(stage.dir, 'hello-plugin'), '1.3.0');
  const mail = await mailPlugin(stage.dir, '1.0.0', honestText);
  await ragv(['publish', 'hello-plugin', mail, '--vault', 'vault'], {
    cwd: stage.dir,
    env: stage.operatorEnv,
  });
  await cp(join(stage.vault, 'public'), join(folder, 'public-new'), { recursive: true });
  await cp(join(folder, 'host-old'), join(folder, 'host-new'), { recursive: true });
  const server = await evilServer(join(folder, 'public-new'), port);
  try {
    const host = { cwd: stage.host, env: { RAGV_HOME: join(folder, 'host-new') } };
    await ragv(['install', 'acme/mail', '--grant', 'all'], host);
    await ragv(['info', 'acme/hello'], host);
  } finally {
    await server.close();
  }
  return { stage, port, folder };
}

/** The attack against a build without its check, then, from the same start, against the real one. */
export async function attempt(world: World, attack: Attack): Promise<Verdict> {
  const weak = await weakenedBuild(repositoryRoot, join(world.folder, attack.id, 'build'), attack.patches);
  const without = await strike(world, attack, 'without', weak);
  const against = await strike(world, attack, 'against', commandMain);
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
    unchanged: against.before === against.after && !(await attack.worked(against.outcome, against.ground)),
  };
}

interface Strike {
  readonly outcome: Outcome;
  readonly ground: Ground;
  readonly before: string;
  readonly after: string;
}

async function strike(world: World, attack: Attack, name: string, main: string): Promise<Strike> {
  const { stage, port } = world;
  const folder = join(world.folder, attack.id, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const home = join(folder, 'home');
  const served = join(folder, 'public');
  await cp(join(world.folder, `host-${attack.host}`), home, { recursive: true });
  await cp(join(world.folder, `public-${attack.serves}`), served, { recursive: true });
  let server: EvilServer | null = null;
  const ground: Ground = { stage, folder, home, served, sent: () => server?.sent() ?? 0, port };
  await attack.tamper?.(ground);
  server = await evilServer(served, port, attack.lie);
  try {
    const before = treeHash(home, untouched(attack));
    const clock =
      attack.clockShiftMs === undefined
        ? []
        : ['--import', join(repositoryRoot, 'scripts', 'demo', 'shifted-clock.mjs')];
    const outcome = await runMain(main, attack.command, {
      cwd: folder,
      node: clock,
      ...(attack.input === undefined ? {} : { input: attack.input }),
      env: {
        RAGV_HOME: home,
        DEMO_CLOCK_SHIFT_MS: String(attack.clockShiftMs ?? 0),
        ...attack.env,
        ...(attack.operator === true ? stage.operatorEnv : {}),
      },
    });
    return { outcome, ground, before, after: treeHash(home, untouched(attack)) };
  } finally {
    await server.close();
  }
}

/**
 * What a refusal may write: its event, its lock, that it looked at a version's tree, and the time of asking. Where the
 * attack lies behind metadata that verified, that metadata is rightly kept: it is what the attack was measured against.
 */
function untouched(attack: Attack): (path: string) => boolean {
  return (path) =>
    /(?:^|\/)(?:events\.jsonl|state\.json|[^/]*\.lock[^/]*|lock[^/]*)$/.test(path) ||
    /(?:^|\/)live(?:\/|$)/.test(path) ||
    (attack.behindMetadata === true && /\/(?:metadata|known)$/.test(path));
}
