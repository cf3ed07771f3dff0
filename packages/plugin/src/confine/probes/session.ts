import { spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { nothingGranted, type Grant, type GrantLimits, type Mode } from '../grant.ts';
import { startConfined } from '../start.ts';
import type { Layer } from '../api.ts';
import type { World } from './world.ts';

export interface Answer {
  readonly got: string;
  readonly failed: string | null;
}

interface Started {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly exited: Promise<unknown>;
  stop(): Promise<unknown>;
}

const answerMs = 8000;
const resourceMs = 25_000;

/** The probes' plugin in one mode, or as a plain child process; started anew when an attempt has ended it. */
export class Session {
  readonly #mode: Mode | 'bare';
  readonly #world: World;
  readonly #node: string;
  readonly #entry: string;
  readonly #limits: GrantLimits;
  readonly #slow: boolean;
  readonly #without: readonly Layer[];
  #running: { readonly process: Started; readonly lines: Interface } | null = null;

  constructor(
    mode: Mode | 'bare',
    world: World,
    node: string,
    limits: Partial<GrantLimits> = {},
    without: readonly Layer[] = [],
  ) {
    this.#slow = Object.keys(limits).length > 0;
    this.#without = without;
    this.#limits = { ...nothingGranted.limits, ...limits };
    this.#mode = mode;
    this.#world = world;
    this.#node = node;
    this.#entry = [...world.files.keys()].find((name) => /^main\.[jt]s$/.test(name)) ?? 'main.js';
  }

  /** @throws ConfineError the mode is not to be had here */
  async ask(id: string): Promise<Answer> {
    this.#running ??= await this.#start();
    const { process: plugin, lines } = this.#running;
    const line = new Promise<string>((resolve) => lines.once('line', resolve));
    plugin.stdin.write(`${JSON.stringify({ id, target: this.#world.target() })}\n`);
    const slow = new Promise<null>((resolve) =>
      setTimeout(resolve, this.#slow ? resourceMs : answerMs, null).unref(),
    );
    const first = await Promise.race([line, plugin.exited.then(() => null), slow]);
    if (first === null) {
      await this.close();
      return { got: '', failed: 'the process ended, or did not answer' };
    }
    const answer: unknown = JSON.parse(first);
    const member = (name: string): unknown => Reflect.get(Object(answer), name);
    const failed = member('failed');
    const got = member('got');
    return { got: typeof got === 'string' ? got : '', failed: typeof failed === 'string' ? failed : null };
  }

  async close(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    running?.lines.close();
    await running?.process.stop();
  }

  async #start(): Promise<{ readonly process: Started; readonly lines: Interface }> {
    const plugin = this.#mode === 'bare' ? this.#bare() : await this.#confined(this.#mode);
    plugin.stdin.on('error', () => undefined);
    const lines = createInterface({ input: plugin.stdout });
    return { process: plugin, lines };
  }

  #bare(): Started {
    const { tree } = this.#world.target();
    const child = spawn(this.#node, [`${tree}/${this.#entry}`], {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { ...this.#world.environment },
    });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    const stop = async (): Promise<unknown> => {
      child.kill('SIGKILL');
      return exited;
    };
    return { stdin: child.stdin, stdout: child.stdout, exited, stop };
  }

  async #confined(mode: Mode): Promise<Started> {
    const target = this.#world.target();
    const plugin = await startConfined({
      mode,
      runtime: 'node',
      node: this.#node,
      folder: target.tree,
      entry: this.#entry,
      files: this.#world.files,
      grant: { ...(mode === 'compute' ? nothingGranted : granted(target)), limits: this.#limits },
      resolve: async () => Promise.resolve(['127.0.0.1']),
      without: this.#without,
      privateCopy: false, // some of its files are not what was verified, on purpose: it is the loader that is tried
    });
    plugin.stderr.resume();
    return {
      stdin: plugin.stdin,
      stdout: plugin.stdout,
      exited: plugin.exited,
      stop: async () => plugin.stop({ graceMs: 0 }),
    };
  }
}

function granted(target: ReturnType<World['target']>): Grant {
  const host = '127.0.0.1';
  return {
    ...nothingGranted,
    read: [target.granted],
    write: [target.data],
    connect: [
      { host, port: target.redirecting, methods: null },
      { host: 'rebind.example', port: target.redirecting, methods: null },
      { host, port: target.getOnly, methods: ['GET'] },
    ],
  };
}
