import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run, type Ran } from './run.ts';

/** How a peer's program is started; the arguments of the protocol (README.md) follow `before`. */
export interface Program {
  readonly command: string;
  readonly before: readonly string[];
}

export const scenarios = ['flat', 'keys', 'delegations', 'rotated', 'hash-prefixes', 'succinct'] as const;
export type Scenario = (typeof scenarios)[number];

export interface Peer {
  readonly name: 'python-tuf' | 'tuf-js' | 'go-tuf' | 'tough';
  /** The program that sets it up; where it is missing, the peer is skipped. */
  readonly manager: string;
  /** What its library can write. */
  readonly writes: readonly Scenario[];
  /** As its lockfile pins it. */
  version(): Promise<string>;
  /** @throws MissingManagerError, Error with what the manager said */
  setUp(): Promise<Program>;
}

export type PeerName = Peer['name'];

export class MissingManagerError extends Error {
  override readonly name = 'MissingManagerError';
}

const interop = join(import.meta.dirname, '..');
const minutes = 60_000;

/** @throws MissingManagerError, Error */
async function must(command: string, args: readonly string[], cwd: string): Promise<Ran> {
  const ran = await run(command, args, { cwd, timeoutMs: 45 * minutes });
  if (ran.missing) throw new MissingManagerError(`${command} is not installed`);
  if (ran.code !== 0) throw new Error(`${command} ${args.join(' ')}: ${ran.stdout}${ran.stderr}`.trim());
  return ran;
}

/** Runs `work` unless it was done for the same `lockfile`; says so in `stamp`, which lies in what it makes. */
async function once(lockfile: string, stamp: string, work: () => Promise<void>): Promise<void> {
  const wanted = createHash('sha256')
    .update(await readFile(lockfile))
    .digest('hex');
  if ((await readFile(stamp, 'utf8').catch(() => '')) === wanted) return;
  await work();
  await writeFile(stamp, wanted);
}

async function pinned(file: string, pattern: RegExp): Promise<string> {
  const text = await readFile(join(interop, file), 'utf8');
  const version = pattern.exec(text)?.[1];
  if (version === undefined) throw new Error(`${file} pins no version`);
  return version;
}

async function setUpPython(): Promise<Program> {
  const cwd = join(interop, 'python-tuf');
  const venv = join(cwd, '.venv');
  const python = join(venv, 'bin', 'python');
  await once(join(cwd, 'requirements.txt'), join(venv, 'stamp'), async () => {
    await must('python3', ['-m', 'venv', '--clear', venv], cwd);
    await must(python, ['-m', 'pip', 'install', '--quiet', '--no-deps', '-r', 'requirements.txt'], cwd);
  });
  return { command: python, before: [join(cwd, 'peer.py')] };
}

async function setUpNpm(): Promise<Program> {
  const cwd = join(interop, 'tuf-js');
  await once(join(cwd, 'package-lock.json'), join(cwd, 'node_modules', '.stamp'), async () => {
    await must('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], cwd);
  });
  return { command: process.execPath, before: [join(cwd, 'peer.mjs')] };
}

/** Go and cargo know by themselves what is up to date. */
async function setUpGo(): Promise<Program> {
  const cwd = join(interop, 'go-tuf');
  await must('go', ['build', '-o', 'peer', '.'], cwd);
  return { command: join(cwd, 'peer'), before: [] };
}

async function setUpCargo(): Promise<Program> {
  const cwd = join(interop, 'tough');
  const target = join(cwd, 'target'); // named, so that CARGO_TARGET_DIR of a user's shell changes nothing
  await must('cargo', ['build', '--release', '--locked', '--quiet', '--target-dir', target], cwd);
  return { command: join(target, 'release', 'interop-tough'), before: [] };
}

export const peers: readonly Peer[] = [
  {
    name: 'python-tuf',
    manager: 'python3',
    writes: scenarios,
    version: () => pinned('python-tuf/requirements.txt', /^tuf==(.+)$/m),
    setUp: setUpPython,
  },
  {
    name: 'tuf-js',
    manager: 'npm',
    writes: scenarios,
    version: () => pinned('tuf-js/package.json', /"tuf-js": "(.+)"/),
    setUp: setUpNpm,
  },
  {
    name: 'go-tuf',
    manager: 'go',
    writes: scenarios,
    version: () => pinned('go-tuf/go.mod', /go-tuf\/v2 v(\S+)/),
    setUp: setUpGo,
  },
  {
    name: 'tough',
    manager: 'cargo',
    writes: scenarios.filter((name) => name !== 'succinct'), // it has no such delegations
    version: () => pinned('tough/Cargo.toml', /^tough = \{ version = "=([^"]+)"/m),
    setUp: setUpCargo,
  },
];
