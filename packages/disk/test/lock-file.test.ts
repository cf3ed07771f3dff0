import { lockFile } from '@ragnos/disk';
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';

const child = join(import.meta.dirname, 'lock-child.ts');
const start = (...args: string[]): ChildProcess =>
  fork(child, args, { execArgv: ['--conditions=@ragnos/source'] });
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ragnos-lock-'));
});

describe('lockFile', () => {
  test('one holder at a time within a process; release is idempotent', async () => {
    const path = join(folder, 'lock');
    let inside = 0;
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        const lock = await lockFile(path);
        expect(++inside).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
        lock.release();
        lock.release();
      }),
    );
    expect((await stat(path)).size).toBe(0);
  });

  test('times out while somebody holds it, and the event loop keeps turning', async () => {
    const path = join(folder, 'lock');
    const held = await lockFile(path);
    let turns = 0;
    const timer = setInterval(() => turns++, 5);
    await expect(lockFile(path, { timeoutMs: 150 })).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    clearInterval(timer);
    held.release();
    expect(turns).toBeGreaterThan(5);
  });

  test('an abort ends the wait', async () => {
    const path = join(folder, 'lock');
    const held = await lockFile(path);
    const waiting = lockFile(path, { signal: AbortSignal.timeout(30) });
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
    held.release();
    await expect(lockFile(path, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });

  test('refuses a link, a folder, a file with something in it and a missing folder', async () => {
    await symlink(join(folder, 'x'), join(folder, 'link'));
    await writeFile(join(folder, 'text'), 'not a lock file '.repeat(100));
    await expect(lockFile(join(folder, 'link'))).rejects.toMatchObject({ code: 'DISK_LINK' });
    await expect(lockFile(folder)).rejects.toMatchObject({ code: 'DISK_LINK' });
    await expect(lockFile(join(folder, 'text'))).rejects.toMatchObject({ code: 'LOCK' });
    await expect(lockFile(join(folder, 'no', 'lock'))).rejects.toMatchObject({ code: 'LOCK' });
  });

  test('kill -9 of the holder frees it at once', async () => {
    const path = join(folder, 'lock');
    const holder = start('hold', path);
    await once(holder, 'message');
    await expect(lockFile(path, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    const gone = once(holder, 'exit');
    holder.kill('SIGKILL');
    await gone;
    (await lockFile(path, { timeoutMs: 0 })).release();
  });

  test('those who share hold it together, and keep out who does not', async () => {
    const path = join(folder, 'lock');
    const [one, two] = [await lockFile(path, { shared: true }), await lockFile(path, { shared: true })];
    await expect(lockFile(path, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    one.release();
    await expect(lockFile(path, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    two.release();
    const alone = await lockFile(path, { timeoutMs: 0 });
    await expect(lockFile(path, { shared: true, timeoutMs: 50 })).rejects.toMatchObject({
      code: 'LOCK_TIMEOUT',
    });
    alone.release();
    const holder = start('share', path);
    await once(holder, 'message');
    (await lockFile(path, { shared: true, timeoutMs: 0 })).release();
    await expect(lockFile(path, { timeoutMs: 50 })).rejects.toMatchObject({ code: 'LOCK_TIMEOUT' });
    const gone = once(holder, 'exit');
    holder.kill('SIGKILL');
    await gone;
    (await lockFile(path, { timeoutMs: 0 })).release();
    expect((await stat(path)).size).toBe(0);
  });

  test('between processes no update is lost', async () => {
    const counter = join(folder, 'counter');
    await writeFile(counter, '0');
    const exits = Array.from({ length: 4 }, async () =>
      once(start('count', join(folder, 'lock'), counter, '25'), 'exit'),
    );
    for (const [code] of await Promise.all(exits)) expect(code).toBe(0);
    expect(await readFile(counter, 'utf8')).toBe('100');
  });
});
