import type { LogHead } from './head.ts';
import type { LogJson } from './json.ts';

/** What happened. Closed for writing; a reader meets kinds of later versions too and keeps them as they are. */
export const entryKinds = [
  'init',
  'publish',
  'yank',
  'sign',
  'delegation',
  'keys',
  'root',
  'refresh',
  'refusal',
  'ceremony',
  'revocation',
  'suspension',
  'retention',
  'restart',
] as const;
export type EntryKind = (typeof entryKinds)[number];

export interface Actor {
  readonly type: 'user' | 'vendor' | 'service';
  /** A login name, a vendor's name, a service's: never a token or a mail address with more in it. */
  readonly name: string;
}

export interface FileVersion {
  readonly version: number;
  readonly sha256: string;
}

/** `null`: there was none, or there is none any more. */
export interface RoleChange {
  readonly name: string;
  readonly before: FileVersion | null;
  readonly after: FileVersion | null;
}

/** `null`: the target was taken away. */
export interface TargetChange {
  readonly path: string;
  readonly sha256: string | null;
}

/**
 * A list that may be too long for an entry: its length, the first of it, and a digest of all of it. `sha256` is over lines in
 * the order of their bytes: `<sha256 or ->  <path>` for targets, `<name> <before> <after>` for roles with `<version>:<sha256>` or `-`.
 */
export interface Listed<T> {
  readonly count: number;
  readonly sha256: string;
  readonly some: readonly T[];
}

/** A log that was given up: it ended at this head, and its entries are lost. Approved by the keys of root, where it stands as well. */
export interface LostLog extends LogHead {
  /** When, and by whom; why, in the words of whoever asked for it. */
  readonly time: Date;
  readonly by: string;
  readonly reason: string;
}

/**
 * What a caller says about something that is about to be committed, or was refused. Nothing in it is a secret, and nothing in
 * it is copied from an argument list or an environment. Everything here is as public as the store.
 */
export interface NewEntry {
  readonly time: Date;
  readonly kind: EntryKind;
  readonly actor: Actor;
  /** The name of the machine. */
  readonly host: string;
  /** Such as `ragv 0.1.0`. */
  readonly tool: string;
  /** The keys that signed. */
  readonly keyIds?: readonly string[] | undefined;
  readonly roles?: Listed<RoleChange> | undefined;
  readonly targets?: Listed<TargetChange> | undefined;
  /** Key ids that this entry makes valid, or invalid. */
  readonly keysAdded?: readonly string[] | undefined;
  readonly keysRemoved?: readonly string[] | undefined;
  /** Of a refusal: the error's stable code, and its words. */
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  /** sha256 of a ceremony's transcript. */
  readonly transcript?: string | undefined;
  /** What a revocation, suspension or delegation is about: a digest, a vendor's name. */
  readonly subject?: string | undefined;
  /** Of the first entry of a log that was begun anew, and of no other: the log before it. */
  readonly lost?: LostLog | undefined;
}

/** An entry as the log holds it. */
export interface LogEntry extends Omit<NewEntry, 'kind'> {
  /** Time and chance; no two entries share it, so no two commits lead to the same head. */
  readonly id: string;
  /** One of `entryKinds`, or one that a later version writes. */
  readonly kind: string;
  /** Members that this version does not know: part of what was hashed. */
  readonly unrecognized: ReadonlyMap<string, LogJson>;
}
