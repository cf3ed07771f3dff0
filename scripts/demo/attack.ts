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
  /** The folder that is served. */
  readonly served: string;
  readonly sent: () => number;
  /** Where the host looks for the repository. */
  readonly port: number;
}

export interface Attack {
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
  /** The check that stands in the way, disabled in the test build. */
  readonly patches: readonly Patch[];
  readonly exit: number;
  readonly codes: readonly string[];
  /** Whether the attacker got what he wanted. */
  readonly worked: (outcome: Outcome, ground: Ground) => boolean | Promise<boolean>;
}
