// What is known without asking, and search in it.
import type { Updater } from '@ragnos/client';
import { expect, test } from 'vitest';

import { hours, Scene } from './setup.ts';

async function listed(updater: Updater, contains = ''): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const { role, path } of updater.list({ contains })) found.push(`${role} ${path}`);
  return found;
}

function delegated(): Scene {
  const scene = new Scene();
  scene.sim.delegate({ name: 'first', paths: ['x/*'] });
  scene.sim.delegate({ name: 'second', paths: ['x/*', 'y/*'] });
  scene.sim.addTarget('x/one', '1', 'first');
  scene.sim.addTarget('z/foreign', '1', 'first'); // which nobody delegated to it
  scene.sim.addTarget('x/one', '2', 'second'); // which comes later in the order of trust
  scene.sim.addTarget('y/two', '2', 'second');
  scene.sim.publish('targets', 'first', 'second');
  return scene;
}

test('only what is loaded, and nothing is asked for', async () => {
  const scene = delegated();
  const updater = await scene.refreshed();
  scene.asked();
  expect(await listed(updater)).toEqual(['targets a/b.txt']);
  expect(scene.asked()).toEqual([]);
});

test('a role answers for what is delegated to it, and where no other comes first', async () => {
  const scene = delegated();
  const updater = await scene.refreshed();
  await updater.find('y/two');
  expect(await listed(updater)).toEqual(['targets a/b.txt', 'second y/two']); // x/one is for `first` to say
  await updater.find('x/one');
  expect(await listed(updater)).toEqual(['targets a/b.txt', 'first x/one', 'second y/two']);
  expect(await listed(updater, 'two')).toEqual(['second y/two']);
});

test('bins that were loaded', async () => {
  const scene = new Scene();
  const bins = scene.sim.delegateBins('targets', 'bin', 2);
  for (const bin of bins) for (const path of ['p', 'q', 'r', 's', 't']) scene.sim.addTarget(path, 'x', bin);
  scene.sim.publish('targets', ...bins);
  const updater = await scene.refreshed();
  const info = await updater.find('p');
  const found = await listed(updater);
  expect(found).toContain(`${info?.role} p`);
  expect(
    new Set(found.filter((line) => line !== 'targets a/b.txt').map((line) => line.split(' ')[0])),
  ).toEqual(new Set([info?.role]));
});

test('what has expired since is not listed, as it is not found', async () => {
  const scene = delegated();
  const updater = await scene.refreshed();
  scene.now = hours(25);
  await expect(listed(updater)).rejects.toMatchObject({ code: 'EXPIRED' });
});

test('as many as are read, no more', async () => {
  const scene = new Scene();
  for (let i = 0; i < 1000; i++) scene.sim.addTarget(`many/${i}`, 'x');
  scene.sim.publish();
  const targets = (await scene.refreshed()).list({ contains: 'many' });
  const found = [await targets.next(), await targets.next()];
  expect(await targets.return()).toMatchObject({ done: true });
  expect(found).toMatchObject([{ value: { path: 'many/0' } }, { value: { path: 'many/1' } }]);
  expect(await targets.next()).toMatchObject({ done: true });
});

test('before the first refresh there is nothing, and an abort ends it', async () => {
  const scene = delegated();
  expect(await listed(await scene.open())).toEqual([]);
  const reason = new Error('enough');
  const all = (await scene.refreshed()).list({ signal: AbortSignal.abort(reason) });
  await expect(all.next()).rejects.toBe(reason);
});
