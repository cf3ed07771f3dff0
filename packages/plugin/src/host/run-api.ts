import type { Readable, Writable } from 'node:stream';

import type { DeniedAccess } from '../confine/api.ts';
import type { Mode } from '../confine/grant.ts';
import type { GivenGrant } from '../load/permit.ts';
import type { CallOptions } from './api.ts';
import type { Withheld } from './grants-permit.ts';

/** Where a running plugin reads and writes. None of them is ended. */
export interface RunStreams {
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
}

export interface RunOptions extends CallOptions {
  /** Default `pipe`: nothing to read, and what it writes comes with the result. An MCP server speaks over streams. */
  readonly stdio?: 'pipe' | RunStreams | undefined;
  /** Whether an MCP client speaks over the streams, which are filtered then. Default: if the plugin is an MCP server. */
  readonly mcp?: boolean | undefined;
  /** Which of several `bin` entries. Default: the one named like the plugin, else the only one, else `main`. */
  readonly bin?: string | undefined;
  /** What a bundle asks its person for, by the setting's name; secrets come from the environment instead. */
  readonly settings?: ReadonlyMap<string, readonly string[]> | undefined;
  /** Default: `sandbox` where it is to be had, else `process`; never weaker than policy says. */
  readonly mode?: Mode | undefined;
  /** Agreed to for this start alone, in the place of what was at installation. */
  readonly grant?: GivenGrant | undefined;
  /** What `$project` stands for. Default: the host's project. */
  readonly workFolder?: string | null | undefined;
  /** Values of granted environment variables, before the host's own. */
  readonly env?: ReadonlyMap<string, string> | undefined;
  /** Unpack a damaged tree again from the content store instead of refusing. */
  readonly repair?: boolean | undefined;
  /** Called when it was verified and has been started. */
  readonly onStart?:
    | ((about: {
        readonly version: string;
        readonly folder: string;
        readonly mode: Mode;
        /** What it asks for and does not get. */
        readonly withheld: readonly Withheld[];
      }) => void)
    | undefined;
  readonly onDenied?: ((access: DeniedAccess) => void) | undefined;
  /**
   * How old what is known may be until it is refreshed and what runs is judged again. Default 15 minutes; 0 = nothing is
   * done by itself. What a refresh at the start brings counts as known at the start.
   */
  readonly recheckEveryMs?: number | undefined;
  /** It was revoked or refused since it was started; policy says whether it goes on. */
  readonly onJudged?: ((error: Error, stopped: boolean) => void) | undefined;
  /** What of an MCP server did not pass the filter. */
  readonly onRefused?: ((error: Error) => void) | undefined;
}

export interface RunResult {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Empty unless `stdio` is `pipe`. */
  readonly stdout: string;
  readonly stderr: string;
}
