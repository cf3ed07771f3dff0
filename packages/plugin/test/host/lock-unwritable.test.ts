/** A project whose `ragv.lock` cannot be written: what was in force stays, the error says so, and a retry does all of it. */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFileSystem } from '@ragnos/disk';
import type { HostOptions } from '@ragnos/plugin';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { tempFolder, World } from './world.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** A project folder in which nothing can be written, for whoever runs the tests; `mend` gives it back. */
function breakProject(world: World): () => void {
  const away = `${world.project}.away`;
  renameSync(world.project, away);
  return () => renameSync(away, world.project);
}

function locked(world: World): string | undefined {
  const text = readFileSync(join(world.project, 'ragv.lock'), 'utf8');
  return /"acme\/hello": \{\s*"version": "([^"]+)"/.exec(text)?.[1];
}

async function inForce(world: World): Promise<string | undefined> {
  return (await (await world.host()).list())[0]?.version;
}

async function two(): Promise<World> {
  const world = await World.create();
  await (await world.host()).install('acme/hello');
  await world.publish('1.1.0');
  return world;
}

describe.each([
  ['without a trial', {}],
  ['in a trial', { healthCheck: () => undefined }],
])('%s', (_, options) => {
  test('an update', async () => {
    const world = await two();
    const host = await world.host(options);
    const mend = breakProject(world);
    await expect(host.install('acme/hello')).rejects.toMatchObject({
      code: 'DISK_WRITE',
      message: expect.stringMatching(/ragv\.lock.*; 1\.0\.0 stays in force$/) as unknown,
      hint: 'the folder is missing',
    });
    mend();
    expect([await inForce(world), locked(world)]).toEqual(['1.0.0', '1.0.0']);
    expect(await host.install('acme/hello')).toMatchObject({ version: '1.1.0', changed: true });
    expect([await inForce(world), locked(world)]).toEqual(['1.1.0', '1.1.0']);
  });

  test('a first installation', async () => {
    const world = await World.create();
    const host = await world.host(options);
    const mend = breakProject(world);
    await expect(host.install('acme/hello')).rejects.toMatchObject({
      message: expect.stringMatching(/; nothing was installed$/) as unknown,
    });
    mend();
    expect(await inForce(world)).toBeUndefined();
    expect(await host.install('acme/hello')).toMatchObject({ changed: true });
    expect(locked(world)).toBe('1.0.0');
  });

  test('a rollback', async () => {
    const world = await two();
    const host = await world.host(options);
    await host.install('acme/hello');
    const mend = breakProject(world);
    await expect(host.rollback('acme/hello')).rejects.toMatchObject({
      message: expect.stringMatching(/; 1\.1\.0 stays in force$/) as unknown,
    });
    mend();
    expect([await inForce(world), locked(world)]).toEqual(['1.1.0', '1.1.0']);
    expect(await host.rollback('acme/hello')).toMatchObject({ version: '1.0.0' });
    expect([await inForce(world), locked(world)]).toEqual(['1.0.0', '1.0.0']);
  });
});

test('an uninstallation', async () => {
  const world = await two();
  const host = await world.host();
  const [file, away] = [join(world.project, 'ragv.lock'), join(world.project, 'away')];
  renameSync(file, away);
  mkdirSync(file);
  await expect(host.uninstall('acme/hello')).rejects.toMatchObject({ code: 'DISK_READ' });
  rmSync(file, { recursive: true });
  renameSync(away, file);
  expect([await inForce(world), locked(world)]).toEqual(['1.0.0', '1.0.0']);
  expect(await host.uninstall('acme/hello')).toMatchObject({ version: '1.0.0' });
  expect([await inForce(world), locked(world)]).toEqual([undefined, undefined]);
});

test('what cannot be taken back is said to be in force, and a retry does the rest', async () => {
  const world = await two();
  const full = Object.assign(new Error('full'), { code: 'ENOSPC' });
  const step: HostOptions['step'] = (name) => {
    if (name === 'pointer') vi.spyOn(nodeFileSystem, 'create').mockRejectedValue(full);
  };
  const failing = (await world.host({ step })).install('acme/hello');
  await expect(failing).rejects.toMatchObject({
    code: 'DISK_WRITE',
    message: expect.stringMatching(
      /^acme\/hello@1\.1\.0 is in force and cannot be taken back: cannot write .*ragv\.lock: ENOSPC$/,
    ) as unknown,
    hint: 'once there is room, ragv install acme/hello@1.1.0 does the rest',
  });
  vi.restoreAllMocks();
  expect([await inForce(world), locked(world)]).toEqual(['1.1.0', '1.0.0']);
  await (await world.host()).install('acme/hello@1.1.0');
  expect(locked(world)).toBe('1.1.0');
});

test.each([
  [['empty.txt'], '1 file is not as signed'],
  [['empty.txt', 'bin.js'], '2 files are not as signed'],
])('a rollback to what was changed says how much was: %s', async (changed, words) => {
  const world = await two();
  const [{ folder } = { folder: '' }] = await (await world.host()).list();
  await (await world.host()).install('acme/hello');
  for (const path of changed) writeFileSync(join(folder, path), 'changed');
  await expect((await world.host()).rollback('acme/hello')).rejects.toMatchObject({
    code: 'TREE_CHANGED',
    message: `acme/hello@1.0.0: ${words}`,
  });
});

describe('a rollback where a rule has what is installed started first', () => {
  const rule = { format: 'ragnos-organisation-policy/1', rules: [{ for: '*', healthCheck: 'start' }] };

  async function left(): Promise<World> {
    const world = await two();
    await (await world.host()).install('acme/hello');
    return world;
  }

  test('to what does not live: what was to be left stays in force', async () => {
    const world = await left();
    const startCheck = async (): Promise<void> => Promise.reject(new Error('no luck'));
    const host = await world.host({ policy: rule, startCheck });
    await expect(host.rollback('acme/hello')).rejects.toMatchObject({
      code: 'HEALTH_CHECK',
      message: expect.stringMatching(/^acme\/hello@1\.0\.0: .*no luck$/) as unknown,
      hint: '1.1.0 is in force again',
    });
    expect([await inForce(world), locked(world)]).toEqual(['1.1.0', '1.1.0']);
    expect(existsSync(join(world.folder, 'journal'))).toBe(false);
    expect(await (await world.host({ startCheck })).rollback('acme/hello')).toMatchObject({
      version: '1.0.0',
    });
  });

  test('to what lives: once, and it stays', async () => {
    const world = await left();
    const started: string[] = [];
    const startCheck: HostOptions['startCheck'] = async ({ manifest }) => {
      started.push(manifest.version);
      return Promise.resolve();
    };
    const host = await world.host({ policy: rule, startCheck });
    expect(await host.rollback('acme/hello', { dryRun: true })).toMatchObject({ dryRun: true });
    expect(started).toEqual([]);
    expect(await host.rollback('acme/hello')).toMatchObject({ version: '1.0.0' });
    expect([started, await inForce(world), locked(world)]).toEqual([['1.0.0'], '1.0.0', '1.0.0']);
    expect(existsSync(world.plugin('before'))).toBe(false);
  });

  test('its trial ends with whoever died in it: the next host goes back', async () => {
    const world = await left();
    const copies: string[] = [];
    const host = await world.host({
      policy: rule,
      startCheck: async () => {
        const died = join(tempFolder(), 'died');
        cpSync(world.folder, died, { recursive: true });
        rmSync(join(died, 'lock'), { recursive: true, force: true });
        copies.push(died);
        return Promise.resolve();
      },
    });
    await host.rollback('acme/hello');
    const { folder } = world;
    rmSync(folder, { recursive: true });
    cpSync(copies[0] ?? '', folder, { recursive: true });
    expect(await inForce(world)).toBe('1.1.0');
    const log = await (await world.host()).log();
    expect(log.map(({ what }) => what)).toContain(
      'rollback of acme/hello had been interrupted; its remains were removed',
    );
  });
});
