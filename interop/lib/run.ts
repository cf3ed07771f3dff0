import { spawn } from 'node:child_process';

export interface Ran {
  /** The exit code; `null`: stopped by a signal, at the time limit for one. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** There is no such program. */
  readonly missing: boolean;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** What npm tells its scripts about this project must not reach package managers that work elsewhere. */
function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^npm_(package|lifecycle|config_local_prefix|command)|^INIT_CWD$|^NODE_OPTIONS$|^FORCE_COLOR$/.test(
        name,
      ),
  );
  return { ...Object.fromEntries(kept), NO_COLOR: '1', ...extra };
}

/** Never rejects. A program that outlives `timeoutMs` is killed. */
export function run(command: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  return new Promise((resolve) => {
    let stdout = '';
    let stderr = '';
    let timedOut = false;
    const child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: environment(options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
    }, options.timeoutMs);
    const end = (code: number | null, missing: boolean): void => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr, timedOut, missing });
    };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', (error) => {
      stderr += error.message;
      end(null, 'code' in error && error.code === 'ENOENT');
    });
    child.on('close', (code) => end(code, false));
  });
}
