// The audit log's head rides in the signed timestamp: hosts remember it, so that whoever holds the online keys cannot forget what was done.
import { LogWentBackError, UnreachableError, type Fetcher } from '@ragnos/client';
import { logRestarts, withLogRestarts, type LogRestart } from '@ragnos/tuf';
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

const lost = (size: number, letter = 'a', before = 0): LogRestart => ({
  ...head(size, letter),
  ...(before === 0 ? {} : { restarts: before }),
  time: new Date('2030-01-01T00:00:00Z'),
  by: 'olga@desk',
  reason: 'the disk died',
});

/** The next root says that these logs were given up; the log that follows is at `next`. */
function restart(scene: Scene, all: readonly LogRestart[], next: Head): void {
  scene.sim.root.unrecognized = new Map(withLogRestarts(scene.sim.root.unrecognized, all));
  scene.sim.publishRoot();
  scene.sim.timestamp.unrecognized = new Map([['x-ragnos-log', { ...next, restarts: all.length }]]);
  scene.sim.publishTimestamp();
}

test('a log that root gave up is followed by another one, and that is told once', async () => {
  const scene = new Scene();
  publish(scene, head(5));
  await scene.refreshed();
  const told: LogRestart[] = [];
  const updater = await scene.open({ onLogRestart: (one) => told.push(one) });
  restart(scene, [lost(7, 'c')], head(1, 'e'));
  await updater.refresh();
  expect(told).toEqual([lost(7, 'c')]);
  expect(logRestarts(updater.trusted.root)).toEqual([lost(7, 'c')]);
  await updater.refresh();
  restart(scene, [lost(7, 'c'), lost(3, 'd', 1)], head(1, 'f'));
  await updater.refresh();
  expect(told).toEqual([lost(7, 'c'), lost(3, 'd', 1)]);
  const later = await scene.open({ onLogRestart: (one) => told.push(one) });
  await later.refresh();
  expect(told).toHaveLength(2);
});

test('a client that asked for roots before the restart, and for the timestamp after it, follows at once', async () => {
  const scene = new Scene();
  publish(scene, head(5));
  await scene.refreshed();
  let isLost = true;
  const fetcher: Fetcher = {
    fetch: (url, options) => {
      if (isLost && url.pathname.endsWith('/timestamp.json')) {
        isLost = false;
        restart(scene, [lost(5)], head(1, 'e'));
      }
      return scene.sim.fetch(url, options);
    },
  };
  await expect((await scene.open({ fetcher })).refresh()).resolves.toBeUndefined();
});

test('whoever cuts the line at the second look hides nothing', async () => {
  const scene = new Scene();
  publish(scene, head(5));
  await scene.refreshed();
  publish(scene, head(4));
  let asked = 0;
  const fetcher: Fetcher = {
    fetch: (url, options) => {
      if (url.pathname.endsWith('/timestamp.json') && ++asked > 1) throw new UnreachableError('cut');
      return scene.sim.fetch(url, options);
    },
  };
  const updater = await scene.open({ fetcher });
  await expect(updater.refresh()).rejects.toMatchObject({ code: 'LOG_WENT_BACK' });
  expect(asked).toBe(2);
});

test.each([
  ['no root approves', [], 1],
  ['root says ended before what this host saw', [lost(4, 'b')], 1],
  ['root says ended where this host saw, with another head', [lost(5, 'f')], 1],
  ['goes back to the one before it', [lost(7, 'c')], 0],
] as const)('a log begun anew that %s is refused', async (_what, approved, restarts) => {
  const scene = new Scene();
  publish(scene, head(5));
  const updater = await scene.refreshed();
  if (approved.length > 0) restart(scene, approved, head(1, 'e'));
  scene.sim.timestamp.unrecognized = new Map([['x-ragnos-log', { ...head(1, 'e'), restarts }]]);
  scene.sim.publishTimestamp();
  await expect(updater.refresh()).rejects.toMatchObject({ code: 'LOG_WENT_BACK' });
});

test('who has seen the new log is not shown a shorter one by what was approved for the old one', async () => {
  const scene = new Scene();
  publish(scene, head(1000));
  const updater = await scene.refreshed();
  restart(scene, [lost(1000)], head(500, 'e'));
  await updater.refresh();
  restart(scene, [lost(1000)], head(3, 'f'));
  await expect(updater.refresh()).rejects.toMatchObject({ code: 'LOG_WENT_BACK' });
});
