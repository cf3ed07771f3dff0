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

describe.each<Survives>(['nothing', 'names'])('power cut where %s survives', (survives) => {
  test('after each change of a write: the old file or the new one, whole', async () => {
    for (let changes = 0; ; changes++) {
      const fs = await disk();
      fs.cutAfter(changes);
      const done = await writeFileAtomic('/d/file', fresh, { fs }).then(
        () => true,
        () => false,
      );
      fs.crash(survives);
      const seen = new TextDecoder().decode((await fs.read('/d/file', 100)) ?? undefined);
      if (done) {
        expect(seen).toBe('new'); // durable as soon as the call returned
        expect(changes).toBeGreaterThan(3);
        return;
      }
      expect(['old', 'new'], `after ${changes} changes`).toContain(seen);
    }
  });

  test('ifAbsent: nothing or the whole file', async () => {
    for (let changes = 0; ; changes++) {
      const fs = await disk();
      fs.cutAfter(changes);
      const done = await writeFileAtomic('/d/once', fresh, { fs, ifAbsent: true }).then(
        () => true,
        () => false,
      );
      fs.crash(survives);
      const seen = await fs.read('/d/once', 100);
      if (done) {
        expect(seen).toEqual(fresh);
        return;
      }
      if (seen !== null) expect(seen, `after ${changes} changes`).toEqual(fresh);
    }
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
