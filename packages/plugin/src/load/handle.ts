import { ConfineFailureError } from '../confine/errors.ts';
import type { DeniedAccess, Exit } from '../confine/api.ts';
import type { Context } from '../host/context.ts';
import type { PluginSpec } from '../names.ts';
import {
  defaultLoadLimits,
  type CallSettings,
  type HandleEvents,
  type LoadLimits,
  type LoadOptions,
  type PluginMetrics,
  type PluginState,
} from './api.ts';
import type { Conversation } from './conversation.ts';
import { Restarts } from './crash.ts';
import { LoadFailureError, LoadRefusedError } from './errors.ts';
import { aborted, Listeners } from './listeners.ts';
import { beginRun, type Run, type RunEvents } from './one-run.ts';
import { perMinute } from './rate.ts';
import { refusalHint } from './refusals.ts';
import type { Started, StartOptions } from './start.ts';

const neverHint = 'an await at the top of its main module may never end: what waits belongs into a function';

export interface HandleOptions extends LoadOptions, Pick<StartOptions, 'workFolder' | 'sealAboveBytes'> {
  /** Called once, when nothing of it is left and nothing will be started again. */
  readonly onGone: () => void;
}

/** One loaded plugin: its process, and the next one if that ends. */
export class Handle {
  readonly #context: Context;
  readonly #spec: PluginSpec;
  readonly #options: HandleOptions;
  readonly #limits: LoadLimits;
  readonly #restarts: Restarts;
  readonly #listeners = new Listeners<HandleEvents>();
  readonly #pluginListeners = new Listeners<Readonly<Record<string, unknown>>>();
  readonly #counts = { calls: 0, errors: 0, events: 0, logLines: 0, denied: 0, restarts: 0 };
  #denied: { readonly access: DeniedAccess; readonly at: number } | null = null;
  #run: Run | null = null;
  #last: Started | null = null;
  #functions: readonly string[] = [];
  /** One for all its starts: whoever crashes gains nothing. */
  #rate: { readonly perMinute: number; readonly mayCall: () => boolean } | null = null;
  #state: PluginState = 'stopped';
  #over: Error | null = null;
  /** Settles when a start that is under way has succeeded or failed for good. */
  #starting: Promise<void> | null = null;
  /** Settles when no process is being started any more. */
  #beginning: Promise<unknown> | null = null;
  readonly #ending = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #wake: () => void = () => undefined;

  constructor(context: Context, spec: PluginSpec, options: HandleOptions) {
    this.#context = context;
    this.#spec = spec;
    this.#options = options;
    this.#limits = { ...defaultLoadLimits, ...options.limits };
    this.#restarts = new Restarts(options.restart);
  }

  get name(): string {
    return this.#last?.activated.name ?? `${this.#spec.vendor}/${this.#spec.plugin}`;
  }

  get version(): string {
    return this.#last?.activated.pointer.version ?? '';
  }

  get mode(): Started['process']['mode'] {
    return this.#last?.process.mode ?? 'process';
  }

  get state(): PluginState {
    return this.#state;
  }

  get functions(): readonly string[] {
    return this.#functions;
  }

  get withheld(): Started['withheld'] {
    return this.#last?.withheld ?? [];
  }

  /** What runs now; `null` between two starts and at the end. */
  get started(): Started | null {
    return this.#run?.started ?? null;
  }

  /** @throws what starting it throws */
  async start(signal: AbortSignal | undefined): Promise<void> {
    const beginning = this.#begin(signal);
    this.#beginning = beginning.catch(() => undefined);
    await beginning;
  }

  async #begin(given: AbortSignal | undefined): Promise<void> {
    const { mode, repair, env, grant, workFolder, sealAboveBytes } = this.#options;
    const signal = given === undefined ? this.#ending.signal : AbortSignal.any([given, this.#ending.signal]);
    const options = { signal, mode, repair, env, grant, workFolder, sealAboveBytes };
    const began = performance.now();
    const run = await beginRun(this.#context, this.#spec, options, this.#limits, this.#events);
    const { started, talk } = run;
    const { process: confined, callsPerMinute } = started;
    if (this.#over !== null) {
      talk.end(this.#over);
      await confined.stop({ graceMs: 0 }); // it was closed when nothing could be ended yet
      throw this.#over;
    }
    this.#run = run;
    this.#last = started;
    talk.listen();
    if (this.#rate?.perMinute !== callsPerMinute)
      this.#rate = { perMinute: callsPerMinute, mayCall: perMinute(callsPerMinute) };
    const failed = confined.exited.then((exit) => this.#ended(exit, run));
    const { startTimeMs } = this.#limits;
    const late = setTimeout(() => {
      const why = `its module was not loaded after ${startTimeMs} ms`;
      void this.#kill(new ConfineFailureError('START_FAILED', `${this.name}: ${why}`, { hint: neverHint }));
    }, startTimeMs);
    const up = await Promise.race([talk.up, failed, aborted(signal)]).finally(() => clearTimeout(late));
    if (this.#over === null && signal.aborted) {
      await this.#kill(this.#closed(), 'for good');
      signal.throwIfAborted();
    }
    this.#goOn();
    if (up === undefined) throw this.#endOf(await confined.exited, run);
    if (up instanceof LoadFailureError) {
      await this.#kill(up);
      throw this.#explained(up, began);
    }
    this.#functions = up;
    this.#state = 'running';
  }

  readonly #events: RunEvents = {
    onDenied: (access) => {
      this.#counts.denied++;
      this.#denied = { access, at: performance.now() };
      this.#listeners.tell('denied', access);
    },
    event: (event, data) => {
      this.#counts.events++;
      this.#pluginListeners.tell(event, data);
    },
    log: (stream, line) => {
      this.#counts.logLines++;
      this.#listeners.tell('log', { stream, line });
    },
    fault: (error) => void this.#kill(error),
  };

  /** @throws why it was ended for good */
  #goOn(): void {
    if (this.#over !== null) throw this.#over;
  }

  async call(name: string, params: unknown, settings: CallSettings): Promise<unknown> {
    this.#counts.calls++;
    const began = performance.now();
    try {
      if (this.#over !== null) throw this.#over; // why, however often it was called before
      if (this.#rate?.mayCall() === false)
        throw new LoadRefusedError(
          'CALL_RATE',
          `${this.name} may be called ${this.#last?.callsPerMinute} times a minute`,
          { hint: 'its manifest asks for more as limits.callsPerMinute; consent and policy may grant less' },
        );
      const run = this.#run;
      const talk = run !== null && run.why === null ? run.talk : await this.#talk(settings);
      return await talk.call(name, params, settings);
    } catch (error) {
      this.#counts.errors++;
      throw this.#explained(error, began);
    }
  }

  /** Whoever hears that it threw hears what it was refused since then: what it throws itself says so badly. */
  #explained(error: unknown, since: number): unknown {
    if (
      !(error instanceof LoadFailureError) ||
      (error.code !== 'PLUGIN_THREW' && error.code !== 'PLUGIN_LOAD')
    )
      return error;
    const { vendor, plugin } = this.#spec;
    const denied = this.#denied !== null && this.#denied.at >= since ? this.#denied.access : null;
    const hint = refusalHint(`${vendor}/${plugin}`, error.message, denied);
    return hint === null ? error : new LoadFailureError(error.code, error.message, { hint });
  }

  /** A call that comes between two starts waits for the next one, as long as it would wait for its answer. */
  async #talk({ signal, timeoutMs = this.#limits.callTimeMs }: CallSettings): Promise<Conversation> {
    const late = AbortSignal.timeout(Math.ceil(timeoutMs));
    const ends = aborted(signal === undefined ? late : AbortSignal.any([signal, late]));
    for (;;) {
      signal?.throwIfAborted();
      if (this.#over !== null) throw this.#over;
      const run = this.#run;
      if (run !== null && run.why === null) return run.talk;
      if (late.aborted)
        throw new LoadFailureError(
          'CALL_TIMEOUT',
          `${this.name} was not started again within ${timeoutMs} ms`,
        );
      await Promise.race([ends, run?.started.process.exited ?? this.#starting]); // of which one may fail, and another follow
    }
  }

  on<Name extends keyof HandleEvents>(
    event: Name,
    listener: (about: HandleEvents[Name]) => void,
  ): () => void {
    return this.#listeners.add(event, listener);
  }

  onEvent(event: string, listener: (data: unknown) => void): () => void {
    return this.#pluginListeners.add(event, listener);
  }

  metrics(): PluginMetrics {
    const { denied, ...counts } = this.#counts;
    const usage = this.#run?.started.process.usage();
    return {
      ...counts,
      startMs: this.#last?.startMs ?? 0,
      verifyMs: this.#last?.verifyMs ?? 0,
      inFlight: this.#run?.talk.inFlight ?? 0,
      deniedAccesses: Math.max(denied, usage?.denied ?? 0),
      memoryBytes: usage?.memoryBytes ?? 0,
      cpuSeconds: usage?.cpuSeconds ?? 0,
    };
  }

  async close(): Promise<void> {
    await this.stop(this.#closed());
  }

  #closed(): LoadFailureError {
    return new LoadFailureError('PLUGIN_CLOSED', `${this.name} was closed`);
  }

  /** Ends it for good, for `error`. */
  async stop(error: Error): Promise<void> {
    await this.#kill(error, 'for good');
    await this.#beginning;
  }

  judged(error: Error, stopped: boolean): void {
    this.#listeners.tell('judged', { error, stopped });
  }

  /** Ends the process; what waits hears `why`. */
  async #kill(why: Error, how: 'for good' | 'this one' = 'this one'): Promise<void> {
    const run = this.#run;
    if (how === 'for good' && this.#over === null) {
      this.#over = why;
      this.#ending.abort(why);
      if (this.#timer !== null) clearTimeout(this.#timer);
      this.#timer = null;
      this.#wake();
      if (run === null) this.#gone();
    }
    if (run === null) return;
    run.why ??= why;
    run.talk.end(why);
    await run.started.process.stop({ graceMs: how === 'for good' ? 500 : 0 });
    await Promise.resolve(); // whoever waits for the process hears first
  }

  #endOf(exit: Exit, run: Run): Error {
    const crashed = new ConfineFailureError('PLUGIN_CRASHED', `${this.name} ended by itself`);
    return run.why ?? exit.error ?? crashed;
  }

  /** The process is gone: what waits hears why, and by the policy it is started again. */
  #ended(exit: Exit, run: Run): undefined {
    const error = this.#endOf(exit, run);
    run.talk.end(error);
    if (this.#run !== run) return;
    this.#run = null;
    if (this.#state === 'restarting' && this.#over === null) return; // whoever starts it hears, and may try again
    const wasUp = this.#state === 'running';
    const pause = this.#over === null && wasUp ? this.#restarts.pauseAfter(error) : null;
    if (wasUp || this.#state === 'restarting')
      this.#listeners.tell('ended', { error, again: pause !== null });
    if (pause !== null) return this.#again(pause);
    this.#over ??= wasUp ? this.#restarts.verdict(this.name, error) : error;
    this.#gone();
  }

  #again(pause: number): undefined {
    this.#state = 'restarting';
    this.#starting = this.#startAfter(pause);
  }

  async #startAfter(pause: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#timer = setTimeout(resolve, pause);
    });
    if (this.#over !== null) return;
    try {
      await this.start(undefined);
      this.#counts.restarts++;
      this.#listeners.tell('restarted', { restarts: this.#counts.restarts });
    } catch (error) {
      const why = error instanceof Error ? error : new Error(String(error));
      if (this.#over !== null) return;
      const next = this.#restarts.pauseAfter(why);
      if (next !== null) return this.#again(next);
      this.#state = 'stopped';
      this.#over = this.#restarts.verdict(this.name, why);
      this.#listeners.tell('ended', { error: why, again: false });
      this.#gone();
    }
  }

  #gone(): void {
    this.#state = 'stopped';
    this.#options.onGone();
  }
}
