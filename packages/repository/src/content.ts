import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { PublishError } from './errors.ts';
import type { CallOptions, FileContent } from './types.ts';

/** A pipe or a device without anybody at its other end must not hang us. */
const readOnly = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Reads the file once, for `Draft.add`. @throws PublishError BAD_TARGET for a pipe, a device, a folder; what the disk says */
export async function hashFile(file: string, { signal }: CallOptions = {}): Promise<FileContent> {
  const handle = await open(file, readOnly);
  try {
    if (!(await handle.stat()).isFile())
      throw new PublishError('BAD_TARGET', `${file} is no regular file`, {
        hint: 'a pipe or a device has another content each time: write it to a file first',
      });
    const hash = createHash('sha256');
    let length = 0;
    const stream: AsyncIterable<Uint8Array> = handle.createReadStream({
      autoClose: false,
      ...(signal ? { signal } : {}),
    });
    for await (const bytes of stream) {
      hash.update(bytes);
      length += bytes.length;
    }
    return { file, length, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}
