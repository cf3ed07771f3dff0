/** Runs programs many times and keeps medians: these machines are shared and noisy. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** One run of a whole process: `cpu` and `wall` in seconds, `memory` (peak resident set) in MB. */
export interface Sample {
  readonly cpu: number;
  readonly wall: number;
  readonly memory: number;
}

export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Called before each run, outside the measurement. */
  readonly prepare?: () => Promise<void>;
}

/**
 * Runs each program `times` times, in turns, so that a slow minute of the machine hits all of them alike.
 * A program reports its own use by a last line `{"cpu": s, "memory": MB}` on stdout, written as it exits;
 * one that fails makes the whole benchmark fail.
 */
export async function measure(programs: readonly Program[], times: number): Promise<Map<string, Sample>> {
  const samples = new Map<string, Sample[]>(programs.map((program) => [program.name, []]));
  for (let turn = 0; turn < times; turn++)
    for (const program of programs) {
      await program.prepare?.();
      samples.get(program.name)!.push(await runOnce(program));
    }
  return new Map([...samples].map(([name, list]) => [name, medians(list)]));
}

async function runOnce(program: Program): Promise<Sample> {
  const started = performance.now();
  const child = spawn(program.command, program.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(program.cwd === undefined ? {} : { cwd: program.cwd }),
  });
  const output: Buffer[] = [];
  const said: Buffer[] = []; // shown only when it fails
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
  await once(child, 'close');
  const wall = (performance.now() - started) / 1000;
  if (child.exitCode !== 0)
    throw new Error(
      `${program.name} failed: ${program.command} ${program.args.join(' ')}\n${Buffer.concat(said).toString()}`,
    );
  const report: unknown = JSON.parse(Buffer.concat(output).toString().trim().split('\n').at(-1) ?? '');
  if (!isReport(report)) throw new Error(`${program.name} reported no use of CPU`);
  return { cpu: report.cpu, wall, memory: report.memory };
}

function isReport(value: unknown): value is { readonly cpu: number; readonly memory: number } {
  return typeof value === 'object' && value !== null && 'cpu' in value && 'memory' in value;
}

function medians(samples: readonly Sample[]): Sample {
  return {
    cpu: median(samples.map((sample) => sample.cpu)),
    wall: median(samples.map((sample) => sample.wall)),
    memory: median(samples.map((sample) => sample.memory)),
  };
}

/** The middle value; of an even count, the lower of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}
