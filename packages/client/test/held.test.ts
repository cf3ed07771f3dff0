// An artifact that is here already is not fetched again, and nothing else passes for it.
import { holdsTarget } from '@ragnos/client';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { codeOf, Scene, temporary } from './setup.ts';

async function held(): Promise<{ scene: Scene; file: string; holds: () => Promise<boolean> }> {
  const scene = new Scene();
  const updater = await scene.refreshed();
  const info = await updater.find('a/b.txt');
  if (info === null) throw new Error('the target is missing');
  const file = join(temporary(), 'a%2Fb.txt');
  await updater.download(info, file);
  scene.asked();
  return { scene, file, holds: () => holdsTarget(file, info) };
}

test('the file as it was downloaded is held, and nobody is asked', async () => {
  const { scene, holds } = await held();
  expect(await holds()).toBe(true);
  expect(scene.asked()).toEqual([]);
});

const others = { 'other bytes': 'hallo', 'a shorter file': 'hell', 'a longer file': 'hello!', nothing: '' };
for (const [name, content] of Object.entries(others))
  test(`${name}: not held`, async () => {
    const { file, holds } = await held();
    writeFileSync(file, content);
    expect(await holds()).toBe(false);
  });

test('an absent file and a folder are not held', async () => {
  const scene = new Scene();
  const info = await (await scene.refreshed()).find('a/b.txt');
  if (info === null) throw new Error('the target is missing');
  const folder = join(temporary(), 'folder');
  expect(await holdsTarget(folder, info)).toBe(false);
  mkdirSync(folder);
  expect(await holdsTarget(folder, info)).toBe(false);
});

test('a target without a hash that we can compute is never held', async () => {
  const { file } = await held();
  const scene = new Scene();
  const info = await (await scene.refreshed()).find('a/b.txt');
  if (info === null) throw new Error('the target is missing');
  const digest = info.hashes.get('sha256');
  if (digest === undefined) throw new Error('the target has no sha256');
  expect(await holdsTarget(file, { ...info, hashes: new Map([['unknown', digest]]) })).toBe(false);
});

test('a look that is aborted ends with the reason', async () => {
  const scene = new Scene();
  const info = await (await scene.refreshed()).find('a/b.txt');
  if (info === null) throw new Error('the target is missing');
  const reason = Object.assign(new Error('enough'), { code: 'ENOUGH' });
  expect(await codeOf(holdsTarget('x', info, { signal: AbortSignal.abort(reason) }))).toBe('ENOUGH');
});
