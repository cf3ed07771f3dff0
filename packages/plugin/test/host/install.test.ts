import { existsSync, lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultHostLimits } from '@ragnos/plugin';
import { codeOf, treeOf, World } from './world.ts';

test('a plugin is installed, listed, updated, rolled back, run and uninstalled', async () => {
  const world = await World.create();
  const host = await world.host();
  const first = await host.install('acme/hello');
  expect(first).toMatchObject({ version: '1.0.0', previous: null, changed: true, files: 5, dryRun: false });
  expect(first.notes).toEqual(['lifecycle scripts were not run: postinstall']);
  expect(await host.list()).toMatchObject([
    { vendor: 'acme', plugin: 'hello', version: '1.0.0', kept: ['1.0.0'] },
  ]);

  await world.publish('1.1.0');
  expect(await host.status()).toMatchObject({
    stale: null,
    plugins: [{ newer: '1.1.0', yanked: null, revoked: null }],
  });
  expect(await host.update()).toMatchObject([{ version: '1.1.0', previous: '1.0.0', changed: true }]);
  expect(await host.update()).toMatchObject([{ version: '1.1.0', changed: false }]);
  expect(await host.verify()).toMatchObject([{ ok: true, findings: [], files: 5 }]);

  const ran = await host.run('acme/hello', ['a', '--b'], { stdio: 'pipe' });
  expect(ran).toMatchObject({ exitCode: 0, signal: null, stderr: '' });
  expect(JSON.parse(ran.stdout)).toMatchObject({ version: '1.1.0', args: ['a', '--b'] });

  expect(await host.rollback('acme/hello')).toMatchObject({ version: '1.0.0', previous: '1.1.0' });
  expect(JSON.parse((await host.run('acme/hello', [], { stdio: 'pipe' })).stdout)).toMatchObject({
    version: '1.0.0',
  });
  expect(await host.rollback('acme/hello')).toMatchObject({ version: '1.1.0' });

  expect(await host.uninstall('acme/hello', { dryRun: true })).toMatchObject({ version: '1.1.0' });
  expect(await host.list()).toHaveLength(1);
  await host.uninstall('acme/hello');
  expect(await host.list()).toEqual([]);
  expect([...world.installed().keys()]).toEqual(['plugins', 'content'].slice(0, 0));
  expect(world.events.map(({ code }) => code)).toEqual([
    'TRUSTED',
    'INSTALLED',
    'UPDATED',
    'ROLLED_BACK',
    'ROLLED_BACK',
    'UNINSTALLED',
  ]);
  expect((await host.log()).map(({ code }) => code)).toEqual(world.events.map(({ code }) => code));
});

test('the installed tree is immutable, and its modes are the signed ones whatever the umask', async () => {
  const world = await World.create();
  const old = process.umask(0o077);
  try {
    const host = await world.host();
    await host.install('acme/hello');
    const folder = (await host.list())[0]?.folder ?? '';
    expect(statSync(join(folder, 'bin.js')).mode & 0o777).toBe(0o500);
    expect(statSync(join(folder, 'lib/index.js')).mode & 0o777).toBe(0o400);
    expect(await host.verify()).toMatchObject([{ ok: true }]);
  } finally {
    process.umask(old);
  }
});

test('versions are chosen by version, range, channel and prerelease', async () => {
  const world = await World.create();
  for (const version of ['1.2.0', '2.0.0', '3.0.0-beta.1']) await world.publish(version);
  const host = await world.host();
  const pick = async (spec: string, prerelease = false) =>
    (await host.install(spec, { dryRun: true, prerelease })).version;
  expect(await pick('acme/hello@^1')).toBe('1.2.0');
  expect(await pick('acme/hello@1.0.0')).toBe('1.0.0');
  expect(await pick('acme/hello')).toBe('2.0.0');
  expect(await pick('main:acme/hello@latest')).toBe('2.0.0');
  expect(await pick('acme/hello', true)).toBe('3.0.0-beta.1');
  expect(await pick('acme/hello@3.0.0-beta.1')).toBe('3.0.0-beta.1');
  expect(await codeOf(host.install('acme/hello@^9'))).toBe('NO_SUCH_VERSION');
  expect(await codeOf(host.install('acme/hello@garbage'))).toBe('NO_SUCH_VERSION');
  expect(await codeOf(host.install('acme/absent'))).toBe('NO_SUCH_PLUGIN');
  expect(await codeOf(host.install('../hello'))).toBe('BAD_NAME');
  expect(await codeOf(host.install('other:acme/hello'))).toBe('NO_REPOSITORY');
});

test('update stays in the range that was installed by; another one moves it', async () => {
  const world = await World.create();
  const host = await world.host();
  await host.install('acme/hello@^1');
  await world.publish('1.5.0');
  await world.publish('2.0.0');
  expect(await host.update('acme/hello')).toMatchObject([{ version: '1.5.0' }]);
  expect(await host.update('acme/hello@^2')).toMatchObject([{ version: '2.0.0' }]);
  expect(await codeOf(host.update('acme/absent'))).toBe('NOT_INSTALLED');
});

test('a lower version needs to be named', async () => {
  const world = await World.create();
  await world.publish('2.0.0');
  const host = await world.host();
  await host.install('acme/hello');
  expect(await codeOf(host.install('acme/hello@^1'))).toBe('DOWNGRADE');
  expect(await host.list()).toMatchObject([{ version: '2.0.0' }]);
  expect(await host.install('acme/hello@1.0.0')).toMatchObject({ version: '1.0.0', previous: '2.0.0' });
});

test('a dry run leaves nothing', async () => {
  const world = await World.create();
  const host = await world.host();
  expect(await host.install('acme/hello', { dryRun: true })).toMatchObject({
    dryRun: true,
    version: '1.0.0',
    files: 5,
  });
  expect([...world.installed().values()].filter((kind) => kind !== 'folder')).toEqual([]);
  await host.install('acme/hello');
  const before = world.installed();
  await world.publish('1.1.0');
  await host.install('acme/hello', { dryRun: true });
  expect(world.installed()).toEqual(before);
  expect(existsSync(join(world.folder, 'journal'))).toBe(false);
});

test('the last three versions are kept, and current and previous always', async () => {
  const world = await World.create();
  const host = await world.host({ limits: { ...defaultHostLimits, keepVersions: 3 } });
  for (const version of ['1.0.0', '1.1.0', '1.2.0', '1.3.0']) {
    if (version !== '1.0.0') await world.publish(version);
    world.now = new Date(world.now.getTime() + 1000);
    await host.install('acme/hello');
  }
  expect(await host.list()).toMatchObject([{ version: '1.3.0', kept: ['1.3.0', '1.2.0', '1.1.0'] }]);
  expect(readdirSync(world.plugin('versions'))).toHaveLength(3);
  expect(readdirSync(join(world.folder, 'content'))).toHaveLength(3);
  await host.install('acme/hello@1.1.0');
  expect(await host.list()).toMatchObject([{ version: '1.1.0', previous: '1.3.0' }]);
  expect(readdirSync(world.plugin('versions'))).toHaveLength(3);
});

test('ragv.lock carries floors, keyids and digests, and says no to an older repository', async () => {
  const world = await World.create();
  const early = world.simulator.files();
  await world.publish('1.1.0');
  const host = await world.host();
  await host.install('acme/hello');
  const lock: unknown = JSON.parse(readFileSync(join(world.project, 'ragv.lock'), 'utf8'));
  expect(lock).toMatchObject({
    format: 'ragnos-lock/1',
    repositories: {
      main: {
        floors: { root: 1, 'vendor.acme': 3 },
        plugins: { 'acme/hello': { version: '1.1.0', keyIds: [expect.any(String)] } },
      },
    },
  });
  const elsewhere = await World.create(); // a home that knows nothing, in the same project
  const other = await world.host({ home: elsewhere.home, fetcher: elsewhere.simulator });
  expect(await codeOf(other.install('acme/hello'))).toBe('IDENTITY_MISMATCH');
  writeFileSync(
    join(world.project, 'ragv.lock'),
    readFileSync(join(world.project, 'ragv.lock'), 'utf8').replace(/"repositoryId": "\w+",/, ''),
  );
  expect(await codeOf(other.install('acme/hello'))).toBe('BELOW_FLOOR'); // it does not know which one it was
  world.simulator.serve(early);
  expect(await codeOf(host.install('acme/hello'))).toBe('BAD_VERSION');
});

test('a failing health check puts the version before back', async () => {
  const world = await World.create();
  await (await world.host()).install('acme/hello');
  const before = world.installed();
  await world.publish('1.1.0');
  const host = await world.host({
    healthCheck: ({ manifest }) => {
      if (manifest.version === '1.1.0') throw new Error('does not answer');
    },
  });
  expect(await codeOf(host.update())).toBe('HEALTH_CHECK');
  expect(world.installed()).toEqual(before);
  expect(await host.list()).toMatchObject([{ version: '1.0.0', previous: null, kept: ['1.0.0'] }]);
  const fresh = await World.create();
  const sick = await fresh.host({ healthCheck: () => Promise.reject(new Error('never')) });
  expect(await codeOf(sick.install('acme/hello'))).toBe('HEALTH_CHECK');
  expect(await sick.list()).toEqual([]);
});

test('what a rollback does not do is refused, and not left out', async () => {
  const world = await World.create();
  const host = await world.host();
  await host.install('acme/hello');
  await world.publish('1.1.0');
  await host.update();
  const options: object = { startFirst: true };
  expect(await codeOf(host.rollback('acme/hello', options))).toBe('BAD_SPEC');
  expect(await host.list()).toMatchObject([{ version: '1.1.0' }]);
});

test('a plugin that was whole is installed anew when its files or its evidence are not', async () => {
  const world = await World.create();
  const host = await world.host();
  await host.install('acme/hello');
  const { rmSync } = await import('node:fs');
  const whole = treeOf(world.plugin('versions'));
  rmSync(world.plugin('versions'), { recursive: true });
  expect(await host.install('acme/hello')).toMatchObject({ changed: true, previous: '1.0.0', downloaded: 0 });
  expect(treeOf(world.plugin('versions'))).toEqual(whole);
  rmSync(world.plugin('evidence'), { recursive: true });
  expect(await host.verify()).toMatchObject([{ ok: false, chain: { code: 'EVIDENCE_INVALID' } }]);
  expect(await host.install('acme/hello')).toMatchObject({ changed: true });
  expect(await host.verify()).toMatchObject([{ ok: true }]);
  expect(await host.list()).toMatchObject([{ previous: null }]);
});

test('an abort leaves the old state', async () => {
  const world = await World.create();
  const stop = new AbortController();
  const host = await world.host({ step: (name) => name === 'first file' && stop.abort() });
  await expect(host.install('acme/hello', { signal: stop.signal })).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect(await host.list()).toEqual([]);
  expect([...world.installed().values()].filter((kind) => kind !== 'folder')).toEqual([]);
});

test('offline: what is kept can be installed again, nothing else', async () => {
  const world = await World.create();
  const host = await world.host();
  await host.install('acme/hello');
  await world.publish('1.1.0');
  const offline = await world.host({ offline: true });
  expect(await offline.install('acme/hello')).toMatchObject({ version: '1.0.0', changed: false });
  expect(await offline.status()).toMatchObject({ stale: null, plugins: [{ newer: null }] });
  // The repository went on, and this host has heard of it without asking for the index again.
  await host.search('hello');
  expect(await offline.info('acme/hello')).toMatchObject({ versions: [{ version: '1.0.0' }] });
  expect(await offline.update('acme/hello')).toMatchObject([{ version: '1.0.0', changed: false }]);
  await host.status();
  expect(await offline.status()).toMatchObject({ plugins: [{ newer: '1.1.0', newest: '1.1.0' }] });
  world.now = new Date(world.now.getTime() + 100 * 24 * 3600 * 1000);
  expect(await codeOf(offline.install('acme/hello'))).toBe('EXPIRED');
  expect(await offline.verify()).toMatchObject([{ ok: true }]); // what is installed does not rot
});

test('info and search', async () => {
  const world = await World.create();
  await world.publish('2.0.0');
  await world.publish('1.0.0', { plugin: 'other' });
  world.yank('1.0.0');
  const host = await world.host();
  await host.install('acme/hello');
  expect(await host.info('acme/hello')).toMatchObject({
    versions: [
      { version: '2.0.0', installed: true, yanked: null },
      { version: '1.0.0', yanked: { reason: 'broken' } },
    ],
  });
  expect((await host.search('hello')).map(({ plugin }) => plugin)).toEqual(['hello', 'other']);
  expect(await host.search('hello acme')).toMatchObject([
    { installed: '2.0.0', latest: '2.0.0' },
    { plugin: 'other' },
  ]);
  expect(await host.search('nothing of the kind')).toEqual([]);
});

test('everything on the host is 0700', async () => {
  const world = await World.create();
  await (await world.host()).install('acme/hello');
  expect(lstatSync(join(world.home, 'home-v1')).mode & 0o777).toBe(0o700);
  expect(lstatSync(world.folder).mode & 0o777).toBe(0o700);
});
