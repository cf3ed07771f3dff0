import {
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { fsStorage, read, storageKey, type Storage } from '@ragnos/storage';
import { faultyFs } from './faulty-fs.ts';
import { tmp } from './tmp.ts';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const code = (expected: string): unknown => expect.objectContaining({ name: 'StorageError', code: expected });
const key = storageKey('metadata/timestamp.json');

async function list(storage: Storage, prefix = ''): Promise<string[]> {
  const keys: string[] = [];
  for await (const entry of storage.list(prefix)) keys.push(entry.key);
  return keys;
}

describe('the root', () => {
  test('a missing one is never an empty one', async () => {
    const storage = fsStorage({ root: join(tmp(), 'unmounted') });
    const calls = [
      () => storage.get(key),
      () => storage.head(key),
      () => storage.putIfAbsent(key, utf8('1')),
      () => storage.compareAndSwap(key, utf8('1'), {}, null),
      () => storage.compareAndSwap(key, utf8('1'), {}, 'x'),
      () => storage.delete(key),
      () => list(storage),
    ];
    for (const call of calls) await expect(call()).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
  });
  test('neither is a link to a missing one', async () => {
    const folder = tmp();
    symlinkSync(join(folder, 'unmounted'), join(folder, 'root'));
    await expect(fsStorage({ root: join(folder, 'root') }).head(key)).rejects.toThrow(
      code('STORAGE_UNAVAILABLE'),
    );
  });
  test('is made on request, at the first write', async () => {
    const root = join(tmp(), 'a/b/c');
    const storage = fsStorage({ root, create: true });
    expect(await storage.head(key)).toBeNull();
    expect(await list(storage)).toEqual([]);
    expect(await storage.putIfAbsent(key, utf8('1'))).toMatchObject({ created: true });
    expect(readFileSync(join(root, key), 'utf8')).toBe('1');
  });
  test('may be a link itself', async () => {
    const folder = tmp();
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'root'));
    const storage = fsStorage({ root: join(folder, 'root') });
    await storage.putIfAbsent(key, utf8('1'));
    expect(await list(storage)).toEqual([key]);
  });
  test('is described as a URL', () => {
    const root = tmp();
    expect(fsStorage({ root }).description).toBe(pathToFileURL(root).href);
  });
});

describe('links and odd files where we read and write', () => {
  const links: Record<string, [path: string, target: string]> = {
    'the object': ['metadata/timestamp.json', 'victim/timestamp.json'],
    'its folder': ['metadata', 'victim'],
    'an object that dangles': ['metadata/timestamp.json', 'nowhere'],
    'a folder that dangles': ['metadata', 'nowhere'],
    'the private folder': ['.storage', 'victim'],
    'the folder of temporary files': ['.storage/tmp', 'victim'],
  };
  function linked(path: string, target: string): { readonly folder: string; readonly storage: Storage } {
    const folder = tmp();
    const root = join(folder, 'root');
    mkdirSync(join(root, path, '..'), { recursive: true });
    mkdirSync(join(folder, 'victim'));
    writeFileSync(join(folder, 'victim/timestamp.json'), 'secret');
    symlinkSync(join(folder, target), join(root, path));
    return { folder, storage: fsStorage({ root }) };
  }
  for (const [name, [path, target]] of Object.entries(links))
    test(`a link at ${name} is not followed by writers`, async () => {
      const { folder, storage } = linked(path, target);
      await expect(storage.putIfAbsent(key, utf8('1'))).rejects.toThrow(code('STORAGE_SYMLINK'));
      await expect(storage.compareAndSwap(key, utf8('1'), {}, null)).rejects.toThrow(code('STORAGE_SYMLINK'));
      expect(readdirSync(join(folder, 'victim'))).toEqual(['timestamp.json']);
      expect(readFileSync(join(folder, 'victim/timestamp.json'), 'utf8')).toBe('secret');
      expect(readdirSync(folder).toSorted()).toEqual(['root', 'victim']);
    });
  for (const [name, [path, target]] of Object.entries(links).slice(0, 4))
    test(`a link at ${name} is not followed by readers`, async () => {
      const { folder, storage } = linked(path, target);
      await expect(storage.get(key)).rejects.toThrow(code('STORAGE_SYMLINK'));
      await expect(storage.head(key)).rejects.toThrow(code('STORAGE_SYMLINK'));
      await expect(storage.delete(key)).rejects.toThrow(code('STORAGE_SYMLINK'));
      expect(await list(storage)).toEqual([]);
      expect(readdirSync(join(folder, 'victim'))).toEqual(['timestamp.json']);
    });
  test('a listing does not begin behind a link', async () => {
    const { storage } = linked('metadata', 'victim');
    await expect(list(storage, 'metadata/t')).rejects.toThrow(code('STORAGE_SYMLINK'));
  });

  test('a folder where the object should be is a conflict for writers and nothing for readers', async () => {
    const root = tmp();
    mkdirSync(join(root, key), { recursive: true });
    const storage = fsStorage({ root });
    await expect(storage.putIfAbsent(key, utf8('1'))).rejects.toThrow(code('STORAGE_CONFLICT'));
    expect(await storage.head(key)).toBeNull();
    await storage.delete(key);
    expect(statSync(join(root, key)).isDirectory()).toBe(true);
  });
  test('a file where a folder should be', async () => {
    const root = tmp();
    writeFileSync(join(root, 'metadata'), 'file');
    await expect(fsStorage({ root }).putIfAbsent(key, utf8('1'))).rejects.toThrow(code('STORAGE_CONFLICT'));
    expect(readFileSync(join(root, 'metadata'), 'utf8')).toBe('file');
  });
  test('what is no object is not listed', async () => {
    const root = tmp();
    const storage = fsStorage({ root });
    await storage.putIfAbsent(key, utf8('1'));
    mkdirSync(join(root, 'empty'));
    writeFileSync(join(root, 'back\\slash'), '');
    writeFileSync(join(root, 'new\nline'), '');
    symlinkSync(join(root, key), join(root, 'link'));
    symlinkSync(root, join(root, 'loop'));
    expect(await list(storage)).toEqual([key]);
  });
});

describe('etags', () => {
  test('the same size and times with other content is another etag (nginx answered 304)', async () => {
    const root = tmp();
    const storage = fsStorage({ root });
    const time = new Date('2026-01-01T00:00:00Z');
    for (const size of [10, 3_000_000]) {
      const path = join(root, 'x');
      writeFileSync(path, 'a'.repeat(size));
      utimesSync(path, time, time);
      const one = await storage.head(storageKey('x'));
      writeFileSync(path, 'b'.repeat(size));
      utimesSync(path, time, time);
      const two = await storage.head(storageKey('x'));
      expect(two?.size).toBe(one?.size);
      expect(two?.modified).toEqual(one?.modified);
      expect(two?.etag).not.toBe(one?.etag);
    }
  });
  test('times strictly increase by whole seconds at each swap', async () => {
    const storage = fsStorage({ root: tmp() });
    let etag: string | null = null;
    let last = 0;
    for (let i = 0; i < 5; i++) {
      const result = await storage.compareAndSwap(key, utf8(String(i)), {}, etag);
      etag = result.swapped ? result.etag : null;
      const seconds = Math.floor(((await storage.head(key))?.modified.getTime() ?? 0) / 1000);
      expect(seconds).toBeGreaterThan(last);
      last = seconds;
    }
  });
  test('a large object that is replaced before it is read is not read as the old one', async () => {
    const root = tmp();
    const storage = fsStorage({ root });
    await storage.putIfAbsent(key, new Uint8Array(2_000_000));
    const found = await storage.get(key);
    rmSync(join(root, key));
    writeFileSync(join(root, key), Buffer.alloc(2_000_000, 1));
    const consume = async (): Promise<void> => {
      for await (const chunk of found?.body ?? []) expect(chunk.length).toBe(0);
    };
    await expect(consume()).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
  });
});

describe('metadata', () => {
  test('comes from the key', async () => {
    const storage = fsStorage({ root: tmp() });
    const types = {
      'a.json': 'application/json',
      'a.tgz': 'application/gzip',
      a: 'application/octet-stream',
      'a.constructor': 'application/octet-stream',
    };
    for (const [name, contentType] of Object.entries(types)) {
      await storage.putIfAbsent(storageKey(name), utf8(''), { contentType: 'text/x-ignored' });
      expect(await storage.head(storageKey(name))).toMatchObject({ contentType });
    }
  });
  test('or from the caller who knows more', async () => {
    const metaOf = (name: string) => ({
      cacheControl: name.endsWith('timestamp.json') ? 'no-store' : 'immutable',
    });
    const storage = fsStorage({ root: tmp(), metaOf });
    await storage.putIfAbsent(key, utf8('{}'));
    expect((await read(storage, key, { maxLength: 2 }))?.info.cacheControl).toBe('no-store');
  });
});

test('only remains older than the limit are swept', async () => {
  const root = tmp();
  const folder = join(root, '.storage/tmp');
  mkdirSync(folder, { recursive: true });
  for (const [name, minutes] of [
    ['old', 61],
    ['young', 59],
  ] as const) {
    writeFileSync(join(folder, name), 'x');
    const then = new Date(Date.now() - minutes * 60_000);
    utimesSync(join(folder, name), then, then);
  }
  await fsStorage({ root }).putIfAbsent(key, utf8('1'));
  expect(readdirSync(folder)).toEqual(['young']);
});

test('a folder that somebody removed meanwhile is made again', async () => {
  const root = tmp();
  const storage = fsStorage({ root });
  await storage.putIfAbsent(key, utf8('1'));
  rmSync(join(root, 'metadata'), { recursive: true });
  rmSync(join(root, '.storage'), { recursive: true });
  expect(await storage.putIfAbsent(key, utf8('2'))).toMatchObject({ created: true });
});

test('a folder that we may not write to is STORAGE_DENIED', async () => {
  const root = tmp();
  mkdirSync(join(root, 'metadata'), { mode: 0o500 });
  await asNobody([root, join(root, 'metadata')], async () => {
    await expect(fsStorage({ root }).putIfAbsent(key, utf8('1'))).rejects.toThrow(code('STORAGE_DENIED'));
  });
});

/** Root may write anywhere: as root the work is done by another user, to whom `paths` are given. */
async function asNobody(paths: readonly string[], work: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0 || process.seteuid === undefined) return work();
  const nobody = 65_534;
  for (const path of paths) chownSync(path, nobody, nobody);
  process.seteuid(nobody);
  try {
    await work();
  } finally {
    process.seteuid(0);
  }
}

test('an object that is deleted while another one is refused for its sake is no foreign thing', async () => {
  const root = tmp();
  const deleting = faultyFs((operation, path) => {
    if (operation !== 'link') return;
    rmSync(path, { force: true });
    throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' });
  });
  const storage = fsStorage({ root, fs: deleting });
  expect(await storage.putIfAbsent(key, utf8('1'))).toEqual({ created: false });
});
