import { setTimeout as delay } from 'node:timers/promises';

import type { Exit } from '../../confine/api.ts';
import type { Mode } from '../../confine/grant.ts';
import { drained } from '../../confine/preload/drained.ts';
import { readSpec, type Context } from '../../host/context.ts';
import type { Withheld } from '../../host/grants-permit.ts';
import type { McpOptions } from '../api.ts';
import { LoadFailureError } from '../errors.ts';
import { readLines } from '../lines.ts';
import { defaultLoadLimits } from '../api.ts';
import { startPlugin, type Started } from '../start.ts';
import type { Live } from '../recheck.ts';
import { filterServer } from './filter-server.ts';
import type { McpFilter, McpMetrics } from './filter.ts';
import type { JsonRpcMessage } from './json-rpc.ts';
import { serverProgram } from './command.ts';

/** Structurally a `Transport` of the MCP SDK, of which nothing is imported. */
export interface McpTransport {
  start(): Promise<void>;
  send(message: JsonRpcMessage): Promise<void>;
  close(): Promise<void>;
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: ((message: JsonRpcMessage) => void) | undefined;
  readonly sessionId?: string | undefined;
  /** Once it is started: how it is held, and what it asks for and does not get. */
  readonly about: {
    readonly name: string;
    readonly mode: Mode;
    readonly withheld: readonly Withheld[];
  } | null;
  /** What did not pass so far. */
  metrics(): McpMetrics;
}

export interface McpTransportOptions extends McpOptions {
  readonly workFolder: string | null;
  readonly sealAboveBytes: number | undefined;
  readonly live: Set<Live>;
  /** @throws PLUGIN_CLOSED once nothing is to be started any more */
  readonly mayStart: () => void;
}

/** So long what a server said before it ended may be on its way: somebody else may hold its output open. */
const patienceMs = 2000;

/** Verifies and starts the server when it is started itself; ends it when it is closed, or when the server breaks JSON-RPC. */
export function mcpTransport(context: Context, spec: string, options: McpTransportOptions): McpTransport {
  let started: Started | null = null;
  let filter: McpFilter | null = null;
  let closed = false;
  let ending = false; // by us: what that looks like from outside is nobody's news
  const late = new AbortController();
  let beginning: Promise<unknown> | null = null;
  const live: Live = {
    get started() {
      return started;
    },
    stop: async (error) => fail(error),
    judged: (error) => transport.onerror?.(error),
  };
  const gone = (): void => {
    if (closed) return;
    closed = true;
    options.live.delete(live);
    transport.onclose?.();
  };
  const ended = (exit: Exit): void => {
    if (exit.error !== null && !ending) transport.onerror?.(exit.error);
    gone();
  };
  const fail = async (error: Error): Promise<void> => {
    if (ending) return;
    ending = true;
    transport.onerror?.(error);
    await end(error, 0);
  };
  /** Also what is only being started: it is waited for, and ended. */
  const end = async (why: Error, graceMs: number): Promise<void> => {
    ending = true;
    late.abort(why);
    await beginning;
    await started?.process.stop({ graceMs });
    gone();
  };
  const transport: McpTransport = {
    get about() {
      if (started === null) return null;
      const { activated, process, withheld } = started;
      return { name: activated.name, mode: process.mode, withheld };
    },
    metrics: () => filter?.metrics() ?? { refused: 0, dropped: 0 },
    start: async () => {
      if (beginning !== null || closed)
        throw new LoadFailureError('PLUGIN_CLOSED', 'a transport is started once');
      options.mayStart();
      options.live.add(live);
      const { signal } = options;
      try {
        const start = startPlugin(
          context,
          readSpec(context, spec),
          (activated, root, given) => serverProgram(activated, root, given, options),
          { ...options, signal: signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]) },
        );
        beginning = start.catch(() => undefined);
        started = await start;
        late.signal.throwIfAborted(); // whoever ends it waits for us, and ends the process
      } catch (error) {
        context.events.refusal(error, spec);
        closed = true;
        options.live.delete(live);
        throw error;
      }
      const { process: confined, clean } = started;
      const said = Promise.withResolvers<void>();
      filter = filterServer(started, {
        source: null, // `send` waits
        toClient: (message) => {
          try {
            transport.onmessage?.(message);
          } catch (error) {
            transport.onerror?.(error instanceof Error ? error : new Error(String(error))); // the client's own fault
          }
        },
        refused: (error) => options.onRefused?.(error),
        stray: (warning) => options.onLog?.(clean(warning)),
        end: said.resolve,
        fault: (error) => void fail(error),
      });
      const { logLineBytes: maxBytes, messagesPerSecond: perSecond } = defaultLoadLimits;
      readLines(confined.stderr, { maxBytes, perSecond }, (line) => options.onLog?.(clean(line)));
      const heard = async (): Promise<void> =>
        Promise.race([said.promise, delay(patienceMs, undefined, { ref: false })]);
      void Promise.all([confined.exited, confined.exited.then(heard)]).then(([exit]) => ended(exit));
    },
    send: async (message) => {
      if (filter === null || started === null || closed)
        throw new LoadFailureError('PLUGIN_CLOSED', 'the server does not run');
      filter.fromClient(message);
      await drained(started.process.stdin);
    },
    close: async () => end(new LoadFailureError('PLUGIN_CLOSED', 'the transport was closed'), 1000),
  };
  return transport;
}
