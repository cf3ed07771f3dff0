import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeFileSystem } from '@ragnos/disk';
import type { SubmittedTarget } from '@ragnos/plugin';
import { DoorError, type FileContent } from '@ragnos/repository';

export const copyAgain = 'it was cut or changed on its way: copy the folder again';
const chunkBytes = 1 << 20;

/** A file of a submission that is held in memory; null: there is none. @throws DoorError with `code`, which names the file */
export async function readHanded(
  folder: string,
  name: string,
  maxLength: number,
  code: 'DOOR_FORMAT',
): Promise<Uint8Array | null> {
  try {
    return await nodeFileSystem.read(join(folder, name), maxLength);
  } catch (cause) {
    const why = codeOf(cause) === 'EFBIG' ? `has more than ${maxLength} bytes` : unreadable(cause);
    throw new DoorError(code, name, why, { cause });
  }
}

/**
 * The digest of a target that was handed in. Whatever lies in its place: no link is followed, nothing but a regular file is
 * opened, and not one byte more is read than was declared.
 * @throws DoorError DOOR_TARGETS
 */
export async function hashHanded(
  folder: string,
  { path, sha256, length }: SubmittedTarget,
  signal: AbortSignal,
): Promise<FileContent> {
  const name = `targets/${sha256}`;
  const file = join(folder, name);
  const refuse = (why: string, cause?: unknown): DoorError =>
    new DoorError('DOOR_TARGETS', path, `${name} ${why}`, { cause, hint: copyAgain });
  signal.throwIfAborted();
  const handle = await openRegular(file).catch((cause: unknown) => {
    throw refuse(unreadable(cause), cause);
  });
  try {
    const { size } = await handle.stat();
    if (size !== length) throw refuse(`has ${size} bytes, and ${length} were declared`);
    const found = await hashOpen(handle, length, signal);
    if (found !== sha256) throw refuse(`has other content: sha256 ${found}`);
  } finally {
    await handle.close();
  }
  return { file, length, sha256 };
}

/** Looked at before it is opened, since opening some devices does something; and again after, since names move. */
async function openRegular(file: string): Promise<FileHandle> {
  if (!(await lstat(file)).isFile()) throw notRegular();
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0); // undefined on Windows
  const handle = await open(file, flags);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw notRegular();
}

async function hashOpen(handle: FileHandle, length: number, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const buffer = new Uint8Array(Math.min(length, chunkBytes));
  for (let done = 0; done < length;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, length - done), done);
    if (bytesRead === 0) break; // it became shorter while we read: another digest
    hash.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
  return hash.digest('hex');
}

function notRegular(): Error {
  return Object.assign(new Error('no regular file'), { code: 'EINVAL' });
}

function unreadable(error: unknown): string {
  const code = codeOf(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'was not handed in';
  if (code === 'EINVAL' || code === 'ELOOP' || code === 'EISDIR') return 'is no regular file';
  return `cannot be read: ${code ?? String(error)}`;
}

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}
