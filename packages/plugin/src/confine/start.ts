import { spawn, type ChildProcess } from 'node:child_process';
import { Duplex, type Readable, type Writable } from 'node:stream';
import type { ConfinedProcess, ConfineOptions, Exit } from './api.ts';
import { launchBubblewrap } from './bubblewrap.ts';
import { checkGrant } from './check-grant.ts';
import { Control } from './control.ts';
import { ConfineFailureError, ConfineRefusedError, type ConfineError } from './errors.ts';
import { inheritedAfter } from './inherited.ts';
import { closeInspector } from './inspector.ts';
import { launchPlain } from './launch-plain.ts';
import type { Launch } from './launch.ts';
import { limitsOf, type ConfineLimits } from './limits.ts';
import { encodeFrame, FrameError, UnreadError } from './preload/frames.ts';
import { callLane, controlLane, Lanes } from './preload/lanes.ts';
import { channelFd, type Setup } from './preload/setup.ts';
import { copyOf, NoRoomError, PrivateCopy } from './private-copy.ts';
import { Processes } from './processes.ts';
import { Report } from './report.ts';
import { launchSandboxExec } from './sandbox-exec.ts';
import { makeTaskGroup, type TaskGroup } from './tasks.ts';
import { watch } from './watch.ts';

/** What a process says is dealt with for so long at a time: a flood of it must not keep the host from all else. */
const sliceMs = 5;

/** What the preload is told first, with every file of the tree: no message of anybody's, so it has a bound of its own. */
const setupBytes = 256 * 1024 * 1024;

/**
 * Starts a process that may do exactly what `grant` says, and settles when it is up: for Node, when our preload has put the
 * grant into force; else, when it has been started. Nothing of it is left if this throws.
 * @throws ConfineRefusedError the mode is not to be had here, or not for this; ConfineFailureError `START_FAILED`
 */
export async function startConfined(options: ConfineOptions): Promise<ConfinedProcess> {
  options.signal?.throwIfAborted();
  checkGrant(options);
  const limits = limitsOf(options);
  const kind = copyOf(options);
  const waits = options.runtime === 'node' && kind !== 'first';
  const once = async (where: 'memory' | 'disk'): Promise<Running> => {
    const copy = kind === null ? null : await PrivateCopy.make(where);
    const compare = async (): Promise<void> => {
      await options.verify?.(
        copy === null ? undefined : (name, bytes, executable) => copy.add(name, bytes, executable),
      );
      await copy?.fill(options);
    };
    try {
      if (!waits) await compare();
      const launch = await launchFor(options, copy?.path ?? options.folder);
      if (!launch.ownProcesses) closeInspector();
      const running = await start(options, launch, limits, copy).catch(async (error: unknown) => {
        if (waits) await compare(); // a tree that is gone cannot be started in: what it throws says more
        throw error;
      });
      await running.up(launch.setup, waits ? compare : null);
      return running;
    } catch (error) {
      copy?.remove();
      throw error;
    }
  };
  if (kind !== 'meanwhile') return once('disk');
  return once('memory').catch((error: unknown) => {
    if (error instanceof NoRoomError) return once('disk'); // others have filled the memory since we looked
    throw error;
  });
}

async function launchFor(options: ConfineOptions, folder: string): Promise<Launch> {
  if (options.mode === 'process' || options.mode === 'trusted') return launchPlain(options, folder);
  if (process.platform === 'linux') return launchBubblewrap(options, folder);
  if (process.platform === 'darwin') return launchSandboxExec(options, folder);
  throw new ConfineRefusedError(
    'SANDBOX_UNAVAILABLE',
    `mode ${options.mode} has no layer on ${process.platform}`,
    {
      hint: 'mode process confines what Node can; docs/sandbox.md says what that is',
    },
  );
}

/** @throws ConfineFailureError `START_FAILED` */
async function start(
  options: ConfineOptions,
  launch: Launch,
  limits: ConfineLimits,
  copy: PrivateCopy | null,
): Promise<Running> {
  const group = launch.forks ? makeTaskGroup(limits.tasks) : null;
  const [command = launch.command, ...args] = [...(group?.enter ?? []), launch.command, ...launch.args];
  let report: Report | null = null;
  try {
    report = launch.reports ? new Report() : null;
    const ours = ['pipe', 'pipe', 'pipe', launch.waits ? 'pipe' : 'ignore', report?.fd ?? 'ignore'] as const;
    const child = spawn(command, args, {
      cwd: launch.cwd,
      env: launch.env,
      stdio: [...ours, ...inheritedAfter(ours.length)],
      detached: true, // a group of its own, which is ended as one
    });
    if (child.pid === undefined) await refusedBySystem(child);
    return new Running(options, child, new Processes(child, report), launch, limits, copy, group);
  } catch (error) {
    report?.close();
    group?.remove();
    if (error instanceof ConfineFailureError) throw error;
    const message = `${command} could not be started: ${error instanceof Error ? error.message : String(error)}`;
    throw new ConfineFailureError('START_FAILED', message, { cause: error });
  }
}

/** Throws why. */
async function refusedBySystem(child: ChildProcess): Promise<never> {
  for (const stream of child.stdio ?? []) stream?.destroy();
  return new Promise((_, reject) => child.once('error', reject));
}

class Running implements ConfinedProcess {
  readonly mode;
  readonly pid: number;
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly channel;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #processes: Processes;
  readonly #stream: Duplex | null;
  readonly #control: Control | null;
  /** It is there, and waits where it was told to. */
  readonly #reached: Promise<unknown>;
  readonly #watch: ReturnType<typeof watch>;
  readonly #limits: ConfineLimits;
  readonly #group: TaskGroup | null;
  readonly #ownProcesses: boolean;
  readonly #abort: () => void;
  readonly #signal: AbortSignal | undefined;
  #why: ConfineError | null = null;

  constructor(
    options: ConfineOptions,
    child: ChildProcess,
    processes: Processes,
    launch: Launch,
    limits: ConfineLimits,
    copy: PrivateCopy | null,
    group: TaskGroup | null,
  ) {
    const { stdin, stdout, stderr } = child;
    if (stdin === null || stdout === null || stderr === null) throw new Error('spawned without its streams');
    this.mode = options.mode;
    this.pid = child.pid ?? 0;
    this.#group = group;
    this.#ownProcesses = launch.ownProcesses;
    this.stdin = stdin.on('error', () => undefined); // a plugin that does not read its input is not our failure
    this.stdout = stdout;
    this.stderr = stderr;
    this.#child = child;
    this.#processes = processes;
    this.#limits = limits;
    this.#signal = options.signal;
    this.#abort = () => this.#kill(new ConfineFailureError('PLUGIN_STOPPED', 'stopped by its host'));
    options.signal?.addEventListener('abort', this.#abort, { once: true });
    const memoryBytes = options.grant.limits.memoryBytes + launch.overheadBytes;
    this.#watch = watch(this.pid, { ...options.grant.limits, memoryBytes }, limits, (error) =>
      this.#kill(error),
    );
    const stream = child.stdio[channelFd] instanceof Duplex ? child.stdio[channelFd] : null;
    const lanes =
      stream !== null && launch.setup !== null
        ? new Lanes(stream, { ...limits, sliceMs, lanes: options.runner === undefined ? 1 : 2 })
        : null;
    this.#control = lanes === null ? null : new Control(lanes.lane(controlLane), options, limits);
    this.#stream = stream;
    this.#reached = this.#control?.reached ?? firstWord(child, stream);
    this.channel = options.runner === undefined ? null : (lanes?.lane(callLane) ?? null);
    void lanes?.closed.then((error) => this.#channelClosed(error));
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(this.#gone(code, signal, copy)));
    });
    child.on('error', () => undefined); // it could not be killed; then it is gone, or its end says more
    if (options.signal?.aborted === true) this.#abort();
  }

  /** @throws ConfineError it ended before it was up; what `verify` throws, when nothing of it is left */
  async up(setup: Setup | null, verify: (() => Promise<void>) | null): Promise<void> {
    let word: string | Buffer;
    try {
      await verify?.();
      word = setup === null ? '\n' : encodeFrame(controlLane, setup, null, setupBytes);
    } catch (error) {
      await this.stop({ graceMs: 0 });
      throw error;
    }
    const ready = this.#letIn(word).catch(async (error: unknown) => {
      this.#kill(asFailure(error));
      return this.exited;
    });
    let said = '';
    const listen = (text: Buffer): void => void (said = (said + text.toString('utf8')).slice(-2000));
    this.stderr.on('data', listen);
    const tooSlow = setTimeout(() => {
      this.#kill(new ConfineFailureError('START_FAILED', `not up after ${this.#limits.startTimeMs} ms`));
    }, this.#limits.startTimeMs);
    const exit = await Promise.race([ready, this.exited]);
    clearTimeout(tooSlow);
    this.stderr.off('data', listen).pause();
    if (said !== '' && exit === undefined) this.stderr.unshift(Buffer.from(said));
    if (exit === undefined) return;
    if (exit.error !== null && exit.error.code !== 'PLUGIN_CRASHED') throw exit.error;
    throw new ConfineFailureError(
      'START_FAILED',
      `ended before it was up: ${said.trim() || 'it said nothing'}`,
    );
  }

  /** Only once it is held; a gate whose host died before that ends by itself. */
  async #letIn(word: string | Buffer): Promise<void> {
    await this.#reached;
    await this.#processes.hold();
    if (this.#control === null) this.#stream?.end(word);
    else this.#stream?.write(word);
    await this.#control?.ready;
  }

  usage(): ReturnType<ConfinedProcess['usage']> {
    const network = this.#control?.usage() ?? { connections: 0, networkBytes: 0, denied: 0 };
    return { ...this.#watch.last(), ...network };
  }

  async stop(options: { readonly graceMs?: number } = {}): Promise<Exit> {
    const grace = options.graceMs ?? this.#limits.graceMs;
    this.#why ??= new ConfineFailureError('PLUGIN_STOPPED', 'stopped by its host');
    if (grace > 0) {
      this.stdin.end();
      // bubblewrap would not pass a signal on: it dies of it, and the plugin with it, at once.
      if (this.#control !== null) this.#control.end();
      else if (!this.#ownProcesses) this.#child.kill('SIGTERM');
      const timer = setTimeout(() => this.#kill(this.#why), grace);
      await this.exited;
      clearTimeout(timer);
    } else this.#kill(this.#why);
    return this.exited;
  }

  #kill(why: ConfineError | null): void {
    this.#why ??= why;
    this.#processes.kill();
  }

  #channelClosed(error: Error | null): void {
    if (error instanceof FrameError)
      this.#kill(new ConfineRefusedError('CHANNEL_GARBAGE', `on its private channel: ${error.message}`));
    else if (error instanceof UnreadError)
      this.#kill(
        new ConfineFailureError('CHANNEL_FULL', `does not read its private channel: ${error.message}`),
      );
    else if (this.#child.exitCode === null && this.#child.signalCode === null) {
      // A live process without its channel is nobody's: it is given the time to end.
      setTimeout(
        () => this.#kill(new ConfineFailureError('CHANNEL_CLOSED', 'closed its private channel')),
        500,
      ).unref();
    }
  }

  #gone(code: number | null, signal: NodeJS.Signals | null, copy: PrivateCopy | null): Exit {
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#watch.stop();
    this.#control?.close();
    this.#group?.remove();
    copy?.remove();
    const how = signal === null ? `code ${code}` : signal;
    const crashed = (): ConfineError =>
      new ConfineFailureError('PLUGIN_CRASHED', `the plugin's process ended with ${how}`);
    const error = this.#why ?? (code === 0 ? null : crashed());
    return { code, signal, error };
  }
}

async function firstWord(child: ChildProcess, stream: Duplex | null): Promise<void> {
  return new Promise((resolve) => {
    if (stream === null) child.once('spawn', resolve);
    stream?.once('data', () => resolve());
    stream?.on('error', () => undefined); // it ended, and its exit says so
  });
}

function asFailure(error: unknown): ConfineError {
  if (error instanceof ConfineFailureError) return error;
  return new ConfineFailureError('START_FAILED', String(error), { cause: error });
}
