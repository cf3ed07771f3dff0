import { execFileSync } from 'node:child_process';
import { DiskError, isTemporaryName, nodeFileSystem, sweepTemporaries, writeFileAtomic } from '@ragnos/disk';
import { chmod, mkdir, mkdtemp, readFile, readdir, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ragnos-disk-'));
});

describe('writeFileAtomic', () => {
  test('creates, then replaces, and leaves nothing else behind', async () => {
    const file = join(folder, 'a.json');
    await writeFileAtomic(file, text('one'), { mode: 0o600 });
    await writeFileAtomic(file, text('two'), { mode: 0o600 });
    expect(await readFile(file, 'utf8')).toBe('two');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['a.json']);
  });

  test('a stream that fails keeps the old file, removes the temporary one and keeps its own error', async () => {
    const file = join(folder, 'a.json');
    await writeFileAtomic(file, text('old'));
    const failure = new Error('hash mismatch');
    async function* torn(): AsyncGenerator<Uint8Array> {
      yield text('half');
      throw failure;
    }
    await expect(writeFileAtomic(file, torn())).rejects.toBe(failure);
    expect(await readFile(file, 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['a.json']);
  });

  test('an abort between two pieces leaves the old file', async () => {
    const file = join(folder, 'a.json');
    const controller = new AbortController();
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield text('half');
      controller.abort(new Error('enough'));
      yield text('rest');
    }
    await expect(writeFileAtomic(file, slow(), { signal: controller.signal })).rejects.toThrow('enough');
    expect(await readdir(folder)).toEqual([]);
  });

  test('of twenty writers of an absent file exactly one succeeds', async () => {
    const file = join(folder, 'once');
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => writeFileAtomic(file, text(`writer ${i}`), { ifAbsent: true })),
    );
    const winners = results.flatMap((result, i) => (result.status === 'fulfilled' ? [i] : []));
    expect(winners).toHaveLength(1);
    expect(await readFile(file, 'utf8')).toBe(`writer ${winners[0]}`);
    const refusals = results.flatMap((result): unknown[] =>
      result.status === 'rejected' ? [result.reason] : [],
    );
    expect(
      refusals.filter((error) => error instanceof DiskError && error.code === 'DISK_EXISTS'),
    ).toHaveLength(19);
    expect(await readdir(folder)).toEqual(['once']);
  });

  test('threats: a symbolic link at the destination is refused, its target untouched', async () => {
    const victim = join(folder, 'victim');
    await writeFile(victim, 'precious');
    await symlink(victim, join(folder, 'link'));
    await symlink(join(folder, 'nowhere'), join(folder, 'dangling'));
    await mkdir(join(folder, 'folder'));
    for (const name of ['link', 'dangling', 'folder'])
      await expect(writeFileAtomic(join(folder, name), text('x'))).rejects.toMatchObject({
        code: 'DISK_LINK',
      });
    expect(await readFile(victim, 'utf8')).toBe('precious');
  });

  test('a disk that refuses is a DiskError with its cause', async () => {
    await expect(writeFileAtomic(join(folder, 'no', 'file'), text('x'))).rejects.toMatchObject({
      code: 'DISK_WRITE',
      hint: 'the folder is missing',
      cause: { code: 'ENOENT' },
    });
  });
});

test('sweepTemporaries removes what is ours and old, nothing else', async () => {
  const ours = '.ragv-0123456789abcdef01234567.tmp';
  const young = '.ragv-ffffffffffffffffffffffff.tmp';
  expect(isTemporaryName(ours)).toBe(true);
  for (const name of [ours, young, '.ragv-x.tmp', 'file']) await writeFile(join(folder, name), '');
  const now = new Date();
  const old = new Date(now.getTime() - 3600_000);
  for (const name of [ours, '.ragv-x.tmp', 'file']) await utimes(join(folder, name), old, old);
  await sweepTemporaries(folder, { now, olderThanMs: 60_000 });
  expect((await readdir(folder)).toSorted()).toEqual(['.ragv-x.tmp', young, 'file'].toSorted());
});

describe('nodeFileSystem', () => {
  test('read: null if absent, EFBIG beyond the bound, ELOOP for a link', async () => {
    await writeFile(join(folder, 'f'), 'hello');
    await symlink(join(folder, 'f'), join(folder, 'l'));
    expect(await nodeFileSystem.read(join(folder, 'absent'), 10)).toBeNull();
    expect(await nodeFileSystem.read(join(folder, 'f'), 5)).toEqual(text('hello'));
    await expect(nodeFileSystem.read(join(folder, 'f'), 4)).rejects.toMatchObject({ code: 'EFBIG' });
    await expect(nodeFileSystem.read(join(folder, 'l'), 5)).rejects.toMatchObject({ code: 'ELOOP' });
    await expect(nodeFileSystem.read(folder, 5)).rejects.toMatchObject({ code: 'EISDIR' });
  });

  test.runIf(process.platform !== 'win32')('read: a named pipe holds nobody', async () => {
    execFileSync('mkfifo', [join(folder, 'pipe')]);
    await expect(nodeFileSystem.read(join(folder, 'pipe'), 5)).rejects.toMatchObject({ code: 'EINVAL' });
  });

  test.runIf(process.platform === 'linux')('makeFolder gives up where no folder can be made', async () => {
    await expect(nodeFileSystem.makeFolder('/proc/nowhere/below', 0o700)).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  test('makeFolder refuses a file that stands in the way', async () => {
    const file = join(folder, 'file');
    await writeFileAtomic(file, new Uint8Array(1));
    await expect(nodeFileSystem.makeFolder(file, 0o700)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(nodeFileSystem.makeFolder(join(file, 'below'), 0o700)).rejects.toMatchObject({
      code: 'ENOTDIR',
    });
  });

  test('makeFolder creates parents and leaves an existing folder as it is', async () => {
    const deep = join(folder, 'a', 'b', 'c');
    await nodeFileSystem.makeFolder(deep, 0o700);
    await chmod(deep, 0o750);
    await nodeFileSystem.makeFolder(deep, 0o700);
    expect(await nodeFileSystem.info(deep)).toMatchObject({ kind: 'folder', mode: 0o750 });
    expect(await nodeFileSystem.list(join(folder, 'a'))).toEqual(['b']);
    expect(await nodeFileSystem.list(join(folder, 'absent'))).toEqual([]);
  });
});
