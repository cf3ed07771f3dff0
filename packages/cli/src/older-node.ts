import { spawn } from 'node:child_process';
import { closeSync, openSync, readSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { isatty } from 'node:tty';
import { fileURLToPath } from 'node:url';
import type { CliErrorCode } from './errors.ts';
import { exitCodes } from './exit-codes.ts';
import { neededNode } from './needed-node.ts';
import { print } from './print.ts';

// An AI host that is given the full path of `ragv` starts it with the Node of its own PATH, which may be years old. So this
// file imports and uses nothing that an old Node lacks: `import.meta.dirname` came with 20.11.

/** Runs `args` with the Node that was installed beside this package, or says which one is needed. Resolves with the exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const node = nodeBeside(dirname(fileURLToPath(import.meta.url)), process.execPath);
  return node === null ? refuse(args) : again(node, args);
}

/**
 * Only the folder of programs that belongs to the folder of packages from which this one is loaded: a Node found elsewhere
 * would be somebody else's choice. `null` = there is none, or it is the one that runs already, or a script, which may start the
 * very one that runs, and that one the script again.
 */
export function nodeBeside(folder: string, running: string): string | null {
  if (process.platform === 'win32') return null; // what lies there is a script for a shell
  const installed = join(folder, '../../../.bin/node'); // node_modules/@ragnos/cli/dist
  const cloned = join(folder, '../../../node_modules/.bin/node'); // packages/cli/dist
  for (const place of [installed, cloned])
    try {
      const found = realpathSync(place);
      return found === realpathSync(running) || isScript(found) ? null : found;
    } catch {
      // not there
    }
  return null;
}

/** By its beginning: that of every program, on Linux and macOS, has zeros in it, and no text has. */
function isScript(path: string): boolean {
  const begin = Buffer.alloc(16);
  const file = openSync(path, 'r');
  try {
    readSync(file, begin, 0, begin.length, 0);
  } finally {
    closeSync(file);
  }
  return !begin.includes(0);
}

function again(node: string, args: readonly string[]): Promise<number> {
  const [, script = ''] = process.argv;
  const child = spawn(node, [...process.execArgv, script, ...args], { stdio: 'inherit' });
  const forward = (signal: NodeJS.Signals): void => {
    // A terminal's Ctrl-C has reached the child too, and a second one would end it without cleaning up.
    if (signal !== 'SIGINT' || ![0, 1, 2].some((descriptor) => isatty(descriptor))) child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, forward);
  return new Promise((resolve) => {
    child.once('error', () => resolve(refuse(args))); // it may not be executed, or is gone again
    child.once('exit', (code, signal) => {
      for (const one of signals) process.off(one, forward);
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}

function refuse(args: readonly string[]): number {
  const code: CliErrorCode = 'NODE_TOO_OLD';
  const [exit] = exitCodes.failure;
  const message = `ragv needs ${neededNode}; this is Node ${process.versions.node}, ${process.execPath}`;
  const hint = 'start it as <a newer node> <path of ragv> …, or put a newer node first in PATH';
  const ours = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  if (ours.includes('--json')) print(2, `${JSON.stringify({ error: { code, message, hint, exit } })}\n`);
  else print(2, `error: ${message} [${code}]\nhint: ${hint}\n`);
  return exit;
}
