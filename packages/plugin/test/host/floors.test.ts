/** Decision 10: `ragv.lock` carries the versions of root, snapshot and roles as floors, for hosts that know nothing yet. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { trustRepository, type Host } from '@ragnos/plugin';
import { expect, test } from 'vitest';
import { codeOf, tempFolder, World } from './world.ts';

const roles = ['root', 'snapshot', 'targets', 'vendor.acme', 'catalog', 'policy'] as const;

/** A home that has never seen the repository, in the same project. */
async function newHost(world: World): Promise<Host> {
  const home = tempFolder();
  await trustRepository({ ...world.trustOptions(), home });
  return world.host({ home });
}

test('what is installed raises the floor of every role that vouched for it; nothing lowers one', async () => {
  const world = await World.create();
  world.catalog((catalog) => catalog);
  world.revoke();
  const host = await world.host();
  await host.install('acme/hello');
  const floors = (): Readonly<Record<string, number>> => lockOf(world).repositories.main.floors;
  const first = floors();
  expect(Object.keys(first)).toEqual([...roles].toSorted());
  expect(first).toMatchObject({ root: 1, 'vendor.acme': 2 });
  await world.publish('1.1.0');
  await host.update();
  expect(floors()['vendor.acme']).toBe(3);
  await host.rollback('acme/hello');
  expect(floors()['vendor.acme']).toBe(3);
  await host.uninstall('acme/hello');
  expect(floors()['vendor.acme']).toBe(3);
});

for (const role of roles)
  test(`a repository whose ${role} is older than the lock says is refused by a host that knows nothing`, async () => {
    const world = await World.create();
    world.catalog((catalog) => catalog);
    world.revoke();
    await (await world.host()).install('acme/hello');
    const lock = lockOf(world);
    const { main } = lock.repositories;
    const floor = main.floors[role] ?? 0;
    const withFloor = (version: number): void =>
      writeFileSync(
        join(world.project, 'ragv.lock'),
        JSON.stringify({ ...lock, repositories: { main: { ...main, floors: { [role]: version } } } }),
      );
    withFloor(floor + 1);
    expect(await codeOf((await newHost(world)).install('acme/hello'))).toBe('BELOW_FLOOR');
    withFloor(floor);
    expect(await (await newHost(world)).install('acme/hello')).toMatchObject({ changed: true });
  });

test('versions that start anew under another snapshot key, after a thief sent them ahead, are no rollback', async () => {
  const world = await World.create();
  const { simulator } = world;
  simulator.snapshot.version = simulator.timestamp.version = 1_000_000;
  simulator.role('vendor.acme').version = 1_000_000;
  simulator.publish('vendor.acme');
  const host = await world.host();
  await host.install('acme/hello');
  simulator.role('vendor.acme').version = 5;
  simulator.snapshot.version = simulator.timestamp.version = 7;
  simulator.publishSnapshot();
  expect(await codeOf((await newHost(world)).install('acme/hello'))).toBe('BELOW_FLOOR');
  simulator.rotate('snapshot');
  simulator.rotate('timestamp');
  simulator.publishRoot();
  simulator.publishSnapshot();
  expect(await (await newHost(world)).install('acme/hello')).toMatchObject({ changed: true });
  expect(lockOf(world).repositories.main.floors).toMatchObject({ root: 2, snapshot: 9, 'vendor.acme': 5 });
  expect(await host.update()).toMatchObject([{ changed: false }]);
  const floors = lockOf(world).repositories.main;
  // Without a change of keys the new floors hold as the old ones did.
  simulator.snapshot.version = simulator.timestamp.version = 2;
  simulator.publishSnapshot();
  expect(await codeOf((await newHost(world)).install('acme/hello'))).toBe('BELOW_FLOOR');
  expect(lockOf(world).repositories.main).toEqual(floors);
});

test('floors stay while enough of the snapshot’s keys stay, and that of root always', async () => {
  const world = await World.create();
  const { simulator } = world;
  simulator.rotate('snapshot', 3, 2);
  simulator.publishRoot();
  simulator.snapshot.version = simulator.timestamp.version = 100;
  simulator.publishSnapshot();
  await (await world.host()).install('acme/hello');
  const [kept, also] = simulator.signers.get('snapshot') ?? [];
  if (kept === undefined || also === undefined) throw new Error('no keys');
  simulator.rotate('snapshot', 1);
  const role = simulator.root.roles.get('snapshot');
  const [added] = simulator.signers.get('snapshot') ?? [];
  if (role === undefined || added === undefined) throw new Error('no role');
  for (const { key } of [kept, also]) simulator.root.keys.set(key.keyId, key);
  const three = [kept, also, added];
  const keyIds = three.map(({ key }) => key.keyId);
  simulator.root.roles.set('snapshot', { ...role, keyIds, threshold: 2 });
  simulator.signers.set('snapshot', three);
  simulator.publishRoot();
  simulator.snapshot.version = simulator.timestamp.version = 10;
  simulator.publishSnapshot();
  expect(await codeOf((await newHost(world)).install('acme/hello'))).toBe('BELOW_FLOOR');
  const lock = lockOf(world);
  const { main } = lock.repositories;
  const other = { ...main, floors: { root: 4, snapshot: 1000 }, snapshotKeys: [kept.key.keyId, 'gone'] };
  writeFileSync(join(world.project, 'ragv.lock'), JSON.stringify({ ...lock, repositories: { main: other } }));
  expect(await codeOf((await newHost(world)).install('acme/hello'))).toBe('BELOW_FLOOR');
  other.floors.root = 3;
  writeFileSync(join(world.project, 'ragv.lock'), JSON.stringify({ ...lock, repositories: { main: other } }));
  expect(await (await newHost(world)).install('acme/hello')).toMatchObject({ changed: true });
});

interface Lock {
  readonly repositories: {
    readonly main: { readonly floors: Readonly<Record<string, number>>; readonly plugins: unknown };
  };
}

function isLock(json: unknown): json is Lock {
  return typeof json === 'object' && json !== null && 'repositories' in json;
}

function lockOf(world: World): Lock {
  const json: unknown = JSON.parse(readFileSync(join(world.project, 'ragv.lock'), 'utf8'));
  if (!isLock(json)) throw new Error('no lock');
  return json;
}
