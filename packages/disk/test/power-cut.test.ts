import type { WriteOptions } from '@ragnos/disk';
import { writeFileAtomic } from '@ragnos/disk';
import { RecordingFileSystem } from '@ragnos/testkit';
import type { Survives } from '@ragnos/testkit';
import { describe, expect, test } from 'vitest';

const old = new TextEncoder().encode('old');
const fresh = new TextEncoder().encode('new');

async function disk(): Promise<RecordingFileSystem> {
  const fs = new RecordingFileSystem();
  await fs.makeFolder('/d');
  await writeFileAtomic('/d/file', old, { fs });
  return fs;
}

/** What is at `path` after a power cut behind each change of a write, and at last behind the whole write. */
async function afterEachCut(
  path: string,
  options: WriteOptions,
  survives: Survives,
): Promise<(string | null)[]> {
  const seen: (string | null)[] = [];
  for (let changes = 0, done = false; !done; changes++) {
    const fs = await disk();
    fs.cutAfter(changes);
    done = await writeFileAtomic(path, fresh, { ...options, fs }).then(
      () => true,
      () => false,
    );
    fs.crash(survives);
    const bytes = await fs.read(path, 100);
    seen.push(bytes === null ? null : new TextDecoder().decode(bytes));
  }
  return seen;
}

describe.each<Survives>(['nothing', 'names'])('power cut where %s survives', (survives) => {
  test('after each change of a write: the old file or the new one, whole; the new one once the call has returned', async () => {
    const seen = await afterEachCut('/d/file', {}, survives);
    expect(seen.length).toBeGreaterThan(4);
    expect(seen.filter((text) => text !== 'old' && text !== 'new')).toEqual([]);
    expect(seen.at(-1)).toBe('new');
  });

  test('ifAbsent: nothing or the whole file', async () => {
    const seen = await afterEachCut('/d/once', { ifAbsent: true }, survives);
    expect(seen.filter((text) => text !== null && text !== 'new')).toEqual([]);
    expect(seen.at(-1)).toBe('new');
  });
});

test('the recording disk does show a missing fsync of the file and one of the folder', async () => {
  const fs = await disk();
  const file = await fs.create('/d/temp', 0o644);
  await file.write(fresh);
  await fs.rename('/d/temp', '/d/file');
  await fs.syncFolder('/d');
  fs.crash();
  expect(await fs.read('/d/file', 100)).toEqual(new Uint8Array()); // torn: no fsync of the file

  const other = await disk();
  const synced = await other.create('/d/temp', 0o644);
  await synced.write(fresh);
  await synced.sync();
  await other.rename('/d/temp', '/d/file');
  other.crash();
  expect(await other.read('/d/file', 100)).toEqual(old); // forgotten: no fsync of the folder
});
