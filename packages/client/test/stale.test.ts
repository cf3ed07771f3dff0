// Staleness: what expires, what goes on in use, and clocks that are wrong (THREATS.md: freeze, local clock set back).
import { UnreachableError, type Fetcher } from '@ragnos/client';
import { faultyFetcher, newTestKey } from '@ragnos/testkit';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { codeOf, hours, Scene } from './setup.ts';

describe('a clock set back', () => {
  test('does not revive what had expired when it was right', async () => {
    const scene = new Scene();
    scene.sim.delegate({ name: 'vendor', paths: ['v/*'] }).expires = hours(10);
    scene.sim.addTarget('v/tool', 'x', 'vendor');
    scene.sim.publish('targets', 'vendor');
    scene.now = hours(20); // the timestamp lives 24 h
    expect(await codeOf((await scene.refreshed()).find('v/tool'))).toBe('EXPIRED');
    scene.now = hours(1); // so that it would be in force again
    expect(await codeOf((await scene.refreshed()).find('v/tool'))).toBe('CLOCK_SET_BACK');
    const stranger = new Scene(); // a host without that memory cannot know
    const options = { root: scene.sim.firstRoot, fetcher: scene.sim, now: () => hours(1) };
    expect(await codeOf((await stranger.refreshed(options)).find('v/tool'))).toBe('none');
  });

  test('is told, and a repository that goes on is used', async () => {
    const scene = new Scene();
    scene.now = hours(10);
    await scene.refreshed();
    scene.now = hours(4);
    const updater = await scene.refreshed();
    expect(updater.knowledge().clockBehindMs).toBe(6 * 3600_000);
    scene.now = hours(11);
    expect(updater.knowledge().clockBehindMs).toBe(0);
  });

  test('one that was ahead for a while keeps nobody out', async () => {
    const scene = new Scene();
    scene.now = hours(23); // ahead, and what is served is still in force then
    await scene.refreshed();
    scene.now = hours(1);
    scene.sim.timestamp.expires = hours(25);
    scene.sim.publishTimestamp();
    await expect(scene.refreshed()).resolves.toBeDefined();
    scene.now = hours(1000); // far ahead: nothing is accepted, so nothing is remembered
    expect(await codeOf(scene.refreshed())).toBe('EXPIRED');
    scene.now = hours(2);
    const updater = await scene.refreshed();
    expect(updater.knowledge().clockBehindMs).toBeLessThanOrEqual(23 * 3600_000);
  });

  test.for(['state.json', join('backup', 'state.json')])(
    'a damaged %s is made up for by its copy',
    async (file) => {
      const scene = new Scene();
      scene.now = hours(20);
      await scene.refreshed();
      truncateSync(join(scene.dir, file), 10);
      scene.now = hours(1);
      expect((await scene.open()).knowledge().clockBehindMs).toBe(19 * 3600_000);
    },
  );

  test('without either it knows less, and works', async () => {
    const scene = new Scene();
    scene.now = hours(20);
    await scene.refreshed();
    rmSync(join(scene.dir, 'state.json'));
    writeFileSync(join(scene.dir, 'backup', 'state.json'), '{"format":"of somebody else"}');
    scene.now = hours(1);
    expect((await scene.refreshed()).knowledge()).toMatchObject({ clockBehindMs: 0, lastRefresh: hours(1) });
  });
});

describe('what a look-up needs expires after the refresh', () => {
  const expiring = {
    timestamp: (scene: Scene) => (scene.sim.timestamp.expires = hours(5)),
    snapshot: (scene: Scene) => (scene.sim.snapshot.expires = hours(5)),
    targets: (scene: Scene) => (scene.sim.targets.expires = hours(5)),
    'the role': (scene: Scene) => (scene.sim.role('vendor').expires = hours(5)),
  };
  test.for(Object.entries(expiring))('%s, though it is loaded', async ([, expire]) => {
    const scene = new Scene();
    scene.sim.delegate({ name: 'vendor' });
    scene.sim.addTarget('x', '1', 'vendor');
    expire(scene);
    scene.sim.publish('targets', 'vendor');
    const updater = await scene.refreshed();
    scene.now = hours(4);
    expect(await updater.find('x')).toMatchObject({ role: 'vendor' });
    scene.now = hours(5);
    expect(await codeOf(updater.find('x'))).toBe('EXPIRED');
    expect(await codeOf(updater.list().next())).toBe(expire === expiring['the role'] ? 'none' : 'EXPIRED');
  });
});

describe('the policy for what is late', () => {
  const warned: string[] = [];
  const lenient = (days: number): { maxAgeMs: number; warn: (reason: { code: string }) => void } => ({
    maxAgeMs: days * 24 * 3600_000,
    warn: ({ code }) => void warned.push(code),
  });

  test('strict, the default, refuses what has expired', async () => {
    const scene = new Scene();
    const updater = await scene.refreshed();
    scene.now = hours(30);
    expect(await codeOf(updater.refresh())).toBe('EXPIRED');
    expect(await codeOf(updater.find('a/b.txt'))).toBe('EXPIRED');
  });

  test('otherwise it goes on in use for so long, and each time that is told', async () => {
    const scene = new Scene();
    const updater = await scene.refreshed({ stale: lenient(2) });
    warned.length = 0;
    scene.now = hours(30);
    await updater.refresh();
    expect(warned).toEqual(['EXPIRED']);
    expect(await updater.find('a/b.txt')).toMatchObject({ length: 5 });
    expect(updater.knowledge().lastRefresh).toEqual(hours(0)); // that was no refresh
    scene.now = hours(24 + 49);
    expect(await codeOf(updater.refresh())).toBe('EXPIRED');
  });

  test('and so it does when nobody answers, but not when an answer is refused', async () => {
    const scene = new Scene();
    let down = false;
    const fetcher: Fetcher = {
      fetch: (url, options) => {
        if (down) throw new UnreachableError(`${url.href}: nobody answers`);
        return scene.sim.fetch(url, options);
      },
    };
    const updater = await scene.refreshed({ stale: lenient(2), fetcher });
    warned.length = 0;
    scene.now = hours(3);
    down = true;
    await updater.refresh();
    expect(warned).toEqual(['DOWNLOAD']);
    expect(await updater.find('a/b.txt')).toMatchObject({ length: 5 });
    scene.now = hours(60);
    expect(await codeOf(updater.refresh())).toBe('DOWNLOAD');
    down = false;
    scene.now = hours(3);
    scene.sim.signers.set('timestamp', [newTestKey()]);
    scene.sim.publishTimestamp();
    expect(await codeOf(updater.refresh())).toBe('UNSIGNED');
  });

  test('an answer that is not the file is no silence: 403, 404, another origin', async () => {
    for (const status of [403, 404, 410]) {
      const scene = new Scene();
      await scene.refreshed();
      scene.now = hours(1);
      const fetcher = faultyFetcher(scene.sim, [{ kind: 'status', status, match: 'timestamp.json' }]);
      expect(await codeOf(scene.refreshed({ stale: lenient(2), fetcher }))).not.toBe('none');
    }
  });

  test('rollback counts whatever the policy', async () => {
    const scene = new Scene();
    const old = scene.sim.files();
    scene.sim.publish();
    const updater = await scene.refreshed({ stale: lenient(365) });
    scene.sim.serve(old);
    scene.now = hours(30);
    expect(await codeOf(updater.refresh())).toBe('BAD_VERSION');
  });
});

describe('refreshIfDue', () => {
  test('asks nobody within the interval, and asks after it', async () => {
    const scene = new Scene();
    const updater = await scene.refreshed({ refreshIntervalMinutes: 90 });
    scene.asked();
    scene.now = hours(1);
    await updater.refreshIfDue();
    expect(scene.asked()).toEqual([]);
    expect(await updater.find('a/b.txt')).toMatchObject({ length: 5 });
    scene.now = hours(2);
    await updater.refreshIfDue();
    expect(scene.asked()).not.toEqual([]);
  });

  test('never outranks expiry', async () => {
    const scene = new Scene();
    const updater = await scene.refreshed({ refreshIntervalMinutes: 1_000_000 });
    scene.now = hours(30);
    expect(await codeOf(updater.refreshIfDue())).toBe('EXPIRED');
  });

  test('a first one refreshes', async () => {
    const scene = new Scene();
    const updater = await scene.open();
    await updater.refreshIfDue();
    expect(updater.knowledge()).toMatchObject({ fresh: true, lastRefresh: hours(0) });
    scene.now = hours(24 * 8);
    expect(updater.knowledge().fresh).toBe(false);
  });
});

describe('floors', () => {
  test('a new host with a memory refuses what an old one would', async () => {
    const scene = new Scene();
    const old = scene.sim.files();
    scene.sim.publish();
    const known = (await scene.refreshed()).knowledge().versions;
    const fresh = new Scene();
    const options = {
      root: scene.sim.firstRoot,
      fetcher: scene.sim,
      baseUrl: scene.sim.baseUrl,
      floors: new Map([...known].filter(([role]) => role !== 'timestamp')),
    };
    scene.sim.serve(old);
    const updater = await fresh.open(options);
    expect(await codeOf(updater.refresh())).toBe('BELOW_FLOOR');
    expect(updater.trusted.timestamp).toBeNull(); // nothing was adopted
    scene.sim.serve(null);
    await expect(updater.refresh()).resolves.toBeUndefined();
  });

  test('a role that is not there is below any floor', async () => {
    const scene = new Scene();
    const updater = await scene.open({ floors: new Map([['vendor.acme', 1]]) });
    await expect(updater.refresh()).rejects.toThrow('vendor.acme is not there');
  });
});
