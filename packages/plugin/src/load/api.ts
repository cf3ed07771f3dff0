import type { Mode } from '../confine/grant.ts';
import type { DeniedAccess } from '../confine/api.ts';
import type { CallOptions, Host, HostOptions } from '../host/api.ts';
import type { McpTransport } from './mcp/transport.ts';
import type { Withheld } from '../host/grants-permit.ts';
import type { GivenGrant } from './permit.ts';
import type { CallParameters, CallResult, FunctionName, UnknownApi } from './typed-call.ts';

/** How a plugin that ended by itself, or was ended for what it did, is started again. */
export interface RestartPolicy {
  /** Before the first start; doubled each time. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  /** So many within `windowMs`; then it is given up. */
  readonly limit: number;
  readonly windowMs: number;
}

export const defaultRestart: RestartPolicy = {
  backoffMs: 200,
  maxBackoffMs: 30_000,
  limit: 5,
  windowMs: 600_000,
};

/** Bounds of one loaded plugin. Lengths are bytes, times milliseconds. */
export interface LoadLimits {
  /** From its verification on until its module was loaded. */
  readonly startTimeMs: number;
  /** One value of a call, either way, with all around it. Of lists, objects, members and values it has 1,000,000 at most. */
  readonly valueBytes: number;
  readonly callsAtOnce: number;
  /** Of a call that names none. Of a stream it is for each wait: for the first word, and for each next item. */
  readonly callTimeMs: number;
  /** After a call took too long: how long it may take to answer anything at all, before it is ended. */
  readonly hungTimeMs: number;
  /** Events, log lines and late answers; what comes beyond waits on the plugin's side. */
  readonly messagesPerSecond: number;
  readonly logLineBytes: number;
}

export const defaultLoadLimits: LoadLimits = {
  startTimeMs: 20_000,
  valueBytes: 8 * 1024 * 1024,
  callsAtOnce: 1000,
  callTimeMs: 30_000,
  hungTimeMs: 5_000,
  messagesPerSecond: 2_000,
  logLineBytes: 8_192,
};

export interface VaultOptions extends HostOptions {
  /** Which confinement. Default: `sandbox` where it is to be had, else `process`; never weaker than policy says. */
  readonly mode?: Mode | undefined;
  /** What `$project` stands for. Default: `project`. */
  readonly workFolder?: string | undefined;
  /** Above this many bytes a tree that was hashed here is judged by its stat seal. Default 50 MB. */
  readonly sealAboveBytes?: number | undefined;
  /** How often running plugins are judged again, after a refresh. Default 15 minutes; 0 = never by itself. */
  readonly recheckEveryMs?: number | undefined;
}

export interface LoadOptions extends CallOptions {
  readonly mode?: Mode | undefined;
  /** Default `defaultRestart`; `null` = never. */
  readonly restart?: Partial<RestartPolicy> | null | undefined;
  readonly limits?: Partial<LoadLimits> | undefined;
  /** A damaged tree is unpacked again from the verified archive. Default `true`; else it is refused. */
  readonly repair?: boolean | undefined;
  /** Values of granted environment variables, before the host's own. */
  readonly env?: ReadonlyMap<string, string> | undefined;
  /** What is agreed to for this start alone, in the place of what was at installation. Policy narrows it all the same. */
  readonly grant?: GivenGrant | undefined;
}

export interface CallSettings extends CallOptions {
  /** Default: `limits.callTimeMs`. */
  readonly timeoutMs?: number | undefined;
  /** Streams into the call, as its `context.input`: read as the plugin takes it. */
  readonly input?: AsyncIterable<unknown> | undefined;
}

export interface PluginMetrics {
  /** Of the last start: all of it, and verifying chain and tree in it. */
  readonly startMs: number;
  readonly verifyMs: number;
  readonly calls: number;
  readonly errors: number;
  readonly inFlight: number;
  readonly events: number;
  readonly logLines: number;
  /** As `denied` tells them; of files nobody tells. */
  readonly deniedAccesses: number;
  /** As last looked at; 0 while it does not run, and where the operating system does not tell. */
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
  readonly restarts: number;
}

export interface PluginLog {
  readonly stream: 'stdout' | 'stderr' | 'log';
  /** One line, without control characters. */
  readonly line: string;
}

/** What a handle tells of by itself. */
export interface HandleEvents {
  readonly log: PluginLog;
  readonly denied: DeniedAccess;
  /** It ended, and why; it is started again or not. */
  readonly ended: { readonly error: Error; readonly again: boolean };
  readonly restarted: { readonly restarts: number };
  /** It was revoked while it ran: policy says whether it goes on. Or its tree changed: it goes on if that was repaired. */
  readonly judged: { readonly error: Error; readonly stopped: boolean };
}

export type PluginState = 'running' | 'restarting' | 'stopped';

/**
 * A plugin that runs, confined, in a process of its own. `Api` is what its main module exports, as an interface or as
 * `typeof import('…')`: a claim of the caller's, which the compiler holds calls to, and nothing else.
 */
export interface PluginHandle<Api extends object = UnknownApi> {
  /** `vendor/plugin@version` */
  readonly name: string;
  readonly version: string;
  readonly mode: Mode;
  readonly state: PluginState;
  /** The functions that its main module exports. */
  readonly functions: readonly string[];
  /** What its manifest declares and it was not given: by whoever was asked (`consent`), by a rule of a policy, whose place it is, or for want of it here (`host`). */
  readonly withheld: readonly Withheld[];
  /**
   * Calls an exported function. Values are JSON, with `Uint8Array` anywhere in them. A stream comes as an async iterator,
   * which is read as fast as it is taken; leaving it ends the call.
   * @throws LoadError, ConfineError (it ended, and why), or the signal's reason
   */
  call<Name extends FunctionName<Api>>(
    name: Name,
    ...given: [...CallParameters<Api[Name]>, settings?: CallSettings]
  ): Promise<CallResult<Api[Name]>>;
  /** What the plugin emits, by its own names; returns how to stop listening. */
  onEvent(event: string, listener: (data: unknown) => void): () => void;
  on<Name extends keyof HandleEvents>(event: Name, listener: (about: HandleEvents[Name]) => void): () => void;
  metrics(): PluginMetrics;
  /** Idempotent; settles when nothing of it is left. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface Recheck {
  readonly plugin: string;
  readonly error: Error;
  readonly stopped: boolean;
}

/** Plugins of one repository, loaded into this process's service. */
export interface Vault {
  /** Trust, install, update, list: the same host that `ragv` works on. */
  readonly host: Host;
  /**
   * Verifies what is installed, starts it confined, and returns when its module was loaded.
   * @throws what `Host.run` throws, ConfineError, LoadNotFoundError `NO_ENTRY`
   */
  load<Api extends object = UnknownApi>(spec: string, options?: LoadOptions): Promise<PluginHandle<Api>>;
  /** A transport for any MCP client; verified and started when the client connects. */
  mcp(spec: string, options?: McpOptions): McpTransport;
  /** Refreshes, then judges all that runs again: by what was revoked, by its chain, by its tree. */
  recheck(options?: CallOptions & { readonly refresh?: boolean | undefined }): Promise<readonly Recheck[]>;
  /** Ends all that was loaded. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface McpOptions extends CallOptions {
  readonly mode?: Mode | undefined;
  /** Which of its commands, where it has several. */
  readonly bin?: string | undefined;
  readonly args?: readonly string[] | undefined;
  readonly settings?: ReadonlyMap<string, readonly string[]> | undefined;
  /** What is agreed to for this start alone, in the place of what was at installation. Policy narrows it all the same. */
  readonly grant?: GivenGrant | undefined;
  readonly env?: ReadonlyMap<string, string> | undefined;
  readonly repair?: boolean | undefined;
  /** Lines of the server's stderr, and warnings of what it printed among its messages that is none. */
  readonly onLog?: ((line: string) => void) | undefined;
  readonly onDenied?: ((access: DeniedAccess) => void) | undefined;
  /** What did not pass: a tool whose text is not signed, a request that was not declared. */
  readonly onRefused?: ((error: Error) => void) | undefined;
}
