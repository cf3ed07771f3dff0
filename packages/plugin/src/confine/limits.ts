/** Bounds on a confined process beside those of its grant. Lengths are bytes, times milliseconds. */
export interface ConfineLimits {
  /** Of a tree of JavaScript that is copied for a sandbox; a larger one is not. */
  readonly copyBytes: number;
  /** From the start until it says that it is ready. */
  readonly startTimeMs: number;
  /** One message of the channel. */
  readonly messageBytes: number;
  /** What may wait for a plugin that does not read, before it is ended. */
  readonly unreadBytes: number;
  /** All processes and threads below it. */
  readonly tasks: number;
  /** How often memory, processor time and processes are looked at. */
  readonly watchEveryMs: number;
  /** Between asking it to end and killing it. */
  readonly graceMs: number;
  /** At once, over the broker. */
  readonly connections: number;
  /** Of one connection: both ways together, without traffic, and altogether. */
  readonly connectionBytes: number;
  readonly connectionIdleMs: number;
  readonly connectionTimeMs: number;
  /** For looking a name up, and again for connecting. */
  readonly connectTimeMs: number;
  readonly redirects: number;
  /** What it says about itself, and asks of the broker, per second; what comes beyond waits on its side. Traffic is not counted. */
  readonly controlPerSecond: number;
  /** Reports of refused accesses kept per second; the rest is only counted. */
  readonly deniedPerSecond: number;
}

export const defaultConfineLimits: ConfineLimits = {
  copyBytes: 64 * 1024 * 1024,
  startTimeMs: 20_000,
  messageBytes: 16 * 1024 * 1024,
  unreadBytes: 64 * 1024 * 1024,
  tasks: 256,
  watchEveryMs: 100,
  graceMs: 2_000,
  connections: 64,
  connectionBytes: 1024 * 1024 * 1024,
  connectionIdleMs: 120_000,
  connectionTimeMs: 3_600_000,
  connectTimeMs: 10_000,
  redirects: 10,
  controlPerSecond: 2_000,
  deniedPerSecond: 50,
};

/** The defaults, but for what is said otherwise. */
export function limitsOf({ limits }: { readonly limits?: Partial<ConfineLimits> }): ConfineLimits {
  return { ...defaultConfineLimits, ...limits };
}
