import { join } from 'node:path';
import { nodeFileSystem, writeFileAtomic } from '@ragnos/disk';
import { MalformedMetadataError, parseJson, Reader } from '@ragnos/tuf';

/** That the head was at this snapshot, or a newer one, from this moment on, by the store's own time. */
export interface HeadNote {
  readonly snapshot: number;
  readonly since: Date;
}

const format = 'ragnos-gc/1';
const maxLength = 100_000;
const most = 64;

/**
 * When the head was where: nothing in a store tells that of an old snapshot, since one that lost its race looks like one
 * that clients were given. So each look at the head is remembered, in `staging/gc.json`. Lost or damaged, it begins anew:
 * then more is kept for a while.
 */
export async function loadNotes(staging: string | undefined): Promise<readonly HeadNote[]> {
  if (staging === undefined) return [];
  const path = join(staging, 'gc.json');
  const bytes = await nodeFileSystem.read(path, maxLength);
  if (bytes === null) return [];
  try {
    const reader = Reader.of(parseJson(bytes, path), path);
    if (reader.string('format') !== format) return [];
    return reader.array('heads').map((json) => {
      const item = Reader.of(json, path);
      const since = new Date(item.string('since'));
      if (Number.isNaN(since.getTime())) item.fail('since', 'a date');
      return { snapshot: item.version('snapshot'), since };
    });
  } catch (error) {
    if (error instanceof MalformedMetadataError) return [];
    throw error;
  }
}

/** Ascending by snapshot; of one snapshot the earliest moment; older ones fall away once there are too many. */
export function withNote(notes: readonly HeadNote[], note: HeadNote): readonly HeadNote[] {
  const before = notes.find(({ snapshot }) => snapshot === note.snapshot);
  const earliest = before !== undefined && before.since < note.since ? before : note;
  return [...notes.filter(({ snapshot }) => snapshot !== note.snapshot), earliest]
    .toSorted((a, b) => a.snapshot - b.snapshot)
    .slice(-most);
}

export async function saveNotes(staging: string | undefined, notes: readonly HeadNote[]): Promise<void> {
  if (staging === undefined) return;
  const heads = notes.map(({ snapshot, since }) => ({ snapshot, since: since.toISOString() }));
  await nodeFileSystem.makeFolder(staging, 0o700);
  await writeFileAtomic(join(staging, 'gc.json'), Buffer.from(`${JSON.stringify({ format, heads })}\n`), {
    mode: 0o600,
  });
}

/** The newest snapshot that the head had reached by `cutoff`: no client that began later holds an older one. `null`: nobody knows. */
export function baseAt(notes: readonly HeadNote[], cutoff: Date): HeadNote | null {
  return notes.findLast(({ since }) => since <= cutoff) ?? null;
}
