/** One plugin's pointer is damaged: that is said of it, with the hint that mends it, and the others go on. */
import { lstatSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codeOf, tempFolder, treeOf, World } from './world.ts';

type Damage = (world: World) => void;

const damages: Readonly<Record<string, readonly [code: string, damage: Damage]>> = {
  'no JSON': ['HOST_STATE', (world) => writeFileSync(world.plugin('current'), 'x')],
  'a version that is none': [
    'HOST_STATE',
    (world) => {
      const file = world.plugin('current');
      writeFileSync(file, readFileSync(file, 'utf8').replace('"1.0.0"', '"one"'));
    },
  ],
  'that of another plugin': [
    'HOST_STATE',
    (world) => {
      const other = readFileSync(join(world.folder, 'plugins', 'acme', 'other', 'current'));
      writeFileSync(world.plugin('current'), other);
    },
  ],
  'in a folder that is a link': [
    'PATH_OBSTRUCTED',
    (world) => {
      const away = join(tempFolder(), 'hello');
      renameSync(world.plugin(), away);
      symlinkSync(away, world.plugin());
    },
  ],
};

async function two(): Promise<World> {
  const world = await World.create();
  await world.publish('1.0.0', { plugin: 'other' });
  const host = await world.host();
  for (const name of ['acme/hello', 'acme/other']) await host.install(name);
  return world;
}

for (const [name, [code, damage]] of Object.entries(damages))
  test(`a pointer is damaged: ${name}`, async () => {
    const world = await two();
    damage(world);
    await world.publish('1.1.0', { plugin: 'other' });
    const host = await world.host();
    const said = { vendor: 'acme', plugin: 'hello', code };
    expect(await host.list()).toMatchObject([{ plugin: 'other', version: '1.0.0' }]);
    expect(await host.damaged()).toMatchObject([said]);
    expect(await host.status()).toMatchObject({
      plugins: [{ plugin: 'other', newer: '1.1.0' }],
      damaged: [said],
    });
    expect(await host.verify()).toMatchObject([
      { plugin: 'hello', version: null, ok: false, chain: { code }, findings: [] },
      { plugin: 'other', version: '1.0.0', ok: true },
    ]);
    expect(await host.search('hello')).toMatchObject([{ plugin: 'hello', installed: null }, {}]);
    world.events.splice(0);
    expect(await codeOf(host.update())).toBe(code);
    expect(world.events.filter((event) => event.code === code)).toHaveLength(1);
    expect(await host.list()).toMatchObject([{ plugin: 'other', version: '1.1.0' }]);
    expect(await codeOf(host.verify('acme/hello'))).toBe(code);
  });

test('its hint mends it', async () => {
  const world = await two();
  writeFileSync(world.plugin('current'), '{}');
  const host = await world.host();
  const file = world.plugin('current');
  const hint = `remove ${file}, and install the plugin again`;
  expect(await host.damaged()).toMatchObject([{ hint }]);
  expect((await host.verify())[0]?.chain).toMatchObject({ hint });
  rmSync(file);
  expect(await host.install('acme/hello')).toMatchObject({ version: '1.0.0', changed: true });
  expect(await host.damaged()).toEqual([]);
  expect(await host.verify()).toMatchObject([{ ok: true }, { ok: true }]);
});

test('what another fails at in the same update is an event of its own', async () => {
  const world = await two();
  writeFileSync(world.plugin('current'), '{}');
  await world.publish('1.1.0', { plugin: 'other' });
  const host = await world.host({ healthCheck: () => Promise.reject(new Error('sick')) });
  world.events.splice(0);
  expect(await codeOf(host.update())).toBe('HOST_STATE');
  expect(world.events.map((event) => event.code).toSorted()).toEqual(['HEALTH_CHECK', 'HOST_STATE']);
});

test('where another version is installed while one is repaired, that one is not said to be', async () => {
  const world = await two();
  const [{ folder } = { folder: '' }] = await (await world.host()).list();
  writeFileSync(join(folder, 'empty.txt'), 'changed');
  const host = await world.host({
    onEvent: ({ code }) => (code === 'TREE_CHANGED' ? installNow(world) : undefined),
  });
  expect(await host.verify('acme/hello', { repair: true })).toMatchObject([
    { version: '1.0.0', ok: false, repaired: false },
  ]);
});

test('what the policy says of a plugin is said where nothing vouches for what is installed', async () => {
  const world = await two();
  for (const path of treeOf(world.plugin('evidence')).keys())
    if (lstatSync(world.plugin('evidence', path)).isFile())
      writeFileSync(world.plugin('evidence', path), '{}');
  const host = await world.host();
  expect(await host.verify('acme/hello')).toMatchObject([{ ok: false }]);
  expect(await host.explainPolicy('acme/hello')).toMatchObject({ installed: '1.0.0', withheld: null });
});

/** As another process would meanwhile: the pointer is another one. */
function installNow(world: World): void {
  const file = world.plugin('current');
  const text = readFileSync(file, 'utf8')
    .replace('"1.0.0"', '"9.9.9"')
    .replace(/"treeHash": "[0-9a-f]{64}"/, `"treeHash": "${'a'.repeat(64)}"`);
  writeFileSync(file, text);
}
