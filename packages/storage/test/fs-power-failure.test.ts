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

    for (const moment of ['before it looks', 'after it looked'])
      test(`the loser of a race makes durable what a stuck winner wrote ${moment}`, async () => {
        const { fs, root, after } = disk();
        for (const folder of ['a', 'a/new', 'a/new/folder']) await fs.mkdir(join(root, folder));
        const power = Promise.withResolvers<never>();
        const stuck: FileSystem = {
          ...fs,
          // in the sync of the folder, until the power fails
          open: (path, flags, mode) =>
            path.endsWith('/folder') ? power.promise : fs.open(path, flags, mode),
        };
        const winner = { put: Promise.resolve<unknown>(null) };
        const win = async (): Promise<void> => {
          winner.put = fsStorage({ root, fs: stuck }).putIfAbsent(key, utf8('winner'));
          const watcher = fsStorage({ root });
          while ((await watcher.head(key)) === null) await new Promise((resolve) => setTimeout(resolve, 1));
        };
        if (moment === 'before it looks') await win();
        const late: FileSystem = {
          ...fs,
          async link(existing, path) {
            if (moment === 'after it looked') await win();
            return fs.link(existing, path);
          },
        };
        const result = await fsStorage({ root, fs: late }).putIfAbsent(key, utf8('loser'));
        expect(result).toEqual({ created: false });
        expect(await textOf(after('strict'))).toBe('winner');
        power.reject(systemError('EIO'));
        await expect(winner.put).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      });
  });

test('without links is really without', async () => {
  await expect(withoutLinks().link('a', 'b')).rejects.toThrow('EPERM');
});
