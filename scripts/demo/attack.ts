/** What an attack of the demo is: what is changed, which check is in the way, and how it has to be refused. */
import type { Lie } from './evil-server.ts';
import type { Outcome } from './run.ts';
import type { Stage } from './stage.ts';
import type { Patch } from './weaken.ts';

/** Where one strike happens: copies that belong to it alone. */
export interface Ground {
  readonly stage: Stage;
  readonly folder: string;
  readonly home: string;
  /** The home folder of whoever uses the host, with a token in it: the same in every strike. */
  readonly somebody: string;
  /** The folder that is served. */
  readonly served: string;
  readonly sent: () => number;
  /** What was posted to the repository's port: to whom, and what. Plugins and thieves have their servers there too. */
  readonly posted: () => readonly string[];
  /** Where the host looks for the repository. */
  readonly port: number;
  /** What strikes have in common and takes long to make; see `once`. */
  readonly made: Map<string, Promise<string>>;
  readonly shared: string;
}

/** What is done to a host, and whether that did what it was meant for. */
export interface Deed {
  readonly id: string;
  readonly title: string;
  /** Which host is attacked, and which state of the repository is served: before or after the last publish. */
  readonly host: 'old' | 'new';
  readonly serves: 'old' | 'new';
  readonly command: readonly string[];
  readonly tamper?: (ground: Ground) => Promise<void>;
  readonly lie?: Lie;
  readonly clockShiftMs?: number;
  /** The command is the operator's: what is refused is at the door, and no host is asked. */
  readonly operator?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** What the command reads: the words of the AI host that started it. */
  readonly input?: string;
  /** The attack comes after metadata that verifies and is kept. */
  readonly behindMetadata?: boolean;
  /** Whether the attacker got what he wanted. */
  readonly worked: (outcome: Outcome, ground: Ground) => boolean | Promise<boolean>;
}

export interface Attack extends Deed {
  /** The check that stands in the way, disabled in the test build. */
  readonly patches: readonly Patch[];
  /** Other controls that would stop it too, disabled in both builds: the one that is tried stands alone. */
  readonly others?: readonly Patch[];
  /** What another program does, where there is no check of ours to disable. */
  readonly elsewhere?: (ground: Ground) => Promise<Outcome>;
  /** The version is installed all the same: only what the attacker wanted of it does not happen. */
  readonly installs?: boolean;
  readonly exit: number;
  readonly codes: readonly string[];
}

/** What works against the real build, said as plainly as what does not. */
export interface Limit extends Deed {
  readonly why: string;
  /** What shows it to whoever looks: a command, and what stands in its answer. */
  readonly shows: { readonly command: readonly string[]; readonly says: string };
}
