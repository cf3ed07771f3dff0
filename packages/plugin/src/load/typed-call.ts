/** What a plugin's author gets beside the parameters: `import type { PluginContext } from '@ragnos/plugin'`, nothing at run time. */
export interface PluginContext {
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** For `onEvent` of the host. Nobody has to wait for it; whoever emits much waits where many are under way. */
  readonly emit: (event: string, data?: unknown) => Promise<void>;
  /** One line for `on('log')` of the host. */
  readonly log: (...parts: readonly unknown[]) => void;
  /** What the host streams into the call; absent where it streams nothing. What its items are, nothing checks. */
  readonly input?: AsyncIterable<unknown>;
}

type PluginFunction = (params: never, context: never) => unknown;

/** Of a plugin whose caller claims nothing. */
export type UnknownApi = Readonly<Record<string, (params: unknown, context: never) => unknown>>;

/** The names among the members of `Api` that can be called: a module may export more than functions. */
export type FunctionName<Api> = {
  [Name in keyof Api]: Api[Name] extends PluginFunction ? Name : never;
}[keyof Api] &
  string;

/** The parameters may be left out only where the function does without. */
export type CallParameters<Called> = Called extends PluginFunction
  ? undefined extends Parameters<Called>[0]
    ? [params?: Parameters<Called>[0] | null]
    : [params: Parameters<Called>[0]]
  : never;

/** What comes back: a stream for a stream. */
export type CallResult<Called> = Called extends PluginFunction ? Arrived<Awaited<ReturnType<Called>>> : never;

type Arrived<T> = T extends AsyncIterable<infer Item> ? AsyncIterableIterator<Item> : T;
