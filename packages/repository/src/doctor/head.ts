import type { RoleName, Root, Snapshot, Targets, Timestamp } from '@ragnos/tuf';
import type { Lifetimes } from '../layout.ts';

/** A file as the rules see it: what it says, and how long it is. */
export interface CheckedFile<T> {
  readonly signed: T;
  readonly bytes: { readonly length: number };
}

export interface CheckedRole extends CheckedFile<Targets> {
  readonly name: RoleName;
  readonly delegator: RoleName;
  /** The role of which it is a bin. */
  readonly splits: RoleName | null;
}

/** A repository at one moment. A `Head` is one once its roles are given. */
export interface CheckedHead {
  readonly root: CheckedFile<Root>;
  readonly timestamp: CheckedFile<Timestamp>;
  readonly snapshot: CheckedFile<Snapshot>;
  /** `targets` first; some, if `complete` is false. */
  readonly roles: readonly CheckedRole[];
  readonly complete: boolean;
}

export interface CheckOptions {
  readonly now: Date;
  /** Where they are known: then what is late is told as `refresh` sees it. */
  readonly lifetimes?: Lifetimes | undefined;
  /** The names of clients that are to be served, which cannot read all that others can. */
  readonly compat?: ReadonlySet<string> | undefined;
  /** Paths of which look-ups are tried, to count the roles that they visit. Default 256. */
  readonly lookUps?: number | undefined;
}
