/** Runs programs as child processes, the real command line above all, the way a person would. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Outcome {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order in which they came, as on a terminal. */
  readonly said: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Ends the program. */
  readonly signal?: AbortSignal;
  /** How long it may take; killed then. */
  readonly timeout?: number;
}

/** Runs `main` by Node; `node` are arguments for Node itself, such as a preload. */
export function runMain(
  main: string,
  args: readonly string[],
  { node = [], ...options }: RunOptions & { readonly node?: readonly string[] },
): Promise<Outcome> {
  return run(process.execPath, [...node, main, ...args], { timeout: 50_000, ...options });
}

/** Runs `program` with `args` and waits for its end; the environment is PATH, HOME, the proxies and what `env` adds. */
export async function run(program: string, args: readonly string[], options: RunOptions): Promise<Outcome> {
  const { cwd, env, input = '', signal, timeout } = options;
  const child = spawn(program, args, {
    cwd,
    env: { ...inherited(), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
    ...(timeout === undefined ? {} : { timeout, killSignal: 'SIGKILL' as const }),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const said: Buffer[] = [];
  for (const [stream, list] of [
    [child.stdout, stdout],
    [child.stderr, stderr],
  ] as const)
    stream.on('data', (chunk: Buffer) => {
      list.push(chunk);
      said.push(chunk);
    });
  child.stdin.on('error', () => undefined); // the child may not read its input
  child.stdin.end(input);
  await once(child, 'close', signal === undefined ? {} : { signal });
  return {
    exit: child.exitCode ?? 1,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
    said: Buffer.concat(said).toString(),
  };
}

/** What a child of the demo inherits: never RAGV_* settings of whoever starts the demo. */
export function inherited(): Record<string, string> {
  const kept: Record<string, string> = { NO_COLOR: '1' };
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined && !name.startsWith('RAGV_') && name !== 'NODE_OPTIONS') kept[name] = value;
  return kept;
}
