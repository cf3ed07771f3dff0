/** One key that may sign a role. */
export interface ExplainedKey {
  readonly keyId: string;
  readonly scheme: string;
  /** `good`: its signature verified now. `bad`: there is one, and it did not. `unusable`: a key that we cannot use. */
  readonly signature: 'good' | 'bad' | 'none' | 'unusable';
}

/** Why a delegator asked a role about the target: by the first of its patterns or prefixes that fits. */
export type Because =
  | { readonly kind: 'top level' }
  | { readonly kind: 'path'; readonly pattern: string }
  | { readonly kind: 'hash prefix'; readonly prefix: string }
  | { readonly kind: 'bin'; readonly bits: number };

/** A role that had a say, in the order in which they were asked. */
export interface ExplainedRole {
  readonly role: string;
  /** `null` for the four that root names. */
  readonly delegator: string | null;
  readonly because: Because;
  /** Whatever is delegated after this may not answer any more. */
  readonly terminating: boolean;
  readonly version: number;
  /** RFC 3339 */
  readonly expires: string;
  readonly threshold: number;
  readonly keys: readonly ExplainedKey[];
  /** Distinct public keys with a good signature: one key under two ids counts once. */
  readonly signedBy: number;
  /** Whether it lists the target. Only delegated roles and `targets` can. */
  readonly lists: boolean;
  /** Roles that it delegates to and that were not asked, since nothing of theirs fits; at most 100 of them. */
  readonly passedOver: readonly string[];
}

/** What ended a search. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  /** The role that was asked then, and by whom; `null` = it did not come to that. */
  readonly role: string | null;
  readonly delegator: string | null;
  readonly threshold: number | null;
  /** Who may sign it, and what became of the signatures of the file that was received. */
  readonly keys: readonly ExplainedKey[];
}

/** Why a target is trusted, or why it is not, as data; `explanationText` says the same in words. */
export interface Explanation {
  readonly target: string;
  readonly verdict: 'trusted' | 'not listed' | 'refused';
  readonly file: {
    readonly length: number;
    readonly hashes: Readonly<Record<string, string>>;
    readonly role: string;
  } | null;
  readonly roles: readonly ExplainedRole[];
  /** What ended the search, where the verdict is `refused`. */
  readonly refusal: Refusal | null;
}
