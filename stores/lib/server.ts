import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run, type Ran } from '../../interop/lib/run.ts';

/** A store that runs on this machine, for one run of the tests. */
export interface Store {
  readonly name: string;
  /** Installs what is not there yet, below `cache`. Throws NotHereError where this machine cannot. */
  setUp(): Promise<void>;
  /** On 127.0.0.1 only, in a folder of its own that is thrown away. */
  start(folder: string): Promise<Running>;
}

export interface Running {
  /** What the tests are told: where it is, and its made-up credentials. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** This machine lacks what it takes to install a server. */
export class NotHereError extends Error {
  override readonly name = 'NotHereError';
}

export const cache = join(import.meta.dirname, '../.cache');

/** Throws NotHereError where there is no such program or it fails. */
export async function must(
  command: string,
  args: readonly string[],
  cwd: string,
  env = {},
  seconds = 1200,
): Promise<Ran> {
  const ran = await run(command, args, { cwd, env, timeoutMs: seconds * 1000 });
  if (ran.missing) throw new NotHereError(`${command} is not installed`);
  if (ran.code !== 0)
    throw new NotHereError(
      `${command} ${args.join(' ')}: ${`${ran.stdout}${ran.stderr}`.trim().slice(-600)}`,
    );
  return ran;
}

/** Ports that nobody listens on now; asked for together, so that they differ. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (typeof address === 'object' && address !== null) ports.push(address.port);
  }
  for (const server of servers) server.close();
  return ports;
}

export interface Daemon {
  readonly child: ChildProcess;
  readonly log: string;
}

/** A process that ends with the tests; what it prints is in `log`. */
export async function daemon(
  command: string,
  args: readonly string[],
  options: {
    readonly folder: string;
    readonly name: string;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<Daemon> {
  const log = join(options.folder, `${options.name}.out`);
  const file = await open(log, 'a');
  try {
    const child = spawn(command, args, {
      cwd: options.folder,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', file.fd, file.fd],
    });
    child.on('error', () => undefined); // it has no pid then, and never answers
    return { child, log };
  } finally {
    await file.close();
  }
}

/** By their pids, the last first; -9 for whoever has not ended within five seconds. */
export async function stop(daemons: readonly Daemon[]): Promise<void> {
  for (const { child } of daemons.toReversed()) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) continue;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    await ended;
    clearTimeout(timer);
  }
}

/** Until the address answers anything at all. Throws when it does not, or a process has ended. */
export async function answering(url: string, daemons: readonly Daemon[], seconds = 90): Promise<void> {
  const until = Date.now() + seconds * 1000;
  for (;;) {
    try {
      await (await fetch(url, { signal: AbortSignal.timeout(2000) })).arrayBuffer();
      return;
    } catch (error) {
      const dead = daemons.find(({ child }) => child.pid === undefined || child.exitCode !== null);
      if (dead !== undefined)
        throw new Error(`a server ended at once: ${(await readFile(dead.log, 'utf8')).slice(-500)}`, {
          cause: error,
        });
      if (Date.now() > until) throw new Error(`${url} did not answer within ${seconds} s`, { cause: error });
    }
    await sleep(200);
  }
}
