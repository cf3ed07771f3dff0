import { gzipSync } from 'node:zlib';

/** One entry, byte by byte: every field can lie. */
export interface RawEntry {
  readonly name?: string | Uint8Array;
  readonly prefix?: string;
  readonly type?: string;
  readonly mode?: number | string;
  /** What the header says; the body's length unless given. */
  readonly size?: number | string | Uint8Array;
  readonly body?: string | Uint8Array;
  readonly link?: string;
  readonly magic?: string;
  /** Added to the right checksum. */
  readonly checksumOff?: number;
}

export function rawEntry(entry: RawEntry): Buffer {
  const body = Buffer.from(entry.body ?? '');
  const header = Buffer.alloc(512);
  const put = (value: number | string | Uint8Array, at: number, length: number): void => {
    const bytes =
      typeof value === 'number'
        ? Buffer.from(`${value.toString(8).padStart(length - 1, '0')}\0`)
        : Buffer.from(value);
    bytes.copy(header, at, 0, length);
  };
  put(entry.name ?? 'package/index.js', 0, 100);
  put(entry.mode ?? 0o644, 100, 8);
  put(0, 108, 8);
  put(0, 116, 8);
  put(entry.size ?? body.length, 124, 12);
  put(499_162_500, 136, 12);
  put(entry.type ?? '0', 156, 1);
  put(entry.link ?? '', 157, 100);
  put(entry.magic ?? 'ustar\x0000', 257, 8);
  put(entry.prefix ?? '', 345, 155);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0) + (entry.checksumOff ?? 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8);
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

/** `length key=value\n` */
export function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(rest) + 1;
  while (Buffer.byteLength(`${length}${rest}`) !== length) length++;
  return `${length}${rest}`;
}

export function pax(records: Readonly<Record<string, string>>, type: 'x' | 'g' = 'x'): RawEntry {
  const body = Object.entries(records)
    .map(([key, value]) => paxRecord(key, value))
    .join('');
  return { name: 'PaxHeader/x', type, body };
}

export function file(name: string, body = 'x', mode = 0o644): RawEntry {
  return { name, body, mode };
}

export const endMark = Buffer.alloc(1024);

export function tar(...entries: readonly RawEntry[]): Buffer {
  return Buffer.concat([...entries.map(rawEntry), endMark]);
}

export function tgz(...entries: readonly RawEntry[]): Buffer {
  return gzipSync(tar(...entries));
}
