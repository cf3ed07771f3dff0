import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { CallOptions, FileContent } from './types.ts';

/** Reads the file once, for `Draft.add`. */
export async function hashFile(file: string, options: CallOptions = {}): Promise<FileContent> {
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of createReadStream(file, options.signal ? { signal: options.signal } : {})) {
    const bytes: Uint8Array = chunk;
    hash.update(bytes);
    length += bytes.length;
  }
  return { file, length, sha256: hash.digest('hex') };
}
