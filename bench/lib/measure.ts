/** Runs programs many times and keeps medians: these machines are shared and noisy. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { Readable } from 'node:stream';
import { program as pathOf } from './packages.ts';

/** Seconds of CPU after which a program is stopped; so it is after as much time as two such would take. */
export const cpuLimit = 120;

/** One run of a whole process: `cpu` and `wall` in seconds, `memory` (peak resident set) in MB, null where nobody says it. */
export interface Sample {
  /** Infinite for one that was stopped at `cpuLimit`, NaN for one that failed. */
  readonly cpu: number;
  readonly wall: number;
  readonly memory: number | null;
}

export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** A peer that cannot do it is an answer; ours failing is none. */
  readonly mayFail?: boolean;
  /** Called before each run, outside the measurement. */
  readonly prepare?: () => Promise<void>;
}

/** One that takes so many seconds runs once: its own figure is steady enough, and nobody waits for the others. */
const slow = 10;

/**
 * Runs each program `times` times, in turns, so that a slow minute of the machine hits all of them alike. One that fails
 * makes the whole benchmark fail. Peak memory is what the kernel says to a parent in Python (no other here is told);
 * without Python it is what a program reports of itself, by a last line `{"memory": MB}` on stdout.
 */
export async function measure(programs: readonly Program[], times: number): Promise<Map<string, Sample>> {
  const samples = new Map<string, Sample[]>(programs.map((program) => [program.name, []]));
  for (let turn = 0; turn < times; turn++)
    for (const program of programs) {
      const list = samples.get(program.name)!;
      if (list.some(({ cpu }) => cpu > slow || Number.isNaN(cpu))) continue;
      await program.prepare?.();
      list.push(await runOnce(program));
    }
  return new Map([...samples].map(([name, list]) => [name, medians(list)]));
}

/**
 * Both count what the kernel charged to the process until it was gone, start and end included, in any language; a program
 * that asks itself misses both. The shell's `time` knows no memory.
 */
const timed = `ulimit -S -t ${cpuLimit}; exec 3>&2; TIMEFORMAT="%R %U %S"; { time "$@" 2>&3; } 2>&4`;
const inShell = ['bash', '-c', timed, 'bash'] as const;

let found: readonly [command: string, ...args: string[]] | undefined;

/** What a program and its arguments are appended to. */
function parent(): readonly [command: string, ...args: string[]] {
  if (found !== undefined) return found;
  const asked = ['-c', 'import os, sys; os.fork, os.wait4, os.waitstatus_to_exitcode; print(sys.executable)'];
  const { status, stdout } = spawnSync('python3', asked, { encoding: 'utf8' }); // itself, not what starts it
  found = status === 0 ? [stdout.trim(), '-I', '-S', pathOf('measured.py'), String(cpuLimit)] : inShell;
  return found;
}

async function runOnce(program: Program): Promise<Sample> {
  const [command, ...before] = parent();
  const child = spawn(command, [...before, program.command, ...program.args], {
    stdio: ['ignore', 'pipe', 'pipe', 'ignore', 'pipe'],
    detached: true, // a group of its own, so that what it started can be stopped with it
    ...(program.cwd === undefined ? {} : { cwd: program.cwd }),
  });
  const [stdout, stderr, times] = [1, 2, 4].map((number) => collect(child.stdio[number]));
  const late = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), 2 * cpuLimit * 1000);
  await once(child, 'close');
  clearTimeout(late);
  if (child.exitCode === stoppedByLimit || child.signalCode === 'SIGKILL')
    return { cpu: Number.POSITIVE_INFINITY, wall: Number.POSITIVE_INFINITY, memory: null };
  if (child.exitCode !== 0 && program.mayFail === true) {
    console.error(`${program.name} cannot do it: ${(stderr?.() || stdout?.() || '').slice(0, 300)}`);
    return { cpu: Number.NaN, wall: Number.NaN, memory: null };
  }
  if (child.exitCode !== 0)
    throw new Error(`${program.name} failed: ${program.command} ${program.args.join(' ')}\n${stderr?.()}`);
  const [wall = Number.NaN, user = Number.NaN, system = Number.NaN, memory] = (times?.() ?? '')
    .split(' ')
    .map(Number);
  return { cpu: user + system, wall, memory: memory ?? memoryOf(stdout?.() ?? '') };
}

const stoppedByLimit = 128 + constants.signals.SIGXCPU;

function collect(stream: unknown): () => string {
  const chunks: Buffer[] = [];
  if (stream instanceof Readable) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString().trim();
}

function memoryOf(output: string): number | null {
  const reported = /\{"memory": ?(\d+(?:\.\d+)?)\}$/.exec(output)?.[1];
  return reported === undefined ? null : Number(reported);
}

function medians(samples: readonly Sample[]): Sample {
  return {
    cpu: median(samples.map((sample) => sample.cpu)),
    wall: median(samples.map((sample) => sample.wall)),
    memory: samples.some(({ memory }) => memory === null)
      ? null
      : median(samples.map(({ memory }) => memory ?? 0)),
  };
}

/** The middle value; of an even count, the lower of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}
