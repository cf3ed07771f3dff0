import type { JsonValue } from './json/value.ts';
import type { Key } from './keys/key.ts';
import type { HexDigest, KeyId, RoleName, TargetPath, TopLevelRole } from './names.ts';

/** Members that we do not know, kept and written back as they came (4.1: unknown fields are part of what is signed). */
export type Unrecognized = ReadonlyMap<string, JsonValue>;

/** Never empty. Perhaps without an algorithm that we compute (sha256, sha384, sha512): then what has them is refused. */
export type Hashes = ReadonlyMap<string, HexDigest>;

/** Who may sign, and how many of them must. Key ids are distinct; a threshold above their number can never be met. */
export interface RoleKeys {
  readonly keyIds: readonly KeyId[];
  readonly threshold: number;
  readonly unrecognized: Unrecognized;
}

interface SignedCommon {
  /** `1.…`, of two or three parts. */
  readonly specVersion: string;
  readonly version: number;
  /** Whole seconds. */
  readonly expires: Date;
  readonly unrecognized: Unrecognized;
}

/** 4.3 */
export interface Root extends SignedCommon {
  readonly type: 'root';
  readonly consistentSnapshot: boolean;
  readonly keys: ReadonlyMap<KeyId, Key>;
  /** Holds exactly the four top-level roles. */
  readonly roles: ReadonlyMap<TopLevelRole, RoleKeys>;
}

/** What timestamp and snapshot say about a file. `null` = not stated. */
export interface MetaFile {
  readonly version: number;
  readonly length: number | null;
  readonly hashes: Hashes | null;
  readonly unrecognized: Unrecognized;
}

/** 4.6 */
export interface Timestamp extends SignedCommon {
  readonly type: 'timestamp';
  readonly snapshot: MetaFile;
}

/** 4.4. Keyed by role, not by file name: `targets`, not `targets.json`. Always holds `targets`. */
export interface Snapshot extends SignedCommon {
  readonly type: 'snapshot';
  readonly meta: ReadonlyMap<RoleName, MetaFile>;
}

/** 4.5 */
export interface TargetFile {
  readonly length: number;
  readonly hashes: Hashes;
  /** `undefined` = absent. Informs, never authorises. */
  readonly custom: JsonValue | undefined;
  readonly unrecognized: Unrecognized;
}

/** 4.5 */
export interface Targets extends SignedCommon {
  readonly type: 'targets';
  readonly targets: ReadonlyMap<TargetPath, TargetFile>;
  readonly delegations: Delegations | null;
}

/** Exactly one of `roles` and `succinctRoles` is there; `roles` is in trust order. */
export interface Delegations {
  readonly keys: ReadonlyMap<KeyId, Key>;
  readonly roles: readonly DelegatedRole[] | null;
  readonly succinctRoles: SuccinctRoles | null;
  readonly unrecognized: Unrecognized;
}

/** Exactly one of `paths` and `pathHashPrefixes` is there. */
export interface DelegatedRole extends RoleKeys {
  readonly name: RoleName;
  readonly terminating: boolean;
  readonly paths: readonly string[] | null;
  readonly pathHashPrefixes: readonly string[] | null;
}

/** TAP 15: 2^bitLength bins named `<namePrefix>-<hex>`, all with the same keys, all terminating. */
export interface SuccinctRoles extends RoleKeys {
  /** 1 to 32 */
  readonly bitLength: number;
  readonly namePrefix: string;
}

export interface SignedByType {
  readonly root: Root;
  readonly timestamp: Timestamp;
  readonly snapshot: Snapshot;
  readonly targets: Targets;
}

export type SignedType = keyof SignedByType;
export type Signed = Root | Timestamp | Snapshot | Targets;
