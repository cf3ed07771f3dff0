import type { FileToPack } from '../archive/tar-writer.ts';
import type { PlainFile } from './bundle.ts';

/** Beginnings of what an operating system starts directly: ELF, and Mach-O in its widths, orders and fat form. */
const programs: ReadonlySet<number> = new Set([
  0x7f454c46, 0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabe,
]);

/**
 * Whether a file may be executed, told from the package and the bytes instead of the disk: Windows has no such bit, and a
 * umask or a shared folder changes it, so that the same sources would pack differently.
 */
export function withMode(file: PlainFile, commands: ReadonlySet<string>): FileToPack {
  const { body } = file;
  const first = body.length < 4 ? 0 : Buffer.from(body.buffer, body.byteOffset, 4).readUInt32BE(0);
  const executable = commands.has(file.path) || first >>> 16 === 0x2321 || programs.has(first);
  return { path: file.path, body, mode: executable ? 0o755 : 0o644 };
}
