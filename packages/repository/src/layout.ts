import type { Key } from '@ragnos/tuf';

/** Who may sign a role, and how many of them must. */
export interface RoleLayout {
  readonly keys: readonly Key[];
  readonly threshold: number;
}

/** How a delegated role is split: 2^bitLength roles, chosen by the sha256 of the target path. */
export interface BinsLayout {
  /** 1 to 14. All bins are written at once, since a bin that is delegated but absent breaks clients (4 = 16 files). */
  readonly bitLength: number;
  /** Default: what the clients to be served find targets in, `succinct` if all do; `prefixes` with tough. */
  readonly style?: 'succinct' | 'prefixes';
  /**
   * Who signs the bins. `role`, the default: the keys of the role that is split. `snapshot`: the keys of the snapshot, which then
   * lists them without a hash, in a fourth of the bytes. Whoever holds those keys can publish in the role's name.
   */
  readonly signedBy?: 'role' | 'snapshot';
}

export interface DelegationLayout extends RoleLayout {
  /** Never a top-level role, never used twice; bins are called `<name>-<hex>`. */
  readonly name: string;
  /** Literals, `*` and `?`, one path segment each. */
  readonly paths: readonly string[];
  readonly terminating: boolean;
  readonly bins?: BinsLayout;
}

/** Seconds from signing to expiry. */
export interface Lifetimes {
  readonly root: number;
  readonly targets: number;
  readonly snapshot: number;
  readonly timestamp: number;
  /** Every delegated role that has none of its own in `roles`; bins take that of the role which they split. */
  readonly delegated: number;
  readonly roles?: ReadonlyMap<string, number>;
}

/** A repository as data. The order of `delegations` is trust order. */
export interface RepositoryLayout {
  readonly root: RoleLayout;
  readonly timestamp: RoleLayout;
  readonly snapshot: RoleLayout;
  readonly targets: RoleLayout;
  readonly delegations?: readonly DelegationLayout[];
  readonly lifetimes?: Lifetimes;
}

const day = 24 * 60 * 60;

/** DESIGN.md, "Namespace". */
export const defaultLifetimes: Lifetimes = {
  root: 365 * day,
  targets: 90 * day,
  snapshot: 7 * day,
  timestamp: day,
  delegated: 90 * day,
};
