import type { Remark } from './code/use.ts';
import type { Hidden } from './hidden.ts';
import type { Evidence, UsedCapability } from './used.ts';

export interface PluginFile {
  /** Relative to the plugin's folder. */
  readonly path: string;
  readonly size: number;
}

export interface InspectOptions {
  /** What is started, whatever it is called: what it reaches is what is used. Absent: every program is started. */
  readonly entries?: Iterable<string> | undefined;
  /** What an operating system starts of it: such a file counts as native, in whatever language it is. */
  readonly programs?: Iterable<string> | undefined;
  /** With `entries`: every program outside node_modules is started, too. */
  readonly startsOwn?: boolean | undefined;
  /** Variables that the plugin's own start sets: the host's are not what is read there. */
  readonly ownVariables?: Iterable<string> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly limits?: InspectLimits | undefined;
  /** Whether what nothing reaches is searched for what it names, to be told to people. Default: it is. */
  readonly mentions?: boolean | undefined;
}

/** Bounds for plugins that are made to be slow to read. What is beyond counts as code that nobody could read. */
export interface InspectLimits {
  /** Bytes of one program. */
  readonly codeMaxLength: number;
  /** Bytes of all programs together. */
  readonly allMaxLength: number;
  readonly milliseconds: number;
}

export const defaultInspectLimits: InspectLimits = {
  codeMaxLength: 20_000_000,
  allMaxLength: 200_000_000,
  milliseconds: 60_000,
};

export interface HiddenFinding extends Hidden {
  readonly file: string;
}
export type RemarkKind = Remark['kind'] | 'unread-language' | 'unread-types' | 'unreached';
export interface RemarkFinding extends Evidence {
  readonly kind: RemarkKind;
  readonly count: number;
}

/** A module that something started asks for, and that is not among the files. */
export interface MissingModule extends Evidence {
  readonly specifier: string;
  /** What is started loads it at once, and so fails; else perhaps, some time. What is tried, and may fail, is none. */
  readonly surely: boolean;
}

/** What was found in a plugin's files. None of it was run. */
export interface Inspection {
  /** By the programs that are started and what they load; `native` also by any file that is native. */
  readonly used: readonly UsedCapability[];
  /**
   * What programs name that nothing started reaches (the remark `unreached` counts them). They were searched, not parsed: for
   * people, no ground for a decision.
   */
  readonly unreached: readonly UsedCapability[];
  /** Programs that could not be read; each counts as one that makes code from text. */
  readonly unread: readonly Evidence[];
  readonly hidden: readonly HiddenFinding[];
  /** The sure ones first. */
  readonly missing: readonly MissingModule[];
  /** One of each kind, the first: nothing is refused for it. */
  readonly remarks: readonly RemarkFinding[];
  /** That were parsed. */
  readonly programs: number;
  readonly bytes: number;
}
