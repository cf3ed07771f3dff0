/** Runs the real command as a child process, and remembers all that it ever said. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect } from 'vitest';

export const packagesFolder = fileURLToPath(new URL('../../', import.meta.url));
const main = join(packagesFolder, 'cli', 'src', 'main.ts');
const folders: string[] = [];

export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ragv-cli-'));
  folders.push(folder);
  return folder;
}

afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function write(path: string, content: string, mode = 0o644): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode });
  return path;
}

export interface Said {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface World {
  readonly folder: string;
  /** Everything that any command of this world said. */
  readonly transcript: string[];
  readonly start: (args: readonly string[], env?: Readonly<Record<string, string>>) => ChildProcess;
  readonly ragv: (
    line: string,
    options?: {
      readonly env?: Readonly<Record<string, string>>;
      readonly cwd?: string;
      readonly input?: string;
    },
  ) => Promise<Said>;
}

/** A folder to stand in, a home of its own, and none of the RAGV_ variables of whoever runs the tests. */
export function world(env: Readonly<Record<string, string>> = {}): World {
  const folder = tempFolder();
  const transcript: string[] = [];
  const start = (
    args: readonly string[],
    more: Readonly<Record<string, string>> = {},
    cwd = folder,
  ): ChildProcess =>
    spawn(process.execPath, ['--conditions=@ragnos/source', main, ...args], {
      cwd,
      env: { PATH: process.env['PATH'], HOME: folder, RAGV_HOME: join(folder, 'home'), ...env, ...more },
      stdio: 'pipe',
    });
  return {
    folder,
    transcript,
    start,
    ragv: async (line, options = {}) => {
      // words, or "several words"
      const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
      const child = start(args, options.env, options.cwd);
      const said = await listen(child, options.input ?? '');
      transcript.push(said.stdout, said.stderr);
      return said;
    },
  };
}

export async function listen(child: ChildProcess, input = ''): Promise<Said> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin?.on('error', () => undefined); // the child may not read its input
  child.stdin?.end(input);
  await once(child, 'close');
  return {
    exit: child.exitCode,
    stdout: Buffer.concat(out).toString(),
    stderr: Buffer.concat(err).toString(),
  };
}

export function json(text: string): unknown {
  return JSON.parse(text);
}

/** A plugin of two files whose command says hello, and exits with 7 when asked to. */
export function helloPlugin(folder: string, version: string): string {
  write(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'hello', version, description: 'greets', type: 'module', bin: 'bin.js' }),
  );
  write(
    join(folder, 'bin.js'),
    `console.log('hello ${version}', ...process.argv.slice(2));\nif (process.argv.includes('seven')) process.exitCode = 7;\n`,
  );
  return folder;
}

/** Matchers with a type: vitest's own are `any`, which lint refuses inside an object. */
export const containing = (text: string): unknown => expect.stringContaining(text);
export const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);
export const listWith = (...items: readonly object[]): unknown =>
  expect.arrayContaining(items.map((item): unknown => expect.objectContaining(item)));
