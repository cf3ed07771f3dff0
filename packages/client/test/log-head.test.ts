// The audit log's head rides in the signed timestamp: hosts remember it, so that whoever holds the online keys cannot forget what was done.
import { LogWentBackError } from '@ragnos/client';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { Scene } from './setup.ts';

interface Head {
  readonly size: number;
  readonly root: string;
}

/** A repository that says `head` of its log from now on; `null`: nothing. */
function publish(scene: Scene, head: Head | null): void {
  const others = [...scene.sim.timestamp.unrecognized].filter(([name]) => name !== 'x-ragnos-log');
  scene.sim.timestamp.unrecognized = new Map(
    head === null ? others : [...others, ['x-ragnos-log', { ...head }]],
  );
  scene.sim.publishTimestamp();
}

const head = (size: number, letter = 'a'): Head => ({ size, root: letter.repeat(64) });

test('a log that grows, or stands still, is fine; so is a repository that begins to keep one', async () => {
  const scene = new Scene();
  const updater = await scene.refreshed();
  for (const next of [head(1), head(5, 'b'), head(5, 'b'), head(6, 'c')]) {
    publish(scene, next);
    await expect(updater.refresh()).resolves.toBeUndefined();
  }
});

test.each([
  ['shorter', head(4, 'b')],
  ['of the same length and another', head(5, 'f')],
  ['gone', null],
] as const)('a log that is %s is refused, and what was trusted stays', async (_what, next) => {
  const scene = new Scene();
  publish(scene, head(5));
  const updater = await scene.refreshed();
  const kept = await readFile(join(scene.dir, 'timestamp.json'));
  publish(scene, next);
  await expect(updater.refresh()).rejects.toBeInstanceOf(LogWentBackError);
  expect(await readFile(join(scene.dir, 'timestamp.json'))).toEqual(kept);
  await expect((await scene.open()).refresh()).rejects.toMatchObject({ code: 'LOG_WENT_BACK' }); // another process
  publish(scene, head(6, 'c'));
  await expect(updater.refresh()).resolves.toBeUndefined();
});

test('what is no log of ours means nothing', async () => {
  const scene = new Scene();
  const updater = await scene.refreshed();
  for (const value of ['x', 7, { size: 'many' }, { size: 3 }]) {
    scene.sim.timestamp.unrecognized = new Map([['x-ragnos-log', value]]);
    scene.sim.publishTimestamp();
    await expect(updater.refresh()).resolves.toBeUndefined();
  }
});

test('keys that a new root replaced bind nobody: a recovered repository may begin its log anew', async () => {
  const scene = new Scene();
  publish(scene, head(5));
  const updater = await scene.refreshed();
  scene.sim.rotate('timestamp');
  scene.sim.publishRoot();
  publish(scene, head(1, 'e'));
  await expect(updater.refresh()).resolves.toBeUndefined();
});
