/** Bounds of the log; nobody writes these numbers elsewhere. Lengths are bytes. */
export const logLimits = {
  /** One entry, as it is hashed. */
  entryMaxLength: 8192,
  /** Levels of arrays and objects within an entry. */
  entryMaxDepth: 16,
  /** What one commit may bring, the refusals that it takes in included. */
  commitMaxEntries: 256,
  /** Refusals waiting for a commit; what comes on top is counted as lost. */
  pendingMaxCount: 1000,
  /** Where a list of them ends, should somebody have put more there. */
  pendingListed: 10_000,
  /** Of these, how many one commit takes in. */
  pendingTaken: 128,
  /** A head object holds up to this many entries of earlier commits, so that the chain of them stays short. */
  mergedEntries: 16,
  /** A free text in an entry, in UTF-16 units. */
  textMaxLength: 400,
  /** Entries of a list (roles, targets) stop at this many bytes; the rest is in its digest. */
  listMaxLength: 2000,
  /** Problems that one verification names before it stops. */
  maxFindings: 20,
} as const;

/** Hashes in a tile, entries in a bundle (C2SP tlog-tiles). */
export const tileWidth = 256;

/** More than 256 entries at their largest, beside the header of a head object. */
export const objectMaxLength = 8 * 1024 * 1024;
