/** Bounds on what we read. Every option that takes `Limits` takes all of it: `{ ...defaultLimits, targetsMaxLength: … }`. */
export interface Limits {
  /** Bytes of one root file (endless data, 5.3.3). */
  readonly rootMaxLength: number;
  /** Bytes of timestamp.json (endless data, 5.4.1). */
  readonly timestampMaxLength: number;
  /** Bytes of a snapshot whose length the timestamp does not give (endless data, 5.5.1). */
  readonly snapshotMaxLength: number;
  /** Bytes of a targets role whose length the snapshot does not give (endless data, 5.6.1). */
  readonly targetsMaxLength: number;
  /** Roots followed in one refresh (endless rotation, 5.3.3). The caller counts. */
  readonly maxRootRotations: number;
  /** Delegated roles visited in one look-up (cycles and deep trees, 5.6.7). The caller counts. */
  readonly maxDelegations: number;
  /** Signatures of one file that are looked at; further ones are ignored (CVE-2020-6173). */
  readonly maxSignatures: number;
  /** Levels of nesting in JSON (depth bomb). */
  readonly maxJsonDepth: number;
  /** Object members in one JSON text (memory). */
  readonly maxJsonMembers: number;
  /** Keys in one file: of root, or of one set of delegations. */
  readonly maxKeys: number;
  /** Steps that the path patterns of one role may take in one look-up (patterns that match slowly, thousands of them). */
  readonly maxPatternSteps: number;
}

/**
 * The budgets that other clients enforce too (INTEROP.md). A length that trusted metadata announces may exceed
 * none of them: a repository with larger files needs clients with raised limits.
 */
export const defaultLimits: Limits = {
  rootMaxLength: 512_000,
  timestampMaxLength: 16_384,
  snapshotMaxLength: 2_000_000,
  targetsMaxLength: 5_000_000,
  maxRootRotations: 256,
  maxDelegations: 32,
  maxSignatures: 64,
  maxJsonDepth: 64,
  maxJsonMembers: 5_000_000,
  maxKeys: 32_768,
  maxPatternSteps: 10_000_000,
};
