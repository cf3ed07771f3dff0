import type { Context } from '../command.ts';

/** What a ceremony leaves for the audit log: the entry precedes the root that it is about (DESIGN.md, decision 13). */
export interface CeremonyRecord {
  /** The vault, as it will be when the ceremony is over. */
  readonly vault: string;
  /** sha256 of the transcript's file. */
  readonly transcriptSha256: string;
  readonly rootVersion: number;
  readonly rootSha256: string;
  /** Who took part, by key id. */
  readonly keyIds: readonly string[];
}

/** Called when everybody has signed, and before anything is published; if it rejects, nothing is. */
export type CeremonyHook = (record: CeremonyRecord, context: Context) => Promise<void>;

const hooks: CeremonyHook[] = [];

/** Has `hook` told of every ceremony of this process. */
export function onCeremony(hook: CeremonyHook): void {
  hooks.push(hook);
}

export async function recordCeremony(record: CeremonyRecord, context: Context): Promise<void> {
  for (const hook of hooks) await hook(record, context);
}
