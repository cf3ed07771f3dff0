import type { Readable, Writable } from 'node:stream';
import type { ConfineError } from './errors.ts';
import type { Grant, Mode, Runtime } from './grant.ts';
import type { ConfineLimits } from './limits.ts';
import type { Channel } from './preload/lanes.ts';

export interface ConfineOptions {
  readonly mode: Mode;
  readonly runtime: Runtime;
  /** The plugin's tree: an absolute real path. */
  readonly folder: string;
  /** Below the tree, with `/`. */
  readonly entry: string;
  readonly args?: readonly string[];
  readonly grant: Grant;
  /** Of every file of the tree, by its path with `/`, the sha256 in hex that was verified. No other file is loaded as code. */
  readonly files: ReadonlyMap<string, string>;
  /** Paths of the host that no grant may reach: the vault's home. Checked here a second time. */
  readonly deny?: readonly string[];
  /**
   * A module of ours (an absolute path), run in the plugin's place with a channel to the host: `runner(context)` is called
   * (`RunnerContext`), and loads the entry when it wants. Its folder is readable for the plugin. Without one the entry is
   * the main module, and standard input and output are its own. Node only.
   */
  readonly runner?: string;
  /** Runs from a private copy; default: as `copyOf` says. */
  readonly privateCopy?: boolean;
  /** Default: this process's Node, and `python3` of the system's folders. */
  readonly node?: string;
  readonly python?: string;
  readonly limits?: Partial<ConfineLimits>;
  /** Told of what was refused, at most so often per second; the counter counts all. */
  readonly onDenied?: (access: DeniedAccess) => void;
  /** How the broker looks names up: their addresses. Default: the system's resolver. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Leaves layers out, to see what the others hold. For the probe suite and for nothing else. */
  readonly without?: readonly Layer[];
  /**
   * Compares the tree, and gives each file it has compared to `keep` where there is one, for the copy from which the plugin runs.
   * Called as early as the process can wait for it: one that our preload begins is told nothing, and so runs nothing of
   * the plugin, before this has settled; any other is not started before. Called again where the memory for a copy ran out. What
   * it throws is thrown.
   */
  readonly verify?: (keep?: Keep) => Promise<void>;
  /** Ends the process, or the attempt to start it. */
  readonly signal?: AbortSignal;
}

/** Takes the bytes of a file that were verified; they are its caller's again afterwards. */
export type Keep = (name: string, bytes: Uint8Array, executable: boolean) => void;

/** What holds a plugin inside its process: Node's permissions, and our exchanged functions. */
export type Layer = 'permissions' | 'guards';

/**
 * What a plugin was refused by us. Files are not among it: the operating system or Node's permissions refuse them, and tell the
 * plugin alone (ENOENT, EACCES, ERR_ACCESS_DENIED).
 */
export interface DeniedAccess {
  readonly capability: 'net.connect' | 'exec' | 'worker' | 'native' | 'eval' | 'code' | 'other';
  readonly what: string;
  readonly reason: DeniedReason;
  /** Who withheld it: `consent`, or the place of a policy's rule. `null` where the reason is another. */
  readonly by: string | null;
}

export type DeniedReason =
  | 'not-granted'
  | 'withheld' // its manifest declares it, and it was not agreed to or a rule takes it away
  | 'method-not-granted' // the host is granted with other methods only, or only for fetch, which shows its method
  | 'not-public' // a name is granted, and leads to an address inside some network
  | 'not-signed'; // code that is not what was signed

export interface ConfinedProcess {
  readonly mode: Mode;
  /** Of the outermost process that we started; inside a sandbox it has another. */
  readonly pid: number;
  /** The plugin's own. Whoever does not read them stops a plugin that writes: nothing piles up here. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** To the runner; `null` without one. */
  readonly channel: Channel | null;
  /** Settles once, when the process and all below it are gone and its files are removed. Never rejects. */
  readonly exited: Promise<Exit>;
  usage(): Usage;
  /** Asks it to end, kills it after the grace time, and waits. `graceMs: 0` kills at once. */
  stop(options?: { readonly graceMs?: number }): Promise<Exit>;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** `null`: it ended by itself with code 0. Else why, as a caller that waits for an answer should hear it. */
  readonly error: ConfineError | null;
}

export interface Usage {
  /** Of the last look; 0 before the first, and where the operating system does not tell. */
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
  readonly tasks: number;
  readonly connections: number;
  readonly networkBytes: number;
  readonly denied: number;
}
