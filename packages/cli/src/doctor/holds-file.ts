import { join } from 'node:path';
import { lockFile, nodeFileSystem, writeFileAtomic } from '@ragnos/disk';
import { holdsFromBytes, holdsToBytes, type Hold } from '@ragnos/repository';

const maxLength = 4_000_000;

/**
 * `holds.json` beside `ragv.toml`: what somebody decided, to be backed up with the settings, and never served. Not there: no
 * holds. @throws MalformedMetadataError
 */
export async function loadHolds(folder: string): Promise<readonly Hold[]> {
  const path = join(folder, 'holds.json');
  const bytes = await nodeFileSystem.read(path, maxLength);
  return bytes === null ? [] : holdsFromBytes(bytes, path);
}

/** Two at once take turns. Resolves with what `change` made of them. */
export async function changeHolds(
  folder: string,
  change: (holds: readonly Hold[]) => readonly Hold[],
  signal: AbortSignal,
): Promise<readonly Hold[]> {
  const lock = await lockFile(join(folder, 'staging', 'holds.lock'), { signal });
  try {
    const holds = change(await loadHolds(folder));
    await writeFileAtomic(join(folder, 'holds.json'), holdsToBytes(holds), { mode: 0o600 });
    return holds;
  } finally {
    lock.release();
  }
}
