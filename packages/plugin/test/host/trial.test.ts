/** A version on trial: whatever happens meanwhile, what was in force before is again, and nothing is held against a version that nobody saw fail. */
import { nodeFileSystem } from '@ragnos/disk';
import { trustRepository } from '@ragnos/plugin';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { publishModule, vaultOf, worldWith } from '../load/plugins.ts';
import { codeOf, World } from './world.ts';

afterEach(() => void vi.restoreAllMocks());

/** 1.0.0 is installed, 1.1.0 published. */
async function installed(): Promise<World> {
  const world = await World.create();
  await (await world.host()).install('acme/hello');
  await world.publish('1.1.0');
  return world;
}

const inForce = async (world: World): Promise<unknown> =>
  (await (await world.host()).list()).map(({ version }) => version);
const remains = (world: World): readonly boolean[] =>
  [join(world.folder, 'journal'), world.plugin('before')].map((path) => existsSync(path));

test.each(['1.0.0', null])('one that fills the disk and fails does not stay: %s', async (before) => {
  const world = before === null ? await World.create() : await installed();
  const host = await world.host({
    healthCheck: () => {
      const full = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' });
      vi.spyOn(nodeFileSystem, 'create').mockRejectedValue(full);
      throw new Error('no room');
    },
  });
  expect(['HEALTH_CHECK', 'DISK_WRITE']).toContain(await codeOf(host.install('acme/hello')));
  vi.restoreAllMocks();
  expect(remains(world)).toEqual([false, false]);
  expect(await inForce(world)).toEqual(before === null ? [] : [before]);
});

test('where going back fails, whoever comes next goes back', async () => {
  const world = await installed();
  const current = world.plugin('current');
  const host = await world.host({
    healthCheck: () => {
      rmSync(current);
      mkdirSync(join(current, 'in the way'), { recursive: true });
      throw new Error('sick');
    },
  });
  expect(await codeOf(host.update())).toBe('DISK_WRITE');
  expect(remains(world)).toEqual([true, true]);
  rmSync(current, { recursive: true });
  expect(await inForce(world)).toEqual(['1.0.0']);
  expect(remains(world)).toEqual([false, false]);
  expect(await (await world.host()).verify()).toMatchObject([{ ok: true }]);
});

test('one that was interrupted is not remembered as sick', async () => {
  const world = await installed();
  const ending = new AbortController();
  const host = await world.host({
    startCheck: async () => {
      ending.abort(new Error('interrupted'));
      return Promise.reject(new Error('its process was ended'));
    },
  });
  const settings = { startFirst: true, signal: ending.signal };
  await expect(host.update('acme/hello', settings)).rejects.toThrow('interrupted');
  expect(await inForce(world)).toEqual(['1.0.0']);
  expect(await host.status()).toMatchObject({ plugins: [{ heldUpdate: null }] });
  expect(await (await world.host()).update()).toMatchObject([{ version: '1.1.0', changed: true }]);
});

test(
  'that of a dead process is not started by a host that was open before',
  { timeout: 60_000 },
  async () => {
    const world = await worldWith('export const hi = () => 1;');
    const vault = await vaultOf(world, { mode: 'process' });
    await publishModule(world, { 'index.js': 'export const hi = () => 2;' }, { version: '2.1.0' });
    await trustRepository({ ...world.trustOptions(), url: await world.onDisk(), fetcher: undefined });
    const program = ['--conditions=@ragnos/source', join(import.meta.dirname, 'installer.ts')];
    const given = [world.home, world.project, world.now.toISOString(), 'acme/hello', 'checking', 'all'];
    const child = spawn(process.execPath, [...program, ...given], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    expect(remains(world)).toEqual([true, true]);
    expect((await vault.load('acme/hello')).version).toBe('2.0.0');
    expect(remains(world)).toEqual([false, false]);
  },
);

test('what is left of one that passed takes no later version back', async () => {
  const world = await installed();
  const before = readFileSync(world.plugin('current'));
  await (await world.host()).update();
  writeFileSync(world.plugin('before'), before);
  const journal = { format: 'ragnos-journal/1', operation: 'repair', vendor: 'acme', plugin: 'hello' };
  writeFileSync(join(world.folder, 'journal'), JSON.stringify(journal));
  expect(await inForce(world)).toEqual(['1.1.0']);
  expect(remains(world)).toEqual([false, false]);
});

test('its beginning and its end are on the disk while its journal is', async () => {
  const world = await installed();
  const host = await world.host({ healthCheck: () => undefined });
  const synced: string[] = [];
  const sync = nodeFileSystem.syncFolder.bind(nodeFileSystem);
  vi.spyOn(nodeFileSystem, 'syncFolder').mockImplementation(async (folder) => {
    const name = folder === world.folder ? 'repository' : folder === world.plugin() ? 'plugin' : null;
    if (name !== null) synced.push([name, ...remains(world)].join(' '));
    await sync(folder);
  });
  expect(await host.update()).toMatchObject([{ version: '1.1.0' }]);
  expect(synced).toContain('repository true false');
  expect(synced.at(-1)).toBe('plugin true false');
});

test('what another plugin fails at in the same update does not end the trial of the first', async () => {
  const world = await installed();
  await world.publish('1.0.0', { plugin: 'other' });
  await (await world.host()).install('acme/other');
  await world.publish('1.1.0', { plugin: 'other' });
  const host = await world.host({
    healthCheck: ({ manifest }) => {
      if (manifest.plugin !== 'hello') return;
      rmSync(world.plugin('current'));
      mkdirSync(join(world.plugin('current'), 'in the way'), { recursive: true });
      throw new Error('sick');
    },
  });
  expect(await codeOf(host.update())).toBe('DISK_WRITE');
  expect(remains(world)).toEqual([true, true]);
  rmSync(world.plugin('current'), { recursive: true });
  expect(await inForce(world)).toEqual(['1.0.0', '1.0.0']);
  expect(await (await world.host()).update('acme/other')).toMatchObject([{ version: '1.1.0' }]);
});

test('one that lived at a second try is not held for the first', async () => {
  const world = await installed();
  const sick = await world.host({ healthCheck: () => Promise.reject(new Error('sick')) });
  expect(await codeOf(sick.update())).toBe('HEALTH_CHECK');
  const host = await world.host({ healthCheck: () => undefined });
  expect(await host.update()).toMatchObject([{ changed: false, held: { code: 'HEALTH_CHECK' } }]);
  await host.install('acme/hello@1.1.0');
  await host.rollback('acme/hello');
  expect(await host.update()).toMatchObject([{ version: '1.1.0', changed: true, held: null }]);
});
