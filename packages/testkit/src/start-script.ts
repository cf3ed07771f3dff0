import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';

/**
 * Runs a TypeScript program of a test, from its sources, in a process of its own that is killed at the latest when the test ends.
 * What it says on standard error is passed on and not shared: Vitest waits for everybody who holds its own streams, for ever.
 */
export function startScript(
  script: string,
  ...args: readonly string[]
): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(process.execPath, ['--conditions=@ragnos/source', script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // oxlint-disable-next-line no-restricted-properties -- a test's own word, for whoever reads the run
  child.stderr.pipe(process.stderr, { end: false });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}
