/** What an operating system loads or starts directly, told from its first bytes, never from its name; null if it is none. */
export function nativeKind(bytes: Uint8Array): string | null {
  if (bytes.length < 4) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = view.getUint32(0);
  if (first === 0x7f_45_4c_46) return 'an ELF file';
  if (machO.has(first)) return 'a Mach-O file';
  // A fat binary counts its architectures where a Java class has its version, which began at 45.
  if (first === 0xca_fe_ba_be && bytes.length >= 8 && view.getUint32(4) < 45) return 'a Mach-O file';
  if (first >>> 16 !== 0x4d_5a || bytes.length < 64) return null;
  const header = view.getUint32(0x3c, true);
  return header + 4 <= bytes.length && view.getUint32(header) === 0x50_45_00_00 ? 'a Windows program' : null;
}

const machO: ReadonlySet<number> = new Set([
  0xfe_ed_fa_ce, 0xfe_ed_fa_cf, 0xce_fa_ed_fe, 0xcf_fa_ed_fe, 0xca_fe_ba_bf,
]);
