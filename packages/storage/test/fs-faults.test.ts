import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fsStorage, read, StorageError, storageKey, type Storage } from '@ragnos/storage';
import { faultyFs, systemError, type Fault, type Operation } from './faulty-fs.ts';
import { tmp } from './tmp.ts';

const key = storageKey('metadata/timestamp.json');
const oldText = 'old '.repeat(100_000);
const newText = 'new, and longer '.repeat(100_000);
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

async function textOf(storage: Storage): Promise<string | null> {
  const found = await read(storage, key, { maxLength: 10_000_000 });
  return found === null ? null : new TextDecoder().decode(found.bytes);
}

const writes: Record<
  string,
  {
    readonly before: string | null;
    readonly run: (storage: Storage, etag: string | null) => Promise<boolean>;
  }
> = {
  putIfAbsent: {
    before: null,
    run: async (storage) => (await storage.putIfAbsent(key, utf8(newText))).created,
  },
  compareAndSwap: {
    before: oldText,
    run: async (storage, etag) => (await storage.compareAndSwap(key, utf8(newText), {}, etag)).swapped,
  },
};
const disks: Record<string, Fault> = {
  'a disk with links': () => {},
  'a disk without links': (operation) => {
    if (operation === 'link') throw systemError('EPERM');
  },
};

async function prepared(
  before: string | null,
): Promise<{ readonly root: string; readonly etag: string | null }> {
  const root = tmp();
  if (before === null) return { root, etag: null };
  const put = await fsStorage({ root }).putIfAbsent(key, utf8(before));
  return { root, etag: put.created ? put.etag : null };
}

for (const [disk, quirk] of Object.entries(disks))
  for (const [name, { before, run }] of Object.entries(writes))
    for (const when of ['before', 'after'] as const)
      describe(`killed ${when} each operation of ${name} on ${disk}`, async () => {
        const trace: Operation[] = [];
        const dry = await prepared(before);
        const record: Fault = (operation, path) => {
          trace.push(operation);
          quirk(operation, path);
        };
        await run(fsStorage({ root: dry.root, fs: faultyFs(record) }), dry.etag);

        trace.forEach((operation, at) =>
          test(`${at} ${operation}: the old or the new content, whole, and the next writer succeeds`, async () => {
            const { root, etag } = await prepared(before);
            let count = 0;
            const die = (): void => {
              throw systemError('EIO');
            };
            const fs =
              when === 'before'
                ? faultyFs((...args) => (count++ >= at ? die() : quirk(...args)))
                : faultyFs(
                    (...args) => (count > at ? die() : quirk(...args)),
                    () => (count++ >= at ? die() : undefined),
                  );
            const outcome = await run(fsStorage({ root, fs }), etag).catch((error: unknown) => error);
            const after = fsStorage({ root });
            const text = await textOf(after);
            const acknowledged = outcome === true;
            expect(acknowledged ? [newText] : [before, newText]).toContain(text);
            const unknown = outcome instanceof StorageError && outcome.code === 'STORAGE_UNAVAILABLE';
            expect(text === newText ? acknowledged || unknown : true).toBe(true);

            const done = text === newText || (await run(after, etag));
            expect(done).toBe(true);
            expect(await textOf(after)).toBe(newText);
            const keys: string[] = [];
            for await (const entry of after.list('')) keys.push(entry.key);
            expect(keys).toEqual([key]);
          }),
        );
      });

function remains(root: string): readonly string[] {
  const folder = join(root, '.storage/tmp');
  return existsSync(folder) ? readdirSync(folder) : [];
}

const refusals = {
  ENOSPC: 'STORAGE_FULL',
  EDQUOT: 'STORAGE_FULL',
  EACCES: 'STORAGE_DENIED',
  EROFS: 'STORAGE_DENIED',
  EIO: 'STORAGE_UNAVAILABLE',
  ESTALE: 'STORAGE_UNAVAILABLE',
};
const steps: readonly Operation[] = ['open', 'write', 'sync', 'link', 'rename', 'mkdir'];
for (const [name, { before, run }] of Object.entries(writes))
  describe(`one failing step of ${name}`, () => {
    for (const [reason, code] of Object.entries(refusals))
      for (const step of steps)
        test(`${reason} at ${step} leaves nothing half-done`, async () => {
          const { root, etag } = await prepared(before);
          let failed = false;
          const fs = faultyFs((operation) => {
            if (operation !== step || failed) return;
            failed = true;
            throw systemError(reason);
          });
          const outcome = await run(fsStorage({ root, fs }), etag).catch((error: unknown) => error);
          expect(outcome instanceof StorageError ? outcome.code : outcome).toBe(failed ? code : true);
          expect(await textOf(fsStorage({ root }))).toBe(failed ? before : newText);
          expect(remains(root)).toEqual([]);
        });

    test('ENOSPC at the last sync is an unknown outcome, not a definite one', async () => {
      const { root, etag } = await prepared(before);
      let placed = false;
      const fs = faultyFs(
        (operation) => {
          if (placed && operation === 'sync') throw systemError('ENOSPC');
        },
        (operation) => {
          placed ||= operation === 'link' || operation === 'rename';
        },
      );
      await expect(run(fsStorage({ root, fs }), etag)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
      expect(await textOf(fsStorage({ root }))).toBe(newText);
    });
  });

describe('reading', () => {
  for (const reason of ['EIO', 'EACCES', 'EMFILE', 'ESTALE'])
    for (const step of ['lstat', 'open', 'read', 'stat'] as const)
      test(`${reason} at ${step} is an error, never taken for absent`, async () => {
        const { root } = await prepared(oldText);
        const fs = faultyFs((operation) => {
          if (operation === step) throw systemError(reason);
        });
        const storage = fsStorage({ root, fs });
        const code = reason === 'EACCES' ? 'STORAGE_DENIED' : 'STORAGE_UNAVAILABLE';
        await expect(storage.head(key)).rejects.toMatchObject({ code });
        await expect(read(storage, key, { maxLength: 10_000_000 })).rejects.toMatchObject({ code });
        await expect(storage.compareAndSwap(key, utf8('x'), {}, 'e')).rejects.toMatchObject({ code });
      });
  for (const step of ['readdir', 'lstat'] as const)
    test(`a listing that fails at ${step} does not end early in silence`, async () => {
      const { root } = await prepared(oldText);
      const fs = faultyFs((operation) => {
        if (operation === step) throw systemError('EIO');
      });
      const consume = async (): Promise<void> => {
        for await (const entry of fsStorage({ root, fs }).list('')) expect(entry).toBeUndefined();
      };
      await expect(consume()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    });
});

test('short writes are continued', async () => {
  const root = tmp();
  const real = faultyFs(() => {});
  const storage = fsStorage({
    root,
    fs: {
      ...real,
      open: async (...args) => {
        const file = await real.open(...args);
        return {
          ...file,
          write: (buffer, offset, length, position) =>
            file.write(buffer, offset, Math.min(length, 70_000), position),
        };
      },
    },
  });
  await storage.putIfAbsent(key, utf8(newText));
  expect(await textOf(fsStorage({ root }))).toBe(newText);
});
