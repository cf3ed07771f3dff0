// GHSA-j8x2-777p-23fc: delegations in a circle, or without end, keep a client busy for ever.
import { newTestKey } from '@ragnos/testkit';
import { expect, test } from 'vitest';

import { Scene } from '../setup.ts';

async function asked(scene: Scene, path: string): Promise<readonly string[]> {
  scene.sim.publish();
  const updater = await scene.refreshed();
  scene.asked();
  expect(await updater.find(path)).toBeNull();
  return scene.asked();
}

test('a role that delegates to itself', async () => {
  const scene = new Scene();
  scene.sim.delegate({ name: 'a' });
  scene.sim.delegate({ name: 'a', from: 'a' }, scene.sim.signers.get('a'));
  expect(await asked(scene, 'file')).toHaveLength(1);
});

test('two that delegate to each other, and a diamond', async () => {
  const scene = new Scene();
  const shared = [newTestKey()];
  scene.sim.delegate({ name: 'a' });
  scene.sim.delegate({ name: 'b', from: 'a' });
  scene.sim.delegate({ name: 'a', from: 'b' }, scene.sim.signers.get('a'));
  scene.sim.delegate({ name: 'c', from: 'a' }, shared);
  scene.sim.delegate({ name: 'c', from: 'b' }, shared);
  expect(await asked(scene, 'file')).toHaveLength(3);
});

test('every role delegates to every other: each is asked for once', async () => {
  const scene = new Scene();
  const names = Array.from({ length: 8 }, (_, index) => `r${index}`);
  const keys = [newTestKey()];
  for (const name of names) scene.sim.delegate({ name }, keys);
  for (const from of names)
    for (const name of names.filter((other) => other !== from)) scene.sim.delegate({ from, name }, keys);
  expect(await asked(scene, 'file')).toHaveLength(names.length);
});

test('a chain without end is given up with an error, not with "absent"', async () => {
  const scene = new Scene();
  for (let depth = 1; depth <= 40; depth++)
    scene.sim.delegate({ name: `r${depth}`, from: depth === 1 ? 'targets' : `r${depth - 1}` });
  scene.sim.publish();
  const updater = await scene.refreshed();
  scene.asked();
  await expect(updater.find('file')).rejects.toMatchObject({ code: 'LIMIT' });
  expect(scene.asked()).toHaveLength(32);
});
