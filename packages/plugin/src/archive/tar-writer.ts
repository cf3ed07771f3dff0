import { comparePaths } from '../names.ts';
import { blockLength } from './tar-header.ts';

export interface FileToPack {
  readonly path: string;
  readonly mode: 0o644 | 0o755;
  readonly body: Uint8Array;
}

/** 1985-10-26T08:15:00Z, as npm writes it: a date that no build changes. */
const modified = 499_162_500;

/**
 * A .tgz that depends on nothing but names, modes and contents: sorted, without owners or times, compressed by a
 * compressor pinned in JavaScript (zlib's output depends on the build of Node: docs/adr/0003).
 */
export async function writeArchive(files: readonly FileToPack[]): Promise<Uint8Array> {
  const { gzipSync } = await import('fflate'); // 14 ms that no host has to pay
  const parts: Uint8Array[] = [];
  for (const file of files.toSorted((a, b) => comparePaths(a.path, b.path))) {
    const split = splitName(file.path);
    if (split === null) parts.push(...entry('PaxHeader', '', 'x', 0o644, paxPath(file.path)));
    parts.push(...entry(split?.name ?? 'long-name', split?.prefix ?? '', '0', file.mode, file.body));
  }
  parts.push(new Uint8Array(2 * blockLength));
  return gzipSync(Buffer.concat(parts), { level: 6, mtime: 0 });
}

/** Into USTAR's two fields; null where it does not fit them and needs a pax header. */
function splitName(path: string): { readonly name: string; readonly prefix: string } | null {
  if (/[^ -~]/.test(path)) return null; // USTAR says nothing about encodings
  if (path.length <= 100) return { name: path, prefix: '' };
  const slash = path.indexOf('/', path.length - 101);
  return slash > 0 && slash <= 155 ? { name: path.slice(slash + 1), prefix: path.slice(0, slash) } : null;
}

/** `length path=…\n`, where the length counts its own digits. */
function paxPath(path: string): Uint8Array {
  const rest = ` path=${path}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  if (String(length).length > String(bytes).length) length++;
  return Buffer.from(`${length}${rest}`);
}

function entry(
  name: string,
  prefix: string,
  type: string,
  mode: number,
  body: Uint8Array,
): readonly Uint8Array[] {
  const header = Buffer.alloc(blockLength);
  const octal = (value: number, at: number, length: number): void =>
    void header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  header.write(name, 0, 'latin1');
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(body.length, 124, 12);
  octal(modified, 136, 12);
  header.write('        ', 148, 'latin1');
  header.write(type, 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  header.write(prefix, 345, 'latin1');
  header.write(
    `${header
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    'latin1',
  );
  return [header, body, new Uint8Array((blockLength - (body.length % blockLength)) % blockLength)];
}
