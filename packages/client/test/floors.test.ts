// Floors: what a caller remembers (a lockfile) makes a new host as safe against rollback as an old one.
import { BelowFloorError } from '@ragnos/client';
import { RepositoryError } from '@ragnos/tuf';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { codeOf, hours, Scene, temporary } from './setup.ts';

/** A repository with a delegated role whose every version is 2 or more, and its older state, all properly signed. */
function repository() {
  const scene = new Scene();
  scene.sim.delegate({ name: 'vendor' });
  scene.sim.addTarget('x', '1', 'vendor');
  scene.sim.publish('targets', 'vendor');
  const old = scene.sim.files();
  scene.sim.publishRoot();
  scene.sim.publish('targets', 'vendor');
  const now = new Map([
    ['root', 2],
    ['timestamp', scene.sim.timestamp.version],
    ['snapshot', scene.sim.snapshot.version],
    ['targets', scene.sim.targets.version],
    ['vendor', scene.sim.role('vendor').version],
  ]);
  return { scene, old, now };
}

const fresh = () => join(temporary(), 'metadata');

describe.each(['root', 'timestamp', 'snapshot', 'targets', 'vendor'])('%s', (role) => {
  test('at its floor, and above it: accepted', async () => {
    const { scene, now } = repository();
    const version = now.get(role) ?? 0;
    for (const floor of [version, version - 1, 1])
      await expect(
        scene.refreshed({ dir: fresh(), floors: new Map([[role, floor]]) }),
      ).resolves.toBeDefined();
  });

  test('one below its floor: refused, with the floor and the version, as the rollback that it is', async () => {
    const { scene, now } = repository();
    const version = now.get(role) ?? 0;
    const refresh = scene.refreshed({ dir: fresh(), floors: new Map([[role, version + 1]]) });
    await expect(refresh).rejects.toThrow(
      `${role} has version ${version}, and version ${version + 1} was seen before`,
    );
    await expect(refresh).rejects.toBeInstanceOf(BelowFloorError);
    await expect(refresh).rejects.toBeInstanceOf(RepositoryError);
  });

  test('a replay of the older state to a host that knows nothing: refused', async () => {
    const { scene, old, now } = repository();
    scene.sim.serve(old);
    const floors = new Map([[role, now.get(role) ?? 0]]);
    expect(await codeOf(scene.refreshed({ dir: fresh(), floors }))).toBe('BELOW_FLOOR');
    expect(await codeOf(scene.refreshed({ dir: fresh() }))).toBe('none'); // who has no memory cannot know
  });
});

test('what is refused is not trusted, and is no refresh', async () => {
  const { scene, old, now } = repository();
  scene.sim.serve(old);
  const updater = await scene.open({ floors: now });
  expect(await codeOf(updater.refresh())).toBe('BELOW_FLOOR');
  expect(updater.trusted.timestamp).toBeNull();
  expect(updater.knowledge().lastRefresh).toBeNull();
  await expect(readFile(join(scene.dir, 'state.json'))).rejects.toMatchObject({ code: 'ENOENT' });
  expect(await codeOf(updater.find('x'))).toBe('WORKFLOW');
  scene.sim.serve(null);
  await updater.refresh();
  expect(await updater.find('x')).not.toBeNull();
});

test('a host that had a good state keeps it', async () => {
  const { scene } = repository();
  const updater = await scene.refreshed({ floors: new Map([['vendor', 3]]) });
  const { trusted } = updater;
  const higher = await scene.open({ floors: new Map([['vendor', 4]]) });
  expect(await codeOf(higher.refresh())).toBe('BELOW_FLOOR');
  expect(updater.trusted).toBe(trusted);
  scene.sim.publish('vendor');
  await expect(higher.refresh()).resolves.toBeUndefined();
});

test('offline, and under a policy for what is late, they count as ever', async () => {
  const { scene } = repository();
  await scene.refreshed();
  const floors = new Map([['vendor', 4]]);
  expect(await codeOf(scene.refreshed({ floors, offline: true }))).toBe('BELOW_FLOOR');
  scene.now = hours(30);
  const stale = { maxAgeMs: 48 * 3600_000, warn: () => undefined };
  expect(await codeOf(scene.refreshed({ floors, stale }))).toBe('BELOW_FLOOR');
  expect(await codeOf((await scene.open({ floors, stale })).refreshIfDue())).toBe('BELOW_FLOOR');
});

test('offline under that policy, what is late goes on in use and nobody is asked', async () => {
  const { scene } = repository();
  await (await scene.refreshed()).find('x');
  scene.asked();
  scene.now = hours(30);
  const warned: string[] = [];
  const stale = {
    maxAgeMs: 48 * 3600_000,
    warn: ({ code }: { readonly code: string }) => void warned.push(code),
  };
  const updater = await scene.refreshed({ offline: true, stale });
  expect(await updater.find('x')).not.toBeNull();
  expect({ asked: scene.asked(), warned }).toEqual({ asked: [], warned: ['EXPIRED'] });
  scene.now = hours(24 + 49);
  expect(await codeOf(updater.refresh())).toBe('EXPIRED');
});
