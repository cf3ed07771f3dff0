import { DiskError, nodeFileSystem, sweepTemporaries, writeFileAtomic } from '@ragnos/disk';
import { LimitExceededError, MalformedMetadataError, parseJson, Reader } from '@ragnos/tuf';
import type { JsonOutput } from '@ragnos/tuf';
import { dirname } from 'node:path';

import { NameError } from '../errors.ts';
import { HostFailureError } from './errors.ts';

const maxLength = 1_000_000;

/** A file of ours, whole; `null` if it is absent. A link in its place is refused. */
export async function readBytes(path: string, limit: number = maxLength): Promise<Uint8Array | null> {
  try {
    return await nodeFileSystem.read(path, limit);
  } catch (error) {
    if (codeOf(error) === 'EFBIG') throw new LimitExceededError(`${path} has more than ${limit} bytes`);
    throw new DiskError('DISK_READ', `cannot read ${path}: ${codeOf(error)}`, { cause: error });
  }
}

/** Reads one of the host's own JSON files; `null` if it is absent. @throws HOST_STATE if it is damaged */
export async function readState<T>(
  path: string,
  read: (json: Reader) => T,
  {
    limit = maxLength,
    hint = 'restore it from a backup',
  }: { readonly limit?: number; readonly hint?: string } = {},
): Promise<T | null> {
  const bytes = await readBytes(path, limit);
  if (bytes === null) return null;
  try {
    return read(Reader.of(parseJson(bytes, path), path));
  } catch (error) {
    if (!(error instanceof MalformedMetadataError || error instanceof NameError)) throw error;
    throw new HostFailureError('HOST_STATE', `damaged: ${error.message}`, { cause: error, hint });
  }
}

/** Durable when it returns. What writers who were killed left beside it a day ago, or longer, goes. */
export async function writeState(path: string, value: JsonOutput, mode = 0o600): Promise<void> {
  await writeFileAtomic(path, new TextEncoder().encode(toJson(value)), { mode });
  await sweepTemporaries(dirname(path), { now: new Date() }).catch(() => undefined); // or with the next write
}

/** Readable JSON; maps are written as objects. */
export function toJson(value: JsonOutput): string {
  const plain = (_: string, item: unknown): unknown =>
    item instanceof Map ? Object.fromEntries(item) : item;
  return `${JSON.stringify(value, plain, 2)}\n`;
}

export function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.message : String(error);
}

const full = 'the disk is full; nothing was installed';
const hints: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', full],
  ['EDQUOT', full],
  ['EFBIG', 'files may not be that large here (ulimit -f); nothing was installed'],
]);

/** A failed write of the tree or of anything else that node:fs did for us. Errors of ours come through as they are. */
export function asDiskError(what: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('syscall' in error || 'errno' in error || codeOf(error) === 'ENOSPC'))
    return error;
  const code = codeOf(error);
  const hint = hints.get(code);
  return new DiskError(
    'DISK_WRITE',
    `${what}: ${code}`,
    hint === undefined ? { cause: error } : { cause: error, hint },
  );
}
