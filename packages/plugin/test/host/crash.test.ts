import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { installSteps, trustRepository } from '@ragnos/plugin';
import { codeOf, World } from './world.ts';

/** A host whose repository lies in a folder, with 1.0.0 installed if asked, and 1.1.0 published. */
async function onDisk(installed: boolean): Promise<World> {
  const world = await World.create();
  if (installed) await (await world.host()).install('acme/hello');
  await world.publish('1.1.0');
  const url = await world.onDisk();
  await trustRepository({ ...world.trustOptions(), url, fetcher: undefined });
  return world;
}

function install(
  world: World,
  spec: string,
  die = '',
): Promise<{ code: number | null; signal: string | null; out: string }> {
  const program = join(import.meta.dirname, 'installer.ts');
  const args = [program, world.home, world.project, world.now.toISOString(), spec, die];
  const child = spawn(process.execPath, ['--conditions=@ragnos/source', ...args], { stdio: 'pipe' });
  child.stderr.pipe(process.stderr, { end: false });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, out })));
}

/** With a limit on the size of files, in blocks of 512 or 1024 bytes; what is said on standard error counts as well. */
async function installWithin(world: World, blocks: number): Promise<{ out: string; said: string }> {
  const program = join(import.meta.dirname, 'installer.ts');
  const args = ['--conditions=@ragnos/source', program, world.home, world.project, world.now.toISOString()];
  const limited = ['-c', `ulimit -f ${blocks} && exec "$0" "$@"`, process.execPath, ...args, 'acme/hello'];
  const child = spawn('/bin/sh', limited, { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, said] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return new Promise((resolve) => child.on('close', () => resolve({ out, said })));
}

function leftovers(world: World): readonly string[] {
  const found = existsSync(world.plugin())
    ? readdirSync(world.plugin()).filter((name) => name.startsWith('.'))
    : [];
  const content = join(world.folder, 'content');
  const torn = existsSync(content) ? readdirSync(content).filter((name) => !/^[0-9a-f]{64}$/.test(name)) : [];
  return [...found, ...torn, ...(existsSync(join(world.folder, 'journal')) ? ['journal'] : [])];
}

function sameTree(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([path, digest]) => b.get(path) === digest);
}

describe('kill -9 while a version is started to see whether it lives', () => {
  test.each(['1.0.0', null])('what was in force before is again: %s', async (before) => {
    const world = await onDisk(before !== null);
    expect(await install(world, 'acme/hello', 'checking')).toMatchObject({ signal: 'SIGKILL' });
    const host = await world.host({ fetcher: undefined });
    expect(await host.list()).toMatchObject(before === null ? [] : [{ version: before }]);
    expect(await host.verify()).toMatchObject(before === null ? [] : [{ ok: true }]);
    await expect(host.log()).resolves.toContainEqual(
      expect.objectContaining({ code: 'RECOVERED', plugin: 'acme/hello' }),
    );
    expect(leftovers(world)).toEqual([]);
    expect(existsSync(join(world.plugin(), 'before'))).toBe(false);
    expect(await install(world, 'acme/hello')).toMatchObject({ code: 0 });
    expect(await host.list()).toMatchObject([{ version: '1.1.0' }]);
  });
});

const committed = installSteps.indexOf('pointer');

describe('kill -9 after each write of an install', () => {
  for (const [index, step] of installSteps.entries())
    test.concurrent(`dies after: ${step}`, { timeout: 60_000 }, async () => {
      const world = await onDisk(true);
      expect(await install(world, 'acme/hello', step)).toMatchObject({ signal: 'SIGKILL' });
      const expected = index >= committed ? '1.1.0' : '1.0.0';

      const host = await world.host({ fetcher: undefined }); // the next command of any kind
      expect(await host.list()).toMatchObject([
        {
          version: expected,
        },
      ]);
      const [installed] = await host.list();
      expect(installed?.kept.toSorted()).toEqual(['1.0.0', '1.1.0'].slice(0, index >= committed ? 2 : 1));
      expect(await host.verify()).toMatchObject([{ ok: true, version: expected }]);
      expect(leftovers(world)).toEqual([]);
      expect(await host.install('acme/hello')).toMatchObject({
        version: '1.1.0',
        changed: index < committed,
      });
      expect(await host.rollback('acme/hello')).toMatchObject({ version: '1.0.0' });
    });

  test('of a first install', { timeout: 60_000 }, async () => {
    for (const step of ['first file', 'evidence', 'pointer'] as const) {
      const world = await onDisk(false);
      expect(await install(world, 'acme/hello', step)).toMatchObject({ signal: 'SIGKILL' });
      const host = await world.host({ fetcher: undefined });
      expect(await host.list()).toHaveLength(step === 'pointer' ? 1 : 0);
      expect(leftovers(world)).toEqual([]);
      expect(existsSync(world.plugin())).toBe(step === 'pointer');
      await host.install('acme/hello');
      expect(await host.verify()).toMatchObject([{ ok: true }]);
    }
  });
});

describe('a write that fails', () => {
  for (const [index, step] of installSteps.entries())
    test(`fails at: ${step}`, async () => {
      const world = await World.create();
      await (await world.host()).install('acme/hello');
      const before = world.installed();
      await world.publish('1.1.0');
      const full = await world.host({
        step: (name) => {
          if (name === step)
            throw Object.assign(new Error('ENOSPC: no space left'), {
              code: 'ENOSPC',
              errno: -28,
              syscall: 'write',
            });
        },
      });
      const code = await codeOf(full.install('acme/hello'));
      expect(['DISK_WRITE', 'ENOSPC']).toContain(code);
      const host = await world.host();
      expect(sameTree(world.installed(), before)).toBe(index <= committed);
      expect(await host.list()).toMatchObject([{ version: index > committed ? '1.1.0' : '1.0.0' }]);
      expect(await host.verify()).toMatchObject([{ ok: true }]);
      expect(leftovers(world)).toEqual([]);
      expect(await host.install('acme/hello')).toMatchObject({ version: '1.1.0' });
    });
});

test('four processes install the same plugin at once', { timeout: 60_000 }, async () => {
  const world = await onDisk(false);
  const specs = ['acme/hello', 'acme/hello@1.1.0', 'acme/hello', 'acme/hello@^1'];
  const results = await Promise.all(specs.map((spec) => install(world, spec)));
  expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(results.filter(({ out }) => out.includes('"changed":true'))).toHaveLength(1);
  const host = await world.host({ fetcher: undefined });
  expect(await host.list()).toMatchObject([{ version: '1.1.0', previous: null, kept: ['1.1.0'] }]);
  expect(await host.verify()).toMatchObject([{ ok: true }]);
  expect(leftovers(world)).toEqual([]);
});

test('two installs in one process take turns', async () => {
  const world = await World.create();
  const hosts = [await world.host(), await world.host()];
  const results = await Promise.all(hosts.map((host) => host.install('acme/hello')));
  expect(results.filter(({ changed }) => changed)).toHaveLength(1);
});

test.skipIf(process.platform === 'win32')(
  'files that may not be as large as they are: refused like a full disk, and nothing is left',
  { timeout: 120_000 },
  async () => {
    const world = await onDisk(false);
    for (const blocks of [0, 1, 2, 4]) {
      const { out, said } = await installWithin(world, blocks);
      expect(said).toBe('');
      if (out.includes('"files"')) continue; // that was enough
      expect(out).toMatch(/^\{"code":"(?:DISK_WRITE|LOCK)"\}$/m);
    }
    expect(await (await world.host({ fetcher: undefined })).install('acme/hello')).toMatchObject({
      version: '1.1.0',
    });
    expect(leftovers(world)).toEqual([]);
  },
);
