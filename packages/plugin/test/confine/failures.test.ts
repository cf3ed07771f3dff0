import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startConfined } from '../../src/confine/start.ts';
import { nothingGranted } from '../../src/confine/grant.ts';
import { grant, sandboxed, start, temporary, tree } from './support.ts';

/** A zombie is not: nobody may have asked for it yet. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !stat.startsWith('Z', stat.lastIndexOf(')') + 2);
  } catch {
    return false;
  }
}

test('what a host holds ends with it, however that ends, and what it let go does not', async () => {
  const host = spawn(process.execPath, [path.join(import.meta.dirname, 'holding-process.ts')], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const said = await new Promise<string>((resolve) =>
    host.stdout.once('data', (piece: Buffer) => resolve(piece.toString('utf8'))),
  );
  const of = (name: string): number => Number(new RegExp(`"${name}":(\\d+)`).exec(said)?.[1]);
  onTestFinished(() =>
    ['single', 'leader', 'released'].forEach((name) => isAlive(of(name)) && process.kill(of(name))),
  );
  expect([isAlive(of('single')), isAlive(of('leader')), isAlive(of('released'))]).toEqual([true, true, true]);
  host.kill('SIGKILL');
  await expect.poll(() => [isAlive(of('single')), isAlive(of('leader'))]).toEqual([false, false]);
  expect(isAlive(of('released'))).toBe(true);
});

test.skipIf(!sandboxed)(
  'what this process inherited is closed to a sandbox, however its number',
  async () => {
    const root = openSync('/', 'r');
    onTestFinished(() => closeSync(root));
    const host = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { startConfined } from '${path.join(import.meta.dirname, '../../src/confine/start.ts')}';
      const plugin = await startConfined(JSON.parse(process.argv[1], (key, value) => key === 'files' || key === 'env' ? new Map(value) : value));
      plugin.stdout.pipe(process.stdout); plugin.stderr.pipe(process.stderr);`,
        JSON.stringify(
          {
            ...tree({
              main: '#!/bin/sh\nif [ -d /proc/self/fd/77 ]; then echo open; else echo closed; fi\n',
            }),
            entry: 'main',
            mode: 'sandbox',
            runtime: 'executable',
            grant: nothingGranted,
          },
          (_, value: unknown) => (value instanceof Map ? [...value] : value),
        ),
      ],
      { stdio: ['ignore', 'pipe', 'pipe', ...Array.from({ length: 74 }, () => 'ignore' as const), root] },
    );
    let said = '';
    host.stdout?.on('data', (piece: Buffer) => (said += piece.toString('utf8')));
    host.stderr?.on('data', (piece: Buffer) => (said += piece.toString('utf8')));
    await once(host, 'close');
    expect(said).toBe('closed\n');
  },
);

test.each(['process', 'sandbox'] as const)(
  'who may write where copies are made is not started, in mode %s',
  async (mode) => {
    const plugin = { ...tree({ 'main.mjs': '' }), mode };
    for (const place of [tmpdir(), path.dirname(tmpdir())])
      await expect(start({ ...plugin, grant: grant({ write: [place] }) })).rejects.toThrow(
        'where the files are from which plugins run',
      );
    const below = path.join(temporary(), 'below');
    mkdirSync(below);
    await (await start({ ...plugin, grant: grant({ write: [below] }) })).stop();
  },
);

test('a signal that is aborted while a start waits for something else is heard', async () => {
  const abort = new AbortController();
  const started = startConfined({
    ...tree({ 'main.mjs': 'setInterval(() => {}, 1000);' }),
    entry: 'main.mjs',
    mode: 'process',
    runtime: 'node',
    grant: nothingGranted,
    signal: abort.signal,
  });
  abort.abort();
  await expect(started).rejects.toMatchObject({ code: 'PLUGIN_STOPPED' });
});

test.each(['process', 'sandbox'] as const)(
  'a start that the system refuses leaves nothing open, in mode %s',
  async (mode) => {
    const before = readdirSync('/proc/self/fd').length;
    const plugin = { ...tree({ 'main.mjs': '' }), mode, args: ['x'.repeat(3_000_000)] };
    for (let time = 0; time < 3; time++)
      await expect(start(plugin)).rejects.toThrow(/could not be started.*E2BIG/);
    await expect.poll(() => readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
    const groups = ['/sys/fs/cgroup', '/sys/fs/cgroup/pids']
      .filter((root) => existsSync(root))
      .flatMap((root) => readdirSync(root));
    expect(groups.filter((name) => name.startsWith(`ragv-${process.pid}-`))).toEqual([]);
  },
);
