import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { CallOptions, FileContent } from './types.ts';

/** Reads the file once, for `Draft.add`. */
export async function hashFile(file: string, options: CallOptions = {}): Promise<FileContent> {
  const hash = createHash('sha256');
  let length = 0;
  const stream: AsyncIterable<Uint8Array> = createReadStream(
    file,
    options.signal ? { signal: options.signal } : {},
  );
  for await (const bytes of stream) {
    hash.update(bytes);
    length += bytes.length;
  }
  return { file, length, sha256: hash.digest('hex') };
}
