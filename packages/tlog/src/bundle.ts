import { LogError } from './errors.ts';
import { logLimits } from './limits.ts';

/** C2SP tlog-tiles, "Log Entries": each entry after its length in two bytes, the high one first. */
export function encodeBundle(lines: readonly string[]): Uint8Array {
  const parts: Buffer[] = [];
  for (const line of lines) {
    const entry = Buffer.from(line);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(entry.length);
    parts.push(length, entry);
  }
  return Buffer.concat(parts);
}

/** Throws LOG_ALTERED where the bytes are no entries at all. */
export function decodeBundle(bytes: Uint8Array, key: string): readonly string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const lines: string[] = [];
  for (let at = 0; at < buffer.length;) {
    const length = at + 2 <= buffer.length ? buffer.readUInt16BE(at) : 0;
    const end = at + 2 + length;
    if (length === 0 || length > logLimits.entryMaxLength || end > buffer.length)
      throw new LogError('LOG_ALTERED', `${key} is no bundle of entries`, { key });
    lines.push(utf8(buffer.subarray(at + 2, end), key));
    at = end;
  }
  return lines;
}

/** Throws LOG_ALTERED: bytes that are not UTF-8 would be hashed as something else. */
export function utf8(bytes: Uint8Array, key: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new LogError('LOG_ALTERED', `${key} is not UTF-8`, { key, cause });
  }
}
