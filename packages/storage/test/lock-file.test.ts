import { mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { lockFile } from '@ragnos/storage';
import { child, ends, speaks } from './processes.ts';
import { tmp } from './tmp.ts';

const code = (expected: string): unknown => expect.objectContaining({ code: expected });

test('one holder at a time within a process, and everybody gets a turn', async () => {
  const path = join(tmp(), 'lock');
  let holders = 0;
  let turns = 0;
  const turn = async (): Promise<void> => {
    const lock = await lockFile(path);
    expect(++holders).toBe(1);
    await sleep(1);
    holders--;
    turns++;
    lock.release();
    lock.release(); // twice does no harm
  };
  await Promise.all(Array.from({ length: 30 }, turn));
  expect(turns).toBe(30);
});

test('another process keeps it from us, kill -9 frees it at once', async () => {
  const path = join(tmp(), 'lock');
  const holder = child('hold', path);
  await speaks(holder);
  await expect(lockFile(path, { timeoutMs: 50 })).rejects.toThrow(code('STORAGE_LOCKED'));
  const waiting = lockFile(path, { timeoutMs: 10_000 });
  holder.kill('SIGKILL');
  await ends(holder);
  const freed = performance.now();
  (await waiting).release();
  expect(performance.now() - freed).toBeLessThan(500);
});

test('waiting does not block the event loop', async () => {
  const path = join(tmp(), 'lock');
  const lock = await lockFile(path);
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  await expect(lockFile(path, { timeoutMs: 300 })).rejects.toThrow(code('STORAGE_LOCKED'));
  clearInterval(timer);
  lock.release();
  expect(longest).toBeLessThan(100); // a busy timeout would be one gap of 300
});

test('the signal ends the wait with its reason', async () => {
  const path = join(tmp(), 'lock');
  const lock = await lockFile(path);
  const reason = new Error('interrupted');
  const controller = new AbortController();
  const waiting = lockFile(path, { signal: controller.signal });
  setTimeout(() => controller.abort(reason), 20);
  await expect(waiting).rejects.toBe(reason);
  await expect(lockFile(path, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  lock.release();
  (await lockFile(path, { timeoutMs: 0 })).release();
});

test('the file stays, empty and alone', async () => {
  const folder = tmp();
  (await lockFile(join(folder, 'lock'))).release();
  expect(readdirSync(folder)).toEqual(['lock']);
  expect(statSync(join(folder, 'lock')).size).toBe(0);
});

test('what is no lock file is refused and left alone', async () => {
  const folder = tmp();
  writeFileSync(join(folder, 'text'), 'x'.repeat(5000));
  mkdirSync(join(folder, 'folder'));
  symlinkSync(join(folder, 'elsewhere'), join(folder, 'link'));
  await expect(lockFile(join(folder, 'text'))).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
  await expect(lockFile(join(folder, 'folder'))).rejects.toThrow(code('STORAGE_SYMLINK'));
  await expect(lockFile(join(folder, 'link'))).rejects.toThrow(code('STORAGE_SYMLINK'));
  await expect(lockFile(join(folder, 'none', 'lock'))).rejects.toThrow(code('STORAGE_UNAVAILABLE'));
  expect(statSync(join(folder, 'text')).size).toBe(5000);
  expect(readdirSync(folder).toSorted()).toEqual(['folder', 'link', 'text']);
});
