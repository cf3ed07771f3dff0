// THREATS.md: "local clock set back", "stale offline trust with the clock set back"; and a clock that was ahead for a
// while must keep nobody out. The timestamp of a scene lives 24 hours, the snapshot 7 days.
import { faultyServer, body, status } from '@ragnos/testkit';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { bytes, codeOf, hours, Scene, temporary } from './setup.ts';

const copies = ['state.json', join('backup', 'state.json')];

/** What a folder remembers as the latest time. */
async function latestTime(dir: string, file = 'state.json'): Promise<Date> {
  const state: unknown = JSON.parse(await readFile(join(dir, file), 'utf8'));
  if (typeof state !== 'object' || state === null || !('latestTime' in state)) throw new Error('no state');
  return new Date(String(state.latestTime));
}

const note = (latest: string): Uint8Array =>
  bytes(JSON.stringify({ format: 'ragnos-client-state/1', lastRefresh: latest, latestTime: latest }));

/** Signs the timestamp anew, for `life` hours from `now`. */
function resign(scene: Scene, now: number, life = 24): void {
  scene.sim.timestamp.expires = hours(now + life);
  scene.sim.publishTimestamp();
}

describe('set back after a refresh', () => {
  test('a replay of what expired meanwhile: said to be the clock, with both times and a hint', async () => {
    const scene = new Scene();
    await scene.refreshed();
    resign(scene, 20, 48);
    scene.now = hours(30); // the first timestamp is over
    await scene.refreshed();
    scene.sim.snapshot.expires = hours(25);
    scene.sim.publishSnapshot();
    scene.now = hours(2);
    const refresh = (await scene.open()).refresh();
    await expect(refresh).rejects.toMatchObject({
      code: 'CLOCK_SET_BACK',
      cause: { code: 'EXPIRED' },
      hint: 'set the clock right; if it was ahead then, this ends once the repository has signed anew',
    });
    await expect(refresh).rejects.toThrow(/says 2026-01-01T02:00.*has said 2026-01-02T06:00/);
  });

  test('offline too: the memory counts, not the clock', async () => {
    const scene = new Scene();
    scene.sim.delegate({ name: 'short' }).expires = hours(5);
    scene.sim.addTarget('x', '1', 'short');
    scene.sim.publish('targets', 'short');
    scene.now = hours(1);
    await (await scene.refreshed()).find('x');
    scene.now = hours(10);
    await scene.refreshed();
    scene.now = hours(1);
    expect(await codeOf((await scene.refreshed({ offline: true })).find('x'))).toBe('CLOCK_SET_BACK');
  });

  test('what is over by this clock as well is over, and no fault of the clock', async () => {
    const scene = new Scene();
    resign(scene, 0, 100);
    scene.now = hours(50);
    await scene.refreshed();
    scene.sim.snapshot.expires = hours(10);
    scene.sim.publishSnapshot();
    scene.now = hours(49);
    expect(await codeOf(scene.refreshed())).toBe('EXPIRED');
  });

  test('with what is late in use: still the clock, where the grace alone would have let it pass', async () => {
    const scene = new Scene();
    scene.sim.delegate({ name: 'short' }).expires = hours(8);
    scene.sim.addTarget('x', '1', 'short');
    scene.sim.publish('targets', 'short');
    const updater = await scene.refreshed({ stale: { maxAgeMs: 10 * 3600_000, warn: () => undefined } });
    scene.now = hours(20);
    await updater.refresh();
    scene.now = hours(30);
    await updater.refresh(); // six hours late
    scene.now = hours(15); // less the grace 5, by the memory 10
    expect(await codeOf(updater.find('x'))).toBe('CLOCK_SET_BACK');
    scene.now = hours(19); // less the grace 9: over by both
    expect(await codeOf(updater.find('x'))).toBe('EXPIRED');
  });

  test('a repository that goes on is used all the same, and the memory stays', async () => {
    const scene = new Scene();
    scene.now = hours(20);
    await scene.refreshed();
    scene.now = hours(1);
    resign(scene, 20);
    const updater = await scene.refreshed();
    expect(await updater.find('a/b.txt')).not.toBeNull();
    expect(updater.knowledge()).toMatchObject({ clockBehindMs: 19 * 3600_000, lastRefresh: hours(1) });
    expect(await latestTime(scene.dir)).toEqual(hours(20));
  });

  test('set back by more than the threshold, knowledge is not called fresh', async () => {
    const scene = new Scene();
    const updater = await scene.refreshed();
    scene.now = hours(-24 * 8);
    expect(updater.knowledge()).toMatchObject({ fresh: false, clockBehindMs: 24 * 8 * 3600_000 });
  });

  test('a refresh is due then, though the last one seems to lie ahead', async () => {
    const scene = new Scene();
    const updater = await scene.refreshed();
    scene.asked();
    scene.now = hours(-1);
    await updater.refreshIfDue();
    expect(scene.asked()).toContain('metadata/timestamp.json');
  });
});

describe('ahead for a while', () => {
  test('within the life of the timestamp: remembered, and the same timestamp is still good', async () => {
    const scene = new Scene();
    scene.now = new Date(hours(24).getTime() - 1); // its last millisecond
    await scene.refreshed();
    scene.now = hours(1);
    await expect(scene.refreshed()).resolves.toBeDefined();
    expect((await latestTime(scene.dir)).getTime()).toBeLessThan(hours(24).getTime());
  });

  test('beyond it: refused, so nothing is remembered, and the right clock works at once', async () => {
    const scene = new Scene();
    await scene.refreshed();
    scene.now = hours(24 * 365 * 5);
    expect(await codeOf(scene.refreshed())).toBe('EXPIRED');
    scene.now = hours(1);
    expect((await scene.refreshed()).knowledge().clockBehindMs).toBe(0);
  });

  test('a refresh that fails after its timestamp was accepted raises nothing', async () => {
    const scene = new Scene();
    await scene.refreshed();
    scene.sim.publish();
    scene.sim.overrides.set('metadata/3.targets.json', null);
    scene.now = hours(20);
    expect(await codeOf(scene.refreshed())).toBe('NOT_FOUND_REMOTE');
    expect(await latestTime(scene.dir)).toEqual(hours(0));
  });

  test('what was late and went on in use raises nothing, however often', async () => {
    const scene = new Scene();
    const stale = { maxAgeMs: 48 * 3600_000, warn: () => undefined };
    const updater = await scene.refreshed({ stale });
    scene.now = hours(40);
    await updater.refresh();
    expect(await latestTime(scene.dir)).toEqual(hours(0));
    scene.now = hours(1);
    await expect(scene.refreshed()).resolves.toBeDefined();
  });

  test('offline, nothing is raised', async () => {
    const scene = new Scene();
    await scene.refreshed();
    scene.now = hours(20);
    await scene.refreshed({ offline: true });
    expect(await latestTime(scene.dir)).toEqual(hours(0));
  });
});

describe('the note itself', () => {
  async function seen20(): Promise<{ scene: Scene; older: string }> {
    const scene = new Scene();
    await scene.refreshed();
    const older = temporary();
    await cp(scene.dir, older, { recursive: true });
    scene.now = hours(20);
    await scene.refreshed();
    scene.now = hours(1);
    return { scene, older };
  }
  const behind = async (scene: Scene) => (await scene.open()).knowledge().clockBehindMs / 3600_000;

  test.each(copies)('%s removed, truncated, or an older one put back: the other remembers', async (file) => {
    const { scene, older } = await seen20();
    const path = join(scene.dir, file);
    for (const damage of [() => rm(path), () => truncate(path, 20), () => cp(join(older, file), path)]) {
      await damage();
      expect(await behind(scene)).toBe(19);
      await scene.refreshed(); // heals it
      expect(await latestTime(scene.dir, file)).toEqual(hours(20));
    }
  });

  test('both gone: as much is known as on a new host, versions still guard', async () => {
    const { scene } = await seen20();
    const old = scene.sim.files();
    scene.sim.publish();
    await scene.refreshed();
    for (const file of copies) await rm(join(scene.dir, file));
    expect(await behind(scene)).toBe(0);
    scene.sim.serve(old);
    expect(await codeOf(scene.refreshed())).toBe('BAD_VERSION');
  });

  test.each(['9999-12-31T23:59:59.000Z', '2030-01-01T00:00:00.000Z'])(
    'forged to %s in both copies: counts for no more than the timestamp kept here, so nobody is locked out',
    async (latest) => {
      const { scene } = await seen20();
      for (const file of copies) await writeFile(join(scene.dir, file), note(latest));
      await expect(scene.refreshed()).resolves.toBeDefined();
      expect(await latestTime(scene.dir)).toEqual(new Date(hours(24).getTime() - 1000));
    },
  );

  test('forged, and an older timestamp put back: the later of both copies is the measure', async () => {
    const { scene } = await seen20();
    await cp(join(scene.dir, 'timestamp.json'), join(scene.dir, 'older.json'));
    resign(scene, 30);
    await scene.refreshed();
    await cp(join(scene.dir, 'older.json'), join(scene.dir, 'timestamp.json'));
    for (const file of copies) await writeFile(join(scene.dir, file), note('9999-12-31T23:59:59.000Z'));
    expect(await behind(scene)).toBeCloseTo(53, 2);
  });

  test('forged, and no timestamp to measure it by: it counts for nothing', async () => {
    const { scene } = await seen20();
    for (const file of copies) await writeFile(join(scene.dir, file), note('9999-12-31T23:59:59.000Z'));
    for (const file of ['timestamp.json', join('backup', 'timestamp.json')])
      await truncate(join(scene.dir, file), 9);
    expect(await behind(scene)).toBe(0);
    await expect(scene.refreshed()).resolves.toBeDefined();
  });

  test('of an older version of this client: its last refresh is the latest time', async () => {
    const { scene } = await seen20();
    const old = bytes(`{"format":"ragnos-client-state/1","lastRefresh":"${hours(20).toISOString()}"}`);
    await writeFile(join(scene.dir, 'state.json'), old);
    await rm(join(scene.dir, 'backup', 'state.json')); // which had one copy
    expect(await behind(scene)).toBe(19);
    expect((await scene.refreshed()).knowledge().lastRefresh).toEqual(hours(1));
  });

  test.each([
    '{}',
    '[]',
    '{"format":"ragnos-client-state/1","lastRefresh":"yesterday"}',
    '{"format":"ragnos-client-state/1","lastRefresh":"2026-01-01T00:00:00.000Z","latestTime":7}',
  ])('%s is none', async (text) => {
    const { scene } = await seen20();
    for (const file of copies) await writeFile(join(scene.dir, file), text);
    expect((await scene.open()).knowledge()).toMatchObject({ lastRefresh: null, clockBehindMs: 0 });
  });
});

describe('two clients of one folder', () => {
  test('what one has seen the other knows from its next refresh on, and the lesser clock takes nothing back', async () => {
    const scene = new Scene();
    const first = await scene.refreshed();
    const second = await scene.open({ now: () => hours(20) });
    await second.refresh();
    expect(first.knowledge().clockBehindMs).toBe(0);
    scene.now = hours(1);
    await first.refresh();
    expect(first.knowledge().clockBehindMs).toBe(19 * 3600_000);
    expect(await latestTime(scene.dir)).toEqual(hours(20));
  });

  test('at once: the later time is kept, whoever is last', async () => {
    const scene = new Scene();
    const clients = await Promise.all([3, 20, 7].map((hour) => scene.open({ now: () => hours(hour) })));
    await Promise.all(clients.map((client) => client.refresh()));
    expect(await latestTime(scene.dir)).toEqual(hours(20));
  });

  test('in another process', async () => {
    const scene = new Scene();
    scene.sim.addTarget('x', 'content');
    scene.sim.publish();
    const files = scene.sim.files();
    const server = await faultyServer({
      otherwise: (request, response) => {
        const file = files.get((request.url ?? '').slice(1));
        (file === undefined ? status(404) : body(file))(request, response);
      },
    });
    const baseUrl = server.url.href;
    const here = await scene.refreshed({ baseUrl, fetcher: undefined }); // at 00:00; the child's clock says 01:00
    const child = spawn(process.execPath, [
      '--conditions=@ragnos/source',
      join(import.meta.dirname, 'refresh-child.ts'),
      scene.dir,
      baseUrl,
    ]);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await once(child, 'close');
    expect({ exit: child.exitCode, said }).toEqual({ exit: 0, said: '' });
    await here.refresh();
    expect(here.knowledge().clockBehindMs).toBe(3600_000);
    await server.close();
  });
});
