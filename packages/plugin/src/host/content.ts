import type { TargetInfo } from '@ragnos/client';
import { OfflineError } from '@ragnos/client';
import { DiskError } from '@ragnos/disk';
import { LengthOrHashMismatchError, LimitExceededError } from '@ragnos/tuf';
import { hash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import type { Context } from './context.ts';
import { evidenceRecords, sha256Of } from './evidence.ts';
import { ensureFolder, pluginPaths } from './paths.ts';
import { names } from './record.ts';
import type { Session } from './session.ts';
import { readBytes } from './state-file.ts';

/** An artifact of the content store; `null` if it is absent, or not what its name says: too long, or not to be read at all. */
export async function readContent(context: Context, sha256: string): Promise<Uint8Array | null> {
  const file = join(context.paths.content, sha256);
  const bytes = await readBytes(file, context.limits.artifactMaxLength).catch((error: unknown) => {
    if (error instanceof DiskError || error instanceof LimitExceededError) return null; // it can be fetched again
    throw error;
  });
  return bytes !== null && hash('sha256', bytes, 'hex') === sha256 ? bytes : null;
}

/** Brings an artifact into the content store, durably, stopped at its signed length. `downloaded` is 0 if it was there. */
export async function fetchContent(
  context: Context,
  session: Session,
  info: TargetInfo,
  options: { readonly plugin: string; readonly signal: AbortSignal | undefined },
): Promise<{ readonly bytes: Uint8Array; readonly downloaded: number }> {
  const maxLength = context.limits.artifactMaxLength;
  if (info.length > maxLength)
    throw new LimitExceededError(`${info.path}: ${info.length} bytes, at most ${maxLength} are installed`);
  const sha256 = sha256Of(info);
  const kept = await readContent(context, sha256);
  if (kept !== null) return { bytes: kept, downloaded: 0 };
  if (context.offline)
    throw new OfflineError(`${info.path} is not kept here`, { hint: 'install it once with a connection' });
  const { plugin, signal } = options;
  await session.updater.download(info, join(ensureFolder(context.paths.folder, 'content'), sha256), {
    mode: 0o600,
    signal,
    onProgress: ({ received, total }) =>
      context.progress({ phase: 'download', plugin, done: received, total }),
  });
  const bytes = await readContent(context, sha256); // what is unpacked is what was hashed, in memory
  if (bytes === null)
    throw new LengthOrHashMismatchError(`${info.path} changed on this disk while it was installed`);
  return { bytes, downloaded: bytes.length };
}

/** Removes artifacts that no kept version of any plugin was made from. The lock is held. */
export async function pruneContent(context: Context): Promise<void> {
  const { plugins, content } = context.paths;
  const used = new Set<string>();
  for (const vendor of names(plugins))
    for (const plugin of names(join(plugins, vendor)))
      for (const { artifact } of (await evidenceRecords(pluginPaths(context.paths, vendor, plugin))).values())
        used.add(artifact);
  for (const name of names(content)) if (!used.has(name)) rmSync(join(content, name), { force: true });
}
