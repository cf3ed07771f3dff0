import type { Signer } from '@ragnos/signing';
import type { Storage } from '@ragnos/storage';
import type { JsonValue, Key, KeyId, TargetFile, Targets } from '@ragnos/tuf';
import type { Client } from './compat.ts';
import type { AuditNote, AuditOptions } from './audit.ts';
import type { BinsLayout, DelegationLayout, Lifetimes, RoleLayout } from './layout.ts';

/**
 * Gives the signers of a role that are at hand. Asked for one role at a time, once per commit; bins are asked for under the
 * name of the role which they split. `keyIds` are those that may sign it now (a superset of what is needed); signers of other
 * keys may be returned and are left alone. An empty list is fine: then what needs them fails with SIGNATURES_MISSING.
 */
export type SignerSource = (role: string, keyIds: readonly KeyId[]) => Promise<readonly Signer[]>;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface RepositoryOptions {
  readonly storage: Storage;
  readonly signers: SignerSource;
  /** Default: the clock. Asked at each operation. */
  readonly now?: () => Date;
  /**
   * The operator's private folder, made if absent: what was seen last (`seen.json`) and the journal of publishes in flight.
   * Without it nothing is remembered between processes: a store that went back is noticed only within one.
   */
  readonly staging?: string;
  readonly lifetimes?: Lifetimes;
  /** Other clients to be served: what one of them could not read is not published (NOT_COMPATIBLE). Default: none. */
  readonly compat?: readonly Client[];
  /** Paths whose content may change (`index.json`, catalogs). Default: none. */
  readonly mutable?: (path: string) => boolean;
  /** The sha256 of `1.root.json`, where it is known from elsewhere; what `seen.json` remembers is checked in any case. */
  readonly firstRoot?: string;
  /** Seconds for which a key that a new root dropped goes on signing beside its successor: the longest session of a client. Default 3600. */
  readonly keyOverlap?: number;
  /** Keeps an audit log beside the repository, and says who does what is done here. Once it has one, nobody publishes without it. */
  readonly audit?: AuditOptions;
  /** Opens also a repository whose head does not verify, so that its root can be changed (`submitRoot`). Default: false. */
  readonly damaged?: boolean;
  /**
   * Told of each commit, with the bytes of the new `timestamp.json`: for a CDN that has to forget the one before. The commit
   * stands whatever becomes of this; it must not throw.
   */
  readonly onCommitted?: (timestamp: Uint8Array) => Promise<void>;
  /** How often a lost race is replayed before CONFLICT. Default 60. */
  readonly maxAttempts?: number;
}

/** A file on disk with its digest, as `hashFile` returns it. Refused while it is read if it changed since. */
export interface FileContent {
  readonly file: string;
  readonly length: number;
  /** Lower-case hex. */
  readonly sha256: string;
}

export type Content = Uint8Array | FileContent;

export interface AddOptions {
  /** Informs, never authorises. */
  readonly custom?: JsonValue;
  /** Allows this one call to replace other content under the same path. */
  readonly replace?: boolean;
}

/**
 * The repository as one change sees it: the head, plus what this change and those grouped before it did. Valid only while
 * the change runs. The role of a path is found by walking the delegations as a client does.
 */
export interface Draft {
  /** The time of this commit; use it rather than the clock, so that a replay is the same change. */
  readonly now: Date;
  /** `null`: a client would not find it. */
  find(path: string): Promise<TargetFile | null>;
  /** The content, verified; `null`: a client would not find it. Throws LIMIT past `maxLength`, 16 MiB unless said. */
  read(path: string, options?: { readonly maxLength?: number }): Promise<Uint8Array | null>;
  /**
   * Publishes `content` under `path`. The same content again changes nothing; other content is refused (PATH_IMMUTABLE)
   * unless the path is mutable. Bytes are kept as they are at this moment.
   */
  add(path: string, content: Content, options?: AddOptions): Promise<void>;
  /** Takes the path out of its role. The stored file stays, for clients that still use an older snapshot. */
  remove(path: string): Promise<boolean>;
  /**
   * Takes over a role that was signed elsewhere, exactly as it is, once the door has checked it: strict metadata, the
   * delegator's threshold, version head + 1 to head + 16, expiry, delegations, paths, known digests, and that every new
   * target is in `contents` or in the store with its length and digest. The head's own file changes nothing.
   * @throws DoorError, which names the rule and the file
   */
  bring(
    role: string,
    bytes: Uint8Array,
    contents?: ReadonlyMap<string, Content>,
    options?: BringOptions,
  ): Promise<BroughtRole>;
  /**
   * Adds or removes a delegation, or changes its keys, in the same commit as everything else.
   * @throws PublishError BAD_LAYOUT, ROLE_EXISTS, UNKNOWN_ROLE
   */
  edit(edit: RoleEdit): Promise<void>;
  /** Says in the audit log what this change is about. */
  note(note: AuditNote): void;
  /** Who signs a role that is not a top-level one; `null`: nobody delegates to it. */
  keysOf(role: string): Promise<RoleLayout | null>;
  /** The paths of one role (`targets` for the top level, all bins of a split role), for listings. Throws UNKNOWN_ROLE. */
  list(role: string): Promise<ReadonlyMap<string, TargetFile>>;
}

export interface BringOptions {
  /** Seconds until expiry that are allowed at most. Default 400 days. */
  readonly maxLife?: number;
  /** Targets that are known elsewhere in the same vendor's roles: moved between them, they are not new. */
  readonly known?: ReadonlyMap<string, TargetFile>;
  /** Allows the role to split itself, or to split itself anew, into bins under its own keys. */
  readonly split?: boolean;
  /** Allows a split role to put its bins, all of them and as they are, under these keys: those that it is handed over to. */
  readonly bins?: RoleLayout;
  /** Demands that what is signed names this repository (`repositoryId`), if the repository has an id. */
  readonly named?: boolean;
  /** Allows other delegations than before: for roles of the operator. Every delegatee has to verify in any case. */
  readonly newDelegations?: boolean;
}

/** What a role that was signed elsewhere changes. */
export interface BroughtRole {
  readonly role: string;
  readonly version: number;
  /** Paths that are new, or whose content changed. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly signed: Targets;
}

/** Runs again on each new head when a race was lost, so it must do nothing but edit the draft. Throwing aborts it alone. */
export type Change = (draft: Draft) => void | Promise<void>;

export interface PublishResult {
  /** `false`: the change asked for nothing new, and nothing was written. */
  readonly changed: boolean;
  /** Of `timestamp.json`, after this operation. */
  readonly version: number;
  /** What was signed, and its new version. */
  readonly roles: ReadonlyMap<string, number>;
  /** Commits tried, the successful one included. */
  readonly attempts: number;
  /** Roles that are missing or past their time, where a client is served that then reads none (tough); else `undefined`. */
  readonly lapsed?: readonly string[];
}

export interface RefreshOptions extends CallOptions {
  /** Seconds: also re-signs what would expire within this time. */
  readonly within?: number;
  /** Re-signs everything whose signers are at hand. */
  readonly force?: boolean;
  /** Signs although something was signed in what is the future here: whoever did that had a wrong clock. */
  readonly clockIsRight?: boolean;
}

export interface RefreshResult extends PublishResult {
  /** Due, but fewer signers are at hand than the threshold asks for. */
  readonly pending: readonly string[];
  /** When to call again at the latest. */
  readonly next: Date;
}

export type NextAction =
  | 'none'
  /** Due: `refresh` re-signs it, if its signers are at hand. */
  | 'refresh'
  /** Too late: clients refuse it now. */
  | 'expired';

export interface RoleStatus {
  readonly role: string;
  readonly version: number;
  readonly keyIds: readonly KeyId[];
  readonly threshold: number;
  /** Keys of this role whose signature on the live file verifies. */
  readonly signedBy: readonly KeyId[];
  readonly expires: Date;
  /** From when on `refresh` re-signs it. */
  readonly due: Date;
  readonly next: NextAction;
  /** Entries; 0 for roles that hold none. Of a split role: of all its bins. */
  readonly targets: number;
  /** The role that delegates to it; `null` for top-level roles. */
  readonly delegator: string | null;
}

export interface RepositoryStatus {
  readonly now: Date;
  /** Root, timestamp, snapshot, targets, then the delegations in trust order; a split role stands for its bins (earliest expiry). */
  readonly roles: readonly RoleStatus[];
  /** sha256 of the newest root's bytes, and of the first one's. */
  readonly rootFingerprint: string;
  readonly firstRootFingerprint: string;
  readonly earliestExpiry: Date;
  /** Which repository it is, whatever becomes of its keys; `null` for one of another tool. */
  readonly repositoryId: string | null;
}

export type RoleEdit =
  /** Adds a role below `delegator` (default `targets`), at the end or before another one. Its file is written in the same commit. */
  | {
      readonly kind: 'add';
      readonly delegation: DelegationLayout;
      readonly delegator?: string;
      readonly before?: string;
    }
  /** Removes the delegation. The snapshot keeps the name for ever, with an empty file if its signers are at hand. */
  | { readonly kind: 'remove'; readonly role: string }
  /** Splits a delegated role into bins by the hash of the path, or into others than before; nothing is lost of it. */
  | { readonly kind: 'split'; readonly role: string; readonly bins: BinsLayout }
  /** Gives a role another set of keys, and another threshold, and re-signs it. */
  | {
      readonly kind: 'keys';
      /** Also a top-level role: then it takes a new root. */
      readonly role: string;
      readonly keys: readonly Key[];
      readonly threshold: number;
    };

export interface EditRolesOptions extends CallOptions {
  /** Signers beyond those of the signer source, e.g. of keys that it does not know yet. */
  readonly signers?: readonly Signer[];
}

export interface RotateResult {
  readonly role: string;
  /** The root that carries the change; `null` for a delegated role. */
  readonly rootVersion: number | null;
  readonly publish: PublishResult | null;
}
