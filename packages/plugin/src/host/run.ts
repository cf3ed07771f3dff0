import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';

import type { ConfinedProcess } from '../confine/api.ts';
import { ConfineRefusedError } from '../confine/errors.ts';
import { Pieces } from '../confine/preload/pieces.ts';
import { LoadFailureError } from '../load/errors.ts';
import { commandProgram } from '../load/mcp/command.ts';
import { filterServer } from '../load/mcp/filter-server.ts';
import type { McpFilter } from '../load/mcp/filter.ts';
import { mcpLineBytes, messageWriter, readMessages } from '../load/mcp/lines.ts';
import { defaultRecheckMs, watchRunning, type Live } from '../load/recheck.ts';
import { signalPlugin } from '../load/signals.ts';
import { startPlugin, type Started } from '../load/start.ts';
import type { RunOptions, RunResult, RunStreams } from './run-api.ts';
import type { PluginSpec } from '../names.ts';
import type { Context } from './context.ts';

const forwarded = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

/** After its client has gone, or a signal: so long a server may take to end by itself. Clients of today kill two seconds after. */
const lastMs = 1_500;

/** So long what was asked before may still be answered then. */
const answersMs = 60_000;

/** How long a command that is over waits for the refresh that its start began. */
const lastWaitMs = 1_000;

/**
 * Verifies chain and tree, then starts the plugin's command, confined. Its standard streams are whatever it is given; those of
 * an MCP server go through the filter. It waits for no network: what is known is refreshed beside it, and it is judged again
 * as long as it runs.
 */
export async function runPlugin(
  context: Context,
  spec: PluginSpec,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const started = await startPlugin(
    context,
    spec,
    (activated, root, given) => commandProgram(activated, root, given, { ...options, args }),
    { ...options, repair: options.repair ?? false, workFolder: options.workFolder ?? context.project },
  );
  const { process: confined, activated, withheld } = started;
  const stop = (): void => void confined.stop({ graceMs: 0 });
  const faults: Error[] = [];
  const fail = (error: Error): void => {
    faults.push(error);
    stop();
  };
  const judged: Live = {
    started,
    stop: async (error) => fail(error),
    judged: (error, stopped) => options.onJudged?.(error, stopped),
  };
  const { recheckEveryMs: everyMs = defaultRecheckMs } = options;
  const watch = watchRunning(context, new Set([judged]), { everyMs, startsFirst: true });
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    options.onStart?.({
      version: activated.pointer.version,
      folder: activated.folder,
      mode: confined.mode,
      withheld,
    });
    const result = await attend(started, options, faults, fail);
    // One that ends sooner than anybody can be asked would else never hear anything.
    await Promise.race([watch.begun, wait(lastWaitMs, undefined, { ref: false })]);
    return result;
  } finally {
    watch.close();
    options.signal?.removeEventListener('abort', stop);
    stop();
    await confined.exited;
  }
}

async function attend(
  started: Started,
  options: RunOptions,
  faults: readonly Error[],
  fail: (error: Error) => void,
): Promise<RunResult> {
  const { process: confined } = started;
  const [out, err] = [new Collected(), new Collected()];
  const ended: Promise<unknown>[] = [];
  let told: Promise<void> | null = null;
  const { stdio = 'pipe' } = options;
  const speaksMcp = stdio !== 'pipe' && (options.mcp ?? started.activated.manifest.kind === 'mcp');
  if (stdio === 'pipe') {
    confined.stdin.end();
    ended.push(out.take(confined.stdout), err.take(confined.stderr));
  } else {
    stdio.stdout.on('error', fail); // whoever read it is gone: so is what it was for
    if (speaksMcp) told = filterMcp(started, stdio, options, fail);
    else {
      stdio.stdin.pipe(confined.stdin);
      confined.stdout.pipe(stdio.stdout, { end: false });
      ended.push(closed(confined.stdout));
    }
    // Whoever reads what goes wrong may go before the rest: the plugin must not wait for that, nor this process end.
    stdio.stderr.on('error', () => confined.stderr.unpipe(stdio.stderr).resume());
    confined.stderr.pipe(stdio.stderr, { end: false });
    ended.push(closed(confined.stderr));
  }
  let killing: NodeJS.Timeout | undefined;
  const forward = (signal: NodeJS.Signals): void => {
    signalPlugin(confined.pid, signal);
    if (speaksMcp && signal !== 'SIGINT')
      killing ??= setTimeout(() => void confined.stop({ graceMs: 0 }), lastMs);
  };
  // We live on until it has ended: its exit code is ours to report.
  if (stdio !== 'pipe') for (const signal of forwarded) process.on(signal, forward);
  const exit = await confined.exited.finally(() => {
    clearTimeout(killing);
    for (const signal of forwarded) process.off(signal, forward);
    if (stdio !== 'pipe') release(stdio.stdin, confined);
  });
  await Promise.all(ended);
  // Of what it said before it ended some may wait for a client that is slow to read.
  if (told !== null)
    await within(told, killing === undefined && faults.length === 0 ? answersMs : lastMs, options.signal);
  options.signal?.throwIfAborted();
  const [fault] = faults;
  if (fault !== undefined) throw fault;
  if (exit.error instanceof ConfineRefusedError) throw exit.error;
  return { exitCode: exit.code, signal: exit.signal, stdout: out.text(), stderr: err.text() };
}

/** Waits for it, but no longer than may be. */
async function within(what: Promise<void>, ms: number, signal: AbortSignal | undefined): Promise<void> {
  const done = new AbortController();
  const signals = signal === undefined ? [done.signal] : [done.signal, signal];
  await Promise.race([what, wait(ms, undefined, { signal: AbortSignal.any(signals) })]).catch(
    () => undefined,
  );
  done.abort();
}

/** Both sides see only what the filter has looked at. Settles when all that the server said was dealt with. */
async function filterMcp(
  started: Started,
  stdio: RunStreams,
  options: RunOptions,
  fail: (error: Error) => void,
): Promise<void> {
  const told = Promise.withResolvers<void>();
  stdio.stdout.once('error', () => told.resolve()).once('close', () => told.resolve()); // nobody is left to be told
  const filter = filterServer(started, {
    source: stdio.stdin,
    toClient: messageWriter(stdio.stdout, started.process.stdout),
    refused: (error) => options.onRefused?.(error),
    stray: (warning) => stdio.stderr.write(`${warning}\n`),
    end: () => told.resolve(),
    fault: fail,
  });
  readMessages(stdio.stdin, mcpLineBytes, {
    message: (value) => filter.fromClient(value),
    bad: (why) => fail(new LoadFailureError('BAD_VALUE', `the client wrote ${why}`)),
    end: () => void endAfter(filter, started.process),
  });
  await told.promise;
}

/** Nobody speaks to it any more: what was asked is still answered, and a server that does not end then is ended. */
async function endAfter(filter: McpFilter, confined: ConfinedProcess): Promise<void> {
  confined.stdin.end();
  const over = confined.exited.then(() => 'over');
  const began = performance.now();
  for (let busy = began; performance.now() - busy < lastMs && performance.now() - began < answersMs;) {
    if ((await Promise.race([over, wait(50)])) === 'over') return;
    if (filter.underWay > 0) busy = performance.now();
  }
  await confined.stop({ graceMs: lastMs });
}

/** So that whoever waits for nothing else may end. */
function release(stdin: Readable, confined: ConfinedProcess): void {
  stdin.unpipe(confined.stdin);
  stdin.pause();
  stdin.removeAllListeners('data');
  if ('unref' in stdin && typeof stdin.unref === 'function') Reflect.apply(stdin.unref, stdin, []);
}

async function closed(stream: Readable): Promise<void> {
  if (stream.closed || stream.readableEnded) return;
  await new Promise<void>((resolve) => {
    stream
      .once('end', resolve)
      .once('close', resolve)
      .once('error', () => resolve());
  });
}

/** What a plugin printed, up to a bound that no answer needs. */
class Collected {
  readonly #pieces = new Pieces();

  async take(stream: Readable): Promise<void> {
    stream.on('data', (piece: Buffer) => {
      if (this.#pieces.length < 64 * 1024 * 1024) this.#pieces.push(piece);
    });
    await closed(stream);
  }

  text(): string {
    return this.#pieces.take().toString('utf8');
  }
}
