/** Runs the real command on a real terminal, and types. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { json, listen, packagesFolder } from './ragv.ts';

export interface Typed {
  /** All that the terminal showed. */
  readonly said: string;
  readonly exit: number | null;
  readonly signal: number | null;
  /** What was waited for and never came. */
  readonly missed: string | null;
}

/** What to wait for, and what to type then; `null` closes the terminal. */
export type Step = readonly [wait: string, typed: string | null];

export const keys = {
  enter: '\r',
  interrupt: '\u0003',
  end: '\u0004',
  backspace: '\u007f',
  escape: '\u001b',
};

/** Node has no terminals to give away: Python has, wherever it is. */
export async function onTerminal(
  folder: string,
  args: readonly string[],
  steps: readonly Step[],
  env: Readonly<Record<string, string>> = {},
): Promise<Typed> {
  const main = join(packagesFolder, 'cli', 'src', 'main.ts');
  const plan = {
    argv: [process.execPath, '--conditions=@ragnos/source', main, ...args],
    cwd: folder,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      RAGV_HOME: join(folder, 'home'),
      TERM: 'xterm',
      ...env,
    },
    steps,
    seconds: 40,
  };
  const python = spawn('python3', [join(import.meta.dirname, 'terminal.py')]);
  const { stdout, stderr } = await listen(python, JSON.stringify(plan));
  const answer = stdout === '' ? null : json(stdout);
  if (!isTyped(answer)) throw new Error(`python3, for its terminals: ${stderr}`);
  return answer;
}

function isTyped(value: unknown): value is Typed {
  return typeof value === 'object' && value !== null && 'said' in value && 'missed' in value;
}
