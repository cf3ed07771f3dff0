import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';

import { DiskError, diskError, errorCode } from './errors.ts';
import type { FileSystem, WritableFile } from './file-system.ts';
import { nodeFileSystem } from './node-file-system.ts';

export interface WriteOptions {
  /** Of the new file, before umask. Default 0o644; secrets ask for 0o600. */
  readonly mode?: number;
  readonly fs?: FileSystem;
  /** Refuse (`DISK_EXISTS`) rather than replace; of many writers at once exactly one succeeds. */
  readonly ifAbsent?: boolean;
  readonly signal?: AbortSignal | undefined;
}

const temporary = /^\.ragv-[0-9a-f]{24}\.tmp$/;

/** Whether a name in a folder is one of ours that a killed process left behind. */
export function isTemporaryName(name: string): boolean {
  return temporary.test(name);
}

/** Ours, so that it can be swept, and short, so that it fits wherever the destination's name fits. */
function temporaryName(): string {
  return `.ragv-${randomBytes(12).toString('hex')}.tmp`;
}

/** A failure of the source keeps its own type; a failure of the disk becomes a `DiskError`. */
async function fill(
  file: WritableFile,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const write = async (bytes: Uint8Array): Promise<void> => {
    signal?.throwIfAborted();
    await file.write(bytes).catch((error: unknown) => {
      throw diskError('DISK_WRITE', `cannot write ${path}`, error);
    });
  };
  if (content instanceof Uint8Array) await write(content);
  else for await (const chunk of content) await write(chunk);
  signal?.throwIfAborted();
}

/**
 * Makes `content` the file at `path`: whoever looks, and whenever the power goes, sees the old file or the new one
 * whole. Temporary file in the same folder, fsync, rename, fsync of the folder. When this returns the new file is
 * durable; when it throws the old one is untouched and the temporary file is gone (a killed process leaves it:
 * `sweepTemporaries`). The folder must exist. A destination that is a link or a folder is refused, not followed.
 *
 * If `content` is a stream and throws, nothing is replaced and its error comes through as it is: that is how a
 * download is verified before it appears.
 */
export async function writeFileAtomic(
  path: string,
  content: Uint8Array | AsyncIterable<Uint8Array>,
  options: WriteOptions = {},
): Promise<void> {
  const fs = options.fs ?? nodeFileSystem;
  const folder = dirname(path);
  const temp = join(folder, temporaryName());
  const wrap = (error: unknown): never => {
    throw diskError('DISK_WRITE', `cannot write ${path}`, error);
  };
  options.signal?.throwIfAborted();
  const existing = await fs.info(path).catch(wrap);
  if (existing !== null && existing.kind !== 'file')
    throw new DiskError('DISK_LINK', `${path} is a ${existing.kind}, not a file`, {
      hint: 'nothing was written; remove it if it is not yours',
    });
  if (existing !== null && options.ifAbsent === true)
    throw new DiskError('DISK_EXISTS', `${path} exists already`);
  const file = await fs.create(temp, options.mode ?? 0o644).catch(wrap);
  let open = true;
  try {
    await fill(file, content, path, options.signal);
    await file.sync().catch(wrap);
    open = false;
    await file.close().catch(wrap);
    if (options.ifAbsent === true) await linkInto(fs, temp, path);
    else await fs.rename(temp, path).catch(wrap);
  } catch (error) {
    if (open) await file.close().catch(() => undefined);
    await fs.remove(temp).catch(() => undefined);
    throw error;
  }
  await fs.syncFolder(folder).catch(wrap);
}

/** rename() replaces, link() does not: the only primitive by which exactly one writer wins. */
async function linkInto(fs: FileSystem, temp: string, path: string): Promise<void> {
  try {
    await fs.link(temp, path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST')
      throw new DiskError('DISK_EXISTS', `${path} exists already`, { cause: error });
    throw diskError('DISK_WRITE', `cannot write ${path}`, error);
  }
  await fs.remove(temp);
}

/** Removes what killed writers left in `folder`, if it is older than `olderThanMs`: younger ones may be at work. */
export async function sweepTemporaries(
  folder: string,
  options: { readonly fs?: FileSystem; readonly now: Date; readonly olderThanMs?: number },
): Promise<void> {
  const fs = options.fs ?? nodeFileSystem;
  const limit = options.now.getTime() - (options.olderThanMs ?? 24 * 3600 * 1000);
  for (const name of await fs.list(folder)) {
    if (!isTemporaryName(name)) continue;
    const path = join(folder, name);
    const info = await fs.info(path);
    if (info?.kind === 'file' && info.modified.getTime() < limit) await fs.remove(path);
  }
}
