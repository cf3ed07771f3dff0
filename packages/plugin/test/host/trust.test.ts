import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listTrusted, openHost, removeTrusted, trustRepository } from '@ragnos/plugin';
import { rootFingerprint } from '@ragnos/tuf';
import { RepositorySimulator } from '@ragnos/testkit';
import { codeOf, tempFolder, World } from './world.ts';

function setup() {
  const simulator = new RepositorySimulator();
  const options = {
    home: tempFolder(),
    alias: 'main',
    url: simulator.baseUrl,
    root: simulator.firstRoot,
    singleSigner: true,
    fetcher: simulator,
    now: () => simulator.now,
  };
  return { simulator, options };
}

test('a root is given as a file or by its fingerprint', async () => {
  const { simulator, options } = setup();
  const sha256 = rootFingerprint(simulator.firstRoot);
  expect(await trustRepository(options)).toMatchObject({
    alias: 'main',
    rootSha256: sha256,
    rootVersion: 1,
    plugins: 0,
  });
  expect(await trustRepository({ ...options, root: { fingerprint: sha256.toUpperCase() } })).toMatchObject({
    rootSha256: sha256,
  });
  expect(await listTrusted(options)).toHaveLength(1);
});

test('nothing is trusted on first use, and nothing is kept of a refusal', async () => {
  const { simulator, options } = setup();
  const other = new RepositorySimulator();
  const fingerprint = rootFingerprint(other.firstRoot);
  expect(await codeOf(trustRepository({ ...options, root: { fingerprint } }))).toBe('ROOT_PIN_MISMATCH');
  expect(await codeOf(trustRepository({ ...options, root: other.firstRoot }))).toBe('UNSIGNED');
  expect(await codeOf(trustRepository({ ...options, root: new Uint8Array(3) }))).toBe('MALFORMED');
  expect(await codeOf(trustRepository({ ...options, root: { fingerprint: 'abc' } }))).toBe('MALFORMED');
  expect(await codeOf(trustRepository({ ...options, alias: '../up' }))).toBe('BAD_SPEC');
  expect(await codeOf(trustRepository({ ...options, url: 'no url' }))).toBe('BAD_SPEC');
  expect(
    await codeOf(trustRepository({ ...options, url: 'http://plugins.example/', fetcher: undefined })),
  ).toBe('INSECURE_URL');
  expect(await listTrusted(options)).toEqual([]);
  expect(readdirSync(join(options.home, 'home-v1/repositories'))).toEqual([]);
  expect(await codeOf(openHost({ home: options.home }))).toBe('NO_REPOSITORY');
  expect(simulator.requests.length).toBeGreaterThan(0);
});

test('a root that one signature can replace needs consent, also when a later one becomes so', async () => {
  const { simulator, options } = setup();
  expect(await codeOf(trustRepository({ ...options, singleSigner: false }))).toBe('SINGLE_SIGNER_ROOT');
  simulator.rotate('root', 3, 2);
  const root = simulator.publishRoot();
  await trustRepository({ ...options, root, singleSigner: false });
  simulator.rotate('root', 3, 1);
  simulator.publishRoot();
  const host = await openHost({ home: options.home, fetcher: simulator, now: options.now });
  expect(await codeOf(host.search(''))).toBe('SINGLE_SIGNER_ROOT');
});

test('an alias means one root; two repositories need a choice', async () => {
  const { options } = setup();
  const other = setup();
  await trustRepository(options);
  const second = { ...other.options, home: options.home };
  expect(await codeOf(trustRepository(second))).toBe('ALIAS_TAKEN');
  await trustRepository({ ...second, alias: 'other' });
  expect((await listTrusted(options)).map(({ alias }) => alias)).toEqual(['main', 'other']);
  expect(await codeOf(openHost({ home: options.home }))).toBe('AMBIGUOUS_REPOSITORY');
  expect((await openHost({ home: options.home, alias: 'other' })).repository.alias).toBe('other');
});

test('trust is not taken away from under installed plugins, unless forced', async () => {
  const world = await World.create();
  await (await world.host()).install('acme/hello');
  expect(await listTrusted(world)).toMatchObject([{ plugins: 1 }]);
  expect(await codeOf(removeTrusted({ home: world.home, alias: 'main' }))).toBe('PLUGINS_INSTALLED');
  const { folder } = world;
  expect(await removeTrusted({ home: world.home, alias: 'main', force: true })).toMatchObject({
    alias: 'main',
  });
  expect(existsSync(folder)).toBe(false);
  expect(await codeOf(removeTrusted({ home: world.home, alias: 'main' }))).toBe('NO_REPOSITORY');
});

test('a root that changed on disk is noticed', async () => {
  const world = await World.create();
  const host = await world.host();
  await host.install('acme/hello');
  writeFileSync(join(world.folder, 'root.json'), new RepositorySimulator().firstRoot);
  expect(await codeOf(host.run('acme/hello', [], { stdio: 'pipe' }))).toBe('HOST_STATE');
  expect(await codeOf(host.update())).toBe('HOST_STATE');
});

test('events are bounded, never throw, and survive torn lines', async () => {
  const world = await World.create();
  const { defaultHostLimits } = await import('@ragnos/plugin');
  const host = await world.host({ limits: { ...defaultHostLimits, logMaxLength: 2000 } });
  for (let i = 0; i < 30; i++) await codeOf(host.rollback('acme/hello'));
  expect(readdirSync(world.folder).filter((name) => name.startsWith('events'))).toEqual([
    'events.1.jsonl',
    'events.jsonl',
  ]);
  writeFileSync(
    join(world.folder, 'events.jsonl'),
    '{"time":"2026-01-01T00:00:00Z","code":"X","what":"y"}\n{"torn',
    { flag: 'a' },
  );
  expect((await host.log({ last: 1 }))[0]).toMatchObject({ code: 'X', plugin: null });
  expect(await host.log({ last: 0 })).toEqual([]);
  expect((await host.log()).filter(({ code }) => code === 'NOT_INSTALLED').length).toBeGreaterThan(5);
});
