/** Bounds on an archive. Lengths are bytes; the archive is held in memory, so these are also bounds on memory. */
export interface ArchiveLimits {
  /** The compressed archive (endless data). */
  readonly archiveMaxLength: number;
  /** One file, unpacked. */
  readonly fileMaxLength: number;
  /** All of it, unpacked (decompression bomb by size). */
  readonly unpackedMaxLength: number;
  readonly maxEntries: number;
  /** Unpacked over packed, looked at beyond `ratioFreeLength` (decompression bomb by ratio). */
  readonly maxRatio: number;
  readonly ratioFreeLength: number;
}

export const defaultArchiveLimits: ArchiveLimits = {
  archiveMaxLength: 100_000_000,
  fileMaxLength: 100_000_000,
  unpackedMaxLength: 500_000_000,
  maxEntries: 50_000,
  maxRatio: 200,
  ratioFreeLength: 10_000_000,
};
