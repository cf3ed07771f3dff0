import { spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Layer } from '../api.ts';
import { ConfineError, type ConfineErrorCode } from '../errors.ts';
import { nothingGranted, type Grant, type GrantLimits, type Mode } from '../grant.ts';
import { startConfined } from '../start.ts';
import type { Probe } from './table.ts';
import type { World } from './world.ts';

export interface Answer {
  readonly got: string;
  readonly failed: string | null;
  /** It was carried out: it answered, or its process was ended for the reason that it is ended for. Else it tells nothing. */
  readonly made: boolean;
}

export interface SessionOptions {
  readonly limits?: Partial<GrantLimits>;
  readonly without?: readonly Layer[];
  /** Default: as plugins are run. */
  readonly privateCopy?: boolean;
}

interface Started {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly exited: Promise<ConfineErrorCode | null>;
  stop(): Promise<unknown>;
}

interface Running {
  readonly process: Started;
  readonly lines: Interface;
}

const answerMs = 8000;
const resourceMs = 25_000;
const mostStarts = 3;

/** The probes' plugin in one mode, or as a plain child process; started anew when an attempt has ended it. */
export class Session {
  readonly #mode: Mode | 'bare';
  readonly #world: World;
  readonly #node: string;
  readonly #entry: string;
  readonly #options: SessionOptions;
  #running: Running | null = null;
  #unfit: string | null = null;

  constructor(mode: Mode | 'bare', world: World, node: string, options: SessionOptions = {}) {
    this.#mode = mode;
    this.#world = world;
    this.#node = node;
    this.#options = options;
    this.#entry = [...world.files.keys()].find((name) => /^main\.[jt]s$/.test(name)) ?? 'main.js';
  }

  /**
   * Lets the process show that it is there and can do what it may; one that cannot is started anew. `null`: it did. Else why
   * nothing that fails in it would prove anything, which is not tried again.
   * @throws ConfineError `SANDBOX_UNAVAILABLE` the mode is not to be had here
   */
  async prepare(): Promise<string | null> {
    let why = this.#unfit;
    for (let starts = 0; this.#unfit === null && starts < mostStarts; starts++) {
      why = await this.#control();
      if (why === null) return null;
      await this.close();
    }
    this.#unfit = why;
    return why;
  }

  /** Only after `prepare`. */
  async ask({ id, endedBy }: Pick<Probe, 'id' | 'endedBy'>): Promise<Answer> {
    if (this.#running === null) return { got: '', failed: 'the process is not there', made: false };
    const { process: plugin, lines } = this.#running;
    const line = new Promise<string>((resolve) => lines.once('line', resolve));
    plugin.stdin.write(`${JSON.stringify({ id, target: this.#world.target() })}\n`);
    const slow = new Promise<'slow'>((resolve) =>
      setTimeout(resolve, endedBy === undefined ? answerMs : resourceMs, 'slow').unref(),
    );
    const first = await Promise.race([
      line.then((text) => ({ text })),
      plugin.exited.then((code) => ({ code })),
      slow,
    ]);
    if (first !== 'slow' && 'text' in first) return read(first.text);
    await this.close();
    if (first === 'slow') return { got: '', failed: 'the process did not answer', made: false };
    const how = first.code === null ? 'by itself' : `with ${first.code}`;
    const made = endedBy !== undefined && first.code === endedBy;
    return { got: '', failed: `the process ended ${how}`, made };
  }

  async close(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    running?.lines.close();
    await running?.process.stop();
  }

  async #control(): Promise<string | null> {
    try {
      this.#running ??= await this.#start();
    } catch (error) {
      if (!(error instanceof ConfineError) || error.code === 'SANDBOX_UNAVAILABLE') throw error;
      return `it could not be started: ${error.message}`;
    }
    for (const id of this.#controls()) {
      const { got, failed } = await this.ask({ id });
      if (failed !== null) return `it cannot do what it may, ${id}: ${failed}`;
      if (!this.#world.did(id, got)) return `it did not do what it may, ${id}`;
    }
    return null;
  }

  #controls(): readonly string[] {
    if (this.#mode === 'compute') return ['control-own']; // nothing is granted in it
    const brokered = this.#options.without?.includes('guards') !== true; // they lead to the broker
    return ['control-own', 'control-read', 'control-write', ...(brokered ? ['control-connect'] : [])];
  }

  async #start(): Promise<Running> {
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
    const exited = new Promise<null>((resolve) => child.once('exit', () => resolve(null)));
    const stop = async (): Promise<unknown> => {
      child.kill('SIGKILL');
      return exited;
    };
    return { stdin: child.stdin, stdout: child.stdout, exited, stop };
  }

  async #confined(mode: Mode): Promise<Started> {
    const target = this.#world.target();
    const { limits, without, privateCopy } = this.#options;
    const grant = mode === 'compute' ? nothingGranted : granted(target);
    const plugin = await startConfined({
      mode,
      runtime: 'node',
      node: this.#node,
      folder: target.tree,
      entry: this.#entry,
      files: this.#world.files,
      grant: { ...grant, limits: { ...grant.limits, ...limits } },
      resolve: async () => Promise.resolve(['127.0.0.1']),
      ...(without !== undefined && { without }),
      ...(privateCopy !== undefined && { privateCopy }),
    });
    plugin.stderr.resume();
    return {
      stdin: plugin.stdin,
      stdout: plugin.stdout,
      exited: plugin.exited.then(({ error }) => error?.code ?? null),
      stop: async () => plugin.stop({ graceMs: 0 }),
    };
  }
}

function read(text: string): Answer {
  const answer: unknown = JSON.parse(text);
  const member = (name: string): unknown => Reflect.get(Object(answer), name);
  const got = member('got');
  const failed = member('failed');
  return {
    got: typeof got === 'string' ? got : '',
    failed: typeof failed === 'string' ? failed : null,
    made: true,
  };
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
