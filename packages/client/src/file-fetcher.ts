import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import {
  CutError,
  DownloadError,
  DownloadForbiddenError,
  DownloadNotFoundError,
  InsecureUrlError,
} from './errors.ts';
import type { Fetcher } from './fetcher.ts';
import { defineFetcher, shown } from './fetcher.ts';

const pieceLength = 256 * 1024;

/** `%2F` inside a segment is part of a published name (a role called `a/b`), not a folder; elsewhere Node decodes. */
function localPath(url: URL): string {
  if (url.protocol !== 'file:' || url.host !== '')
    throw new InsecureUrlError(`${shown(url)}: expected a local file`);
  const kept = url.pathname
    .split('/')
    .map((segment) => (/%(?:2f|5c)/i.test(segment) ? segment.replaceAll('%', '%25') : segment))
    .join('/');
  return fileURLToPath(new URL(`file://${kept}`));
}

function openFailure(url: URL, error: unknown): Error {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new DownloadNotFoundError(`${shown(url)}: no such file`);
  if (code === 'EACCES' || code === 'EPERM')
    return new DownloadForbiddenError(`${shown(url)}: access denied`, {
      hint: 'check who may read the repository',
    });
  return new DownloadError(`${shown(url)}: ${code === '' ? 'cannot be read' : code}`, { cause: error });
}

async function* pieces(
  url: URL,
  handle: FileHandle,
  offset: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const { size } = await handle.stat();
    let position = offset;
    while (position < size) {
      // A new buffer each time: what was yielded belongs to the caller.
      const buffer = new Uint8Array(Math.min(pieceLength, size - position));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      if (bytesRead === 0) throw new CutError(`${shown(url)}: the file became shorter while it was read`);
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** `file:` URLs: a repository on this disk, a mounted share, a stick. A folder or a device is "not found". */
export function fileFetcher(): Fetcher {
  return defineFetcher({
    open: async (url, { offset }) => {
      const path = localPath(url);
      const { open } = await import('node:fs/promises'); // not at import: who fetches over the network needs none of it
      // O_NONBLOCK, or a named pipe put in a file's place would hold us for ever
      const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(
        (error: unknown) => {
          throw openFailure(url, error);
        },
      );
      const stat = await handle.stat();
      if (stat.isFile()) return pieces(url, handle, offset);
      await handle.close();
      throw new DownloadNotFoundError(`${shown(url)}: not a plain file`);
    },
  });
}
