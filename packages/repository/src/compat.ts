import type { BinsLayout } from './layout.ts';

/** The clients that a repository can be asked to serve. Ours reads whatever we publish, and needs no mention. */
export const compatClients = ['python-tuf', 'tuf-js', 'go-tuf', 'tough'] as const;
export type Client = (typeof compatClients)[number];

export type BinsStyle = NonNullable<BinsLayout['style']>;
/** How the public part of a key is written. */
export type KeyForm = 'pem' | 'hex';
/** By what a client sorts the members of an object before it verifies a signature. */
export type MemberOrder = 'code points' | 'UTF-16 units' | 'bytes with the closing quote';

/** Past these a client fails, or takes too long. `null`: it has no such bound. For a doctor: publishing does not stop at them. */
export interface ClientBudgets {
  /** Bytes of one file. */
  readonly root: number;
  readonly timestamp: number;
  readonly snapshot: number;
  readonly targets: number;
  /** Roots followed in one session. */
  readonly rootUpdates: number;
  /** Delegated roles visited in one look-up. */
  readonly visits: number | null;
  /** Targets in one role, and roles in one delegator, beyond which a look-up takes too long. */
  readonly entries: number | null;
  readonly roles: number | null;
}

export interface Fact<T> {
  readonly value: T;
  /** Where it was seen: a file of the client's source, or the repository of docs/interop.md that it was tried with. */
  readonly source: string;
}

/** What has to be true of a repository so that a client reads all of it. */
export interface ClientFacts {
  /** The version in which the facts were found. */
  readonly version: string;
  /** By key type and scheme. What is not listed it verifies nothing with, or cannot even read. */
  readonly keys: Fact<ReadonlyMap<string, readonly KeyForm[]>>;
  /** Bits of an RSA key. */
  readonly rsaMaxBits: Fact<number>;
  /** Refuses a key whose id is not the digest of its canonical JSON. */
  readonly computedKeyIds: Fact<boolean>;
  /** The bins in which it finds targets. */
  readonly bins: Fact<readonly BinsStyle[]>;
  /** Asks for `<sha256>.<dir>/<name>`, not for `<dir>/<sha256>.<name>`. */
  readonly aliases: Fact<boolean>;
  /** Loads every delegated role at once, and fails if one has expired. */
  readonly everyRole: Fact<boolean>;
  /** `*` and `?` of a path pattern stand for slashes too. */
  readonly wildcardsCrossSlashes: Fact<boolean>;
  /** `*` and `?` do not stand for a dot at the beginning of a segment. */
  readonly wildcardsSkipDots: Fact<boolean>;
  /** Names under which it misreads a role. */
  readonly badRoleNames: Fact<RegExp | null>;
  readonly memberOrder: Fact<MemberOrder>;
  /** Verifies signatures over text in normalisation form C, whatever was signed. */
  readonly composedText: Fact<boolean>;
  /** `custom` has to be an object with something in it. */
  readonly customObject: Fact<boolean>;
  /** Bytes of a snapshot at which publishing stops. */
  readonly snapshotMaxLength: Fact<number>;
  readonly budgets: Fact<ClientBudgets>;
}
