import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { startScript } from '@ragnos/testkit/start-script';

const script = new URL('child.ts', import.meta.url).pathname;

/** A real process of its own, running `child.ts`. */
export const child = (...args: readonly string[]): ChildProcess => startScript(script, ...args);

/** Resolves when the child says its first word. */
export async function speaks(process: ChildProcess): Promise<void> {
  if (process.stdout !== null) await once(process.stdout, 'data');
}

export async function ends(process: ChildProcess): Promise<number | null> {
  if (process.exitCode === null && process.signalCode === null) await once(process, 'exit');
  return process.exitCode;
}
