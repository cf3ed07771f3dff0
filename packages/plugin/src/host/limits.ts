/** Bounds on what a host takes in and keeps. Lengths are bytes. An option that takes `HostLimits` takes all of it. */
export interface HostLimits {
  /** One artifact (endless data, disk). */
  readonly artifactMaxLength: number;
  /** One manifest. */
  readonly manifestMaxLength: number;
  /** One index.json, search text or revocation list. */
  readonly indexMaxLength: number;
  /** One vendor's catalog, which lists every file that it ever published. */
  readonly catalogMaxLength: number;
  /** Files in one plugin. */
  readonly maxFiles: number;
  /** One file, unpacked. */
  readonly fileMaxLength: number;
  /** All files of one plugin, unpacked (decompression bomb by size). */
  readonly unpackedMaxLength: number;
  /** Versions of one plugin whose trees are kept, the current one included. At least 2: rollback needs one. */
  readonly keepVersions: number;
  /** events.jsonl is rotated beyond this; one older file is kept. */
  readonly logMaxLength: number;
}

export const defaultHostLimits: HostLimits = {
  artifactMaxLength: 100_000_000,
  manifestMaxLength: 16_000_000,
  indexMaxLength: 5_000_000,
  catalogMaxLength: 32_000_000,
  maxFiles: 50_000,
  fileMaxLength: 100_000_000,
  unpackedMaxLength: 500_000_000,
  keepVersions: 3,
  logMaxLength: 1_000_000,
};
