import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

export const root = path.join(import.meta.dirname, '../..');

/** What one line of the report says. `output` is shown unless something passed and nothing failed. */
export type Outcome = {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly output: string;
  readonly seconds: number;
};

export type Ran = { readonly ok: boolean; readonly stdout: string; readonly output: string };

/** What npm tells its scripts about this project must not reach an npm that works in another folder. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|config_local_prefix|command)|^INIT_CWD$|^FORCE_COLOR$/.test(name),
  );
  return { ...Object.fromEntries(kept), NO_COLOR: '1' };
}

/** On a busy machine all tests together take a quarter of an hour, on an idle one a third of that. */
const limitMinutes = 45;

/** Never rejects: a program that cannot be started, fails or outlives `limitMinutes` is `ok: false`. */
export function run(command: string, args: readonly string[], cwd = root): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limitMinutes * 60_000,
    });
    let stdout = '';
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.on('error', (error) => resolve({ ok: false, stdout, output: `${output}${error.message}\n` }));
    child.on('close', (code, signal) => {
      const ending =
        signal === null ? '' : `stopped by ${signal}, after ${limitMinutes} minutes at the latest\n`;
      resolve({ ok: code === 0, stdout, output: output + ending });
    });
  });
}

/** Runs a development tool by its script, since `.bin` holds shell wrappers on some platforms. */
export function runTool(name: string, args: readonly string[]): Promise<Ran> {
  const folder = path.join(root, 'node_modules', name);
  const { bin } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    bin: string | Record<string, string>;
  };
  const script = typeof bin === 'string' ? bin : (bin[name] ?? Object.values(bin)[0] ?? '');
  return run(process.execPath, [path.join(folder, script), ...args]);
}

export function npm(args: readonly string[], cwd: string): Promise<Ran> {
  const cli = process.env['npm_execpath'];
  return cli?.endsWith('.js') === true ? run(process.execPath, [cli, ...args], cwd) : run('npm', args, cwd);
}

/** One check; what it throws is its failure, what it returns is nothing to worry about or the reason to skip. */
export async function check(name: string, work: () => Promise<void | { skip: string }>): Promise<Outcome> {
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  try {
    const skip = (await work())?.skip;
    if (skip === undefined) return { name, passed: 1, failed: 0, skipped: 0, output: '', seconds: seconds() };
    return { name, passed: 0, failed: 0, skipped: 1, output: skip, seconds: seconds() };
  } catch (error) {
    const output = error instanceof Error ? error.message : String(error);
    return { name, passed: 0, failed: 1, skipped: 0, output, seconds: seconds() };
  }
}

export const must = (ran: Ran): Ran => {
  if (!ran.ok) throw new Error(ran.output);
  return ran;
};

export const tool = async (name: string, command: string, args: readonly string[]) => [
  await check(name, async () => void must(await runTool(command, args))),
];
