import type { Endpoint } from '../capabilities/endpoint.ts';

/**
 * How a plugin's process is held. `compute`: nothing but its own tree and the channel. `process`: Node's permissions and
 * our guards. `sandbox`: those, inside a layer of the operating system. `trusted`: a process of its own, not confined.
 */
export type Mode = 'compute' | 'process' | 'sandbox' | 'trusted';
export const modes: readonly Mode[] = ['compute', 'process', 'sandbox', 'trusted'];

/** What runs the entry: this Node, Python, or the operating system itself. */
export type Runtime = 'node' | 'python' | 'executable';

/** Everything that one process may do, resolved by the host. What is not in here is not allowed. */
export interface Grant {
  /** Absolute real paths of files or folders; what may be written may also be read. */
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly connect: readonly Endpoint[];
  /** The whole environment: nothing is inherited beside it. */
  readonly env: ReadonlyMap<string, string>;
  /** Absolute real paths of programs. */
  readonly exec: readonly string[];
  readonly native: boolean;
  readonly worker: boolean;
  readonly eval: boolean;
  readonly limits: GrantLimits;
}

export interface GrantLimits {
  /** Resident memory of all its processes together. */
  readonly memoryBytes: number;
  /** A bucket of processor seconds, which fills again in ten minutes: a loop ends, a busy server lives on. */
  readonly cpuSeconds: number;
  /** Kept by whoever makes the calls; nothing here counts them. */
  readonly callsPerMinute: number;
}

export const nothingGranted: Grant = {
  read: [],
  write: [],
  connect: [],
  env: new Map(),
  exec: [],
  native: false,
  worker: false,
  eval: false,
  limits: { memoryBytes: 256 * 1024 * 1024, cpuSeconds: 60, callsPerMinute: 600 },
};
