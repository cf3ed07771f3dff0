import type { Storage } from '@ragnos/storage';

/** One answered request. */
export interface AccessRecord {
  readonly at: Date;
  readonly method: string;
  /** As it came, at most 1,024 characters, control characters escaped. */
  readonly path: string;
  readonly status: number;
  /** Of the body, as announced. */
  readonly bytes: number;
  /** `false`: the connection ended before the answer did. */
  readonly complete: boolean;
  readonly milliseconds: number;
}

/** Whoever embeds the server prints; the server never does. Must not throw. */
export interface ServerLog {
  readonly access?: (record: AccessRecord) => void;
  /** Something failed that no client is told about: the store, a refresh. */
  readonly failure?: (what: string, error: unknown) => void;
}

/** Bounds that stop slow and greedy clients. Times are milliseconds, lengths bytes. */
export interface ServerLimits {
  /** From the connection's start, or the last answer, to the end of the request's head (slowloris). */
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
  /** Without a byte leaving for a client that reads slowly. */
  readonly idleTimeout: number;
  readonly maxHeaderSize: number;
  readonly maxConnections: number;
  /** Metadata files up to this are kept in memory, and all of them together up to `memory`. */
  readonly metadataFileMaxLength: number;
  readonly memory: number;
}

export interface ServerOptions {
  readonly storage: Storage;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** Origins that browsers may read from, exactly as they send them (`https://plugins.example`). Default: none. */
  readonly cors?: readonly string[];
  /** Called at once and then every `refreshEvery` ms, never twice at a time: `repository.refresh`. A failure is logged. */
  readonly refresh?: (options: { readonly signal: AbortSignal }) => Promise<unknown>;
  /** Default ten minutes. */
  readonly refreshEvery?: number;
  readonly log?: ServerLog;
  readonly limits?: Partial<ServerLimits>;
  /** A small page at `/` in plain words. Default: on. */
  readonly landingPage?: boolean;
}

export interface RepositoryServer {
  /** `http://127.0.0.1:1234/`, with the port that was really taken. */
  readonly url: string;
  readonly port: number;
  /** Open connections, for metrics. */
  connections(): Promise<number>;
  /** Stops accepting, lets answers in flight end, cuts what is left after `deadline` ms (default 10 s). May be called twice. */
  close(options?: { readonly deadline?: number }): Promise<void>;
}

export const defaultServerLimits: ServerLimits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 30_000,
  idleTimeout: 60_000,
  maxHeaderSize: 16_384,
  maxConnections: 10_000,
  metadataFileMaxLength: 8_000_000,
  memory: 128_000_000,
};
