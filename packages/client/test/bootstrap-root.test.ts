// A root that is given, not assumed: what is kept in the folder never outranks it (python-tuf has had this since 6.0).
import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { codeOf, never, Scene, temporary } from './setup.ts';

/** A folder that began with root 1 and knows roots up to `count`; each has a new key. */
async function knows(count: number): Promise<Scene> {
  const scene = new Scene();
  for (let version = 2; version <= count; version++) next(scene);
  await scene.refreshed();
  return scene;
}

function next(scene: Scene): Uint8Array {
  scene.sim.rotate('root');
  return scene.sim.publishRoot();
}

const root = (scene: Scene, version: number): Uint8Array => scene.sim.roots[version - 1] ?? never();
const roots = (requests: readonly string[]) => requests.filter((path) => path.endsWith('root.json'));

describe('the folder knows roots 1 to 3', () => {
  test.each([1, 2, 3])(
    'root %i is given: the chain leads through it, and only root 4 is asked for',
    async (version) => {
      const scene = await knows(3);
      scene.asked();
      const updater = await scene.refreshed({ root: root(scene, version) });
      expect(updater.trusted.root.version).toBe(3);
      expect(roots(scene.asked())).toEqual(['metadata/4.root.json']);
    },
  );

  test('the next root is given: it is the next link, trusted from the start and not fetched', async () => {
    const scene = await knows(3);
    const fourth = next(scene);
    scene.asked();
    const updater = await scene.open({ root: fourth });
    expect(updater.trusted.root.version).toBe(4);
    await updater.refresh();
    expect(roots(scene.asked())).toEqual(['metadata/5.root.json']);
  });

  test('and offline as well', async () => {
    const scene = await knows(3);
    const fourth = next(scene);
    expect((await scene.refreshed({ root: fourth, offline: true })).trusted.root.version).toBe(4);
  });

  test('a later one is given: the links between are fetched, and nothing is used before', async () => {
    const scene = await knows(3);
    next(scene);
    const fifth = next(scene);
    scene.asked();
    const updater = await scene.open({ root: fifth });
    expect(await codeOf(updater.find('a/b.txt'))).toBe('WORKFLOW');
    await updater.refresh();
    expect(roots(scene.asked())).toEqual(['metadata/4.root.json', 'metadata/6.root.json']);
    expect(updater.trusted.root.version).toBe(5);
  });

  test('a later one is given, and those between are withheld or cannot be asked for: refused', async () => {
    const scene = await knows(3);
    next(scene);
    const fifth = next(scene);
    expect(await codeOf(scene.refreshed({ root: fifth, offline: true }))).toBe('OFFLINE');
    scene.sim.overrides.set('metadata/4.root.json', null);
    expect(await codeOf(scene.refreshed({ root: fifth }))).toBe('ROOT_PIN_MISMATCH');
    scene.sim.overrides.clear();
    await expect(scene.refreshed({ root: fifth })).resolves.toBeDefined();
  });

  test.each([1, 2, 3, 4, 5])(
    'root %i of somebody else is given: refused, whatever is served, the folder unchanged',
    async (version) => {
      const scene = await knows(3);
      const before = (await readdir(scene.dir, { recursive: true })).toSorted();
      const other = await knows(5);
      const given = { root: root(other, version) };
      expect(await codeOf(scene.refreshed(given))).toBe('ROOT_PIN_MISMATCH');
      scene.sim.serve(other.sim.files()); // an attacker who owns the network as well
      expect(await codeOf(scene.refreshed(given))).toMatch(/ROOT_PIN_MISMATCH|UNSIGNED/);
      scene.sim.serve(null);
      expect((await readdir(scene.dir, { recursive: true })).toSorted()).toEqual(before);
      expect((await scene.refreshed()).trusted.root.version).toBe(3);
    },
  );
});

describe('the folder is somebody else’s', () => {
  test('planted whole: the given root is not on its chain, so nothing of it is believed', async () => {
    const victim = new Scene();
    const attacker = await knows(3);
    await cp(attacker.dir, victim.dir, { recursive: true });
    victim.sim.serve(attacker.sim.files());
    expect(await codeOf(victim.refreshed())).toBe('ROOT_PIN_MISMATCH');
    expect(await codeOf(victim.refreshed({ offline: true }))).toBe('ROOT_PIN_MISMATCH');
  });

  test('planted but for its first roots: they must be the links from the given one', async () => {
    const victim = await knows(1);
    next(victim);
    next(victim);
    const attacker = await knows(3);
    const history = join(victim.dir, 'root_history');
    for (const folder of [history, join(victim.dir, 'backup', 'root_history')])
      for (const file of ['2.root.json', '3.root.json'])
        await cp(join(attacker.dir, 'root_history', file), join(folder, file));
    const updater = await victim.open();
    expect(updater.trusted.root.version).toBe(1);
    await updater.refresh(); // fetched in their place
    const [first] = updater.chain((await updater.find('a/b.txt')) ?? never());
    expect(first).toMatchObject({ name: '3.root.json', bytes: root(victim, 3) });
  });

  test('planted metadata under the right root is verified like any other', async () => {
    const victim = await knows(1);
    const attacker = await knows(1);
    for (const file of ['timestamp.json', 'snapshot.json', 'targets.json'])
      for (const folder of ['', 'backup'])
        if (file !== 'targets.json' || folder === '')
          await cp(join(attacker.dir, file), join(victim.dir, folder, file));
    expect(await codeOf(victim.refreshed({ offline: true }))).toBe('OFFLINE');
    expect(await (await victim.refreshed()).find('a/b.txt')).not.toBeNull();
  });

  test('a folder without a root trusts what is given, and nothing before', async () => {
    const scene = await knows(3);
    await rm(scene.dir, { recursive: true });
    expect(await codeOf(scene.refreshed({ root: undefined }))).toBe('NO_TRUSTED_ROOT');
    const updater = await scene.refreshed({ root: root(scene, 2), dir: join(temporary(), 'new') });
    expect(updater.trusted.root.version).toBe(3);
  });
});
