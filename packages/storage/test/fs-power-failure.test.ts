import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fsStorage, read, storageKey, type FileSystem, type Storage } from '@ragnos/storage';
import { systemError, withoutLinks } from './faulty-fs.ts';
import { lossyFs } from './lossy-fs.ts';
import { tmp } from './tmp.ts';

const key = storageKey('a/new/folder/timestamp.json');
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

async function textOf(storage: Storage): Promise<string | null> {
  const found = await read(storage, key, { maxLength: 1000 });
  return found === null ? null : new TextDecoder().decode(found.bytes);
}

for (const links of [true, false])
  describe(`power failure on a disk ${links ? 'with' : 'without'} hard links`, () => {
    function disk(): {
      readonly fs: FileSystem;
      readonly root: string;
      after(names: 'strict' | 'eager'): Storage;
    } {
      const root = tmp();
      const lossy = lossyFs(root);
      const link: FileSystem['link'] = () => Promise.reject(systemError('EPERM'));
      const after = (names: 'strict' | 'eager'): Storage => {
        const to = join(tmp(), 'recovered');
        lossy.recover(to, names);
        return fsStorage({ root: to });
      };
      return { root, after, fs: links ? lossy.fs : { ...lossy.fs, link } };
    }

    for (const names of ['strict', 'eager'] as const) {
      test(`what was acknowledged is there, with new folders and all (${names})`, async () => {
        const { fs, root, after } = disk();
        const storage = fsStorage({ root, fs });
        const put = await storage.putIfAbsent(key, utf8('1'));
        expect(await textOf(after(names))).toBe('1');
        await storage.compareAndSwap(key, utf8('2'), {}, put.created ? put.etag : '');
        expect(await textOf(after(names))).toBe('2');
        await storage.delete(key);
        expect(await textOf(after(names))).toBeNull();
      });

      test(`folders that another process made but did not sync yet are synced too (${names})`, async () => {
        const { fs, root, after } = disk();
        for (const folder of ['a', 'a/new', 'a/new/folder']) await fs.mkdir(join(root, folder));
        await fsStorage({ root, fs }).putIfAbsent(key, utf8('1'));
        expect(await textOf(after(names))).toBe('1');
      });
    }

    test('the loser of a race makes the winner durable before it builds on it', async () => {
      const { fs, root, after } = disk();
      for (const folder of ['a', 'a/new', 'a/new/folder']) await fs.mkdir(join(root, folder));
      const quirk: FileSystem = links ? fs : { ...fs, link: () => Promise.reject(systemError('EPERM')) };
      const power = Promise.withResolvers<never>();
      const hanging: FileSystem = {
        ...quirk,
        // the winner gets stuck in the sync of the folder, until the power fails
        open: (path, flags, mode) =>
          path.endsWith('/folder') ? power.promise : quirk.open(path, flags, mode),
      };
      const winner = fsStorage({ root, fs: hanging }).putIfAbsent(key, utf8('winner'));
      const loser = fsStorage({ root, fs: quirk });
      while ((await loser.head(key)) === null) await new Promise((resolve) => setTimeout(resolve, 1));
      expect(await loser.putIfAbsent(key, utf8('loser'))).toEqual({ created: false });
      expect(await textOf(after('strict'))).toBe('winner');
      power.reject(systemError('EIO'));
      await expect(winner).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    });
  });

test('without links is really without', async () => {
  await expect(withoutLinks().link('a', 'b')).rejects.toThrow('EPERM');
});
