// The client workflow of TUF 1.0.34, section 5, through the simulator: what is asked for, in which order, and what is refused.
import { inDays } from '@ragnos/testkit';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { codeOf, hours, Scene, text } from './setup.ts';

describe('order of requests', () => {
  test('cold: root N+1, timestamp, snapshot, targets; nothing speculative', async () => {
    const scene = new Scene();
    const updater = await scene.refreshed();
    expect(scene.asked()).toEqual([
      'metadata/2.root.json',
      'metadata/timestamp.json',
      'metadata/2.snapshot.json',
      'metadata/2.targets.json',
    ]);
    const info = await updater.find('a/b.txt');
    expect(scene.asked()).toEqual([]);
    expect(info).toMatchObject({ path: 'a/b.txt', length: 5, role: 'targets', via: ['targets'] });
    if (info === null) return;
    expect(text(await updater.read(info, { maxLength: 100 }))).toBe('hello');
    expect(scene.asked()).toEqual([`targets/a/${info.hashes.get('sha256')}.b.txt`]);
    const file = join(scene.dir, '..', 'b.txt');
    await updater.download(info, file);
    expect(await readFile(file, 'utf8')).toBe('hello');
  });

  test('warm, in a new process or the same: root N+1 and timestamp only', async () => {
    const scene = new Scene();
    const updater = await scene.refreshed();
    scene.asked();
    await updater.refresh();
    expect(scene.asked()).toEqual(['metadata/2.root.json', 'metadata/timestamp.json']);
    await scene.refreshed({ root: undefined });
    expect(scene.asked()).toEqual(['metadata/2.root.json', 'metadata/timestamp.json']);
  });

  test('only what changed is fetched', async () => {
    const scene = new Scene();
    await scene.refreshed();
    scene.sim.publishSnapshot();
    scene.asked();
    await scene.refreshed();
    expect(scene.asked()).toEqual([
      'metadata/2.root.json',
      'metadata/timestamp.json',
      'metadata/3.snapshot.json',
    ]);
  });

  test('without consistent snapshots no version and no digest is in the names', async () => {
    const scene = new Scene({ consistentSnapshot: false });
    const updater = await scene.refreshed();
    const info = await updater.find('a/b.txt');
    if (info !== null) await updater.read(info, { maxLength: 10 });
    expect(scene.asked()).toEqual([
      'metadata/2.root.json',
      'metadata/timestamp.json',
      'metadata/snapshot.json',
      'metadata/targets.json',
      'targets/a/b.txt',
    ]);
  });

  test('metadata without lengths and hashes works too', async () => {
    const scene = new Scene({ hashes: false });
    await scene.refreshed();
    scene.asked();
    const updater = await scene.refreshed();
    expect(scene.asked()).toHaveLength(2);
    expect(await updater.find('a/b.txt')).not.toBeNull();
  });
});

describe('5.3 root', () => {
  test('follows a chain of rotations, every kind of key', async () => {
    const scene = new Scene();
    await scene.refreshed();
    for (const role of ['root', 'timestamp', 'snapshot', 'targets'] as const) {
      scene.sim.rotate(role, 3, 2);
      scene.sim.publishRoot();
    }
    scene.sim.publish();
    scene.asked();
    const updater = await scene.refreshed();
    expect(updater.trusted.root.version).toBe(5);
    expect(scene.asked().slice(0, 5)).toEqual([2, 3, 4, 5, 6].map((n) => `metadata/${n}.root.json`));
    await scene.refreshed(); // the chain kept here is verified again, not fetched again
    expect(scene.asked()).toEqual(['metadata/6.root.json', 'metadata/timestamp.json']);
  });

  test('a root that skips a version, repeats one, or lacks the old threshold', async () => {
    const scene = new Scene();
    await scene.refreshed();
    const first = scene.sim.firstRoot;
    scene.sim.overrides.set('metadata/2.root.json', first);
    await expect(scene.refreshed()).rejects.toMatchObject({ code: 'BAD_VERSION' });
    scene.sim.overrides.set('metadata/2.root.json', scene.sim.publishRoot(3));
    await expect(scene.refreshed()).rejects.toMatchObject({ code: 'BAD_VERSION' });
    const other = new Scene(); // another repository's keys
    scene.sim.overrides.set('metadata/2.root.json', other.sim.publishRoot());
    await expect(scene.refreshed()).rejects.toMatchObject({ code: 'UNSIGNED' });
    scene.sim.overrides.clear();
    scene.sim.roots.length = 1;
    expect((await scene.refreshed()).trusted.root.version).toBe(1);
  });

  test('endless rotation stops at the bound', async () => {
    const scene = new Scene();
    const { defaultLimits } = await import('@ragnos/tuf');
    for (let i = 0; i < 5; i++) scene.sim.publishRoot();
    const updater = await scene.refreshed({ limits: { ...defaultLimits, maxRootRotations: 3 } });
    expect(updater.trusted.root.version).toBe(4);
  });

  test('expired intermediate roots are links, an expired newest root is a freeze', async () => {
    const scene = new Scene();
    scene.sim.root.expires = inDays(hours(0), -1);
    scene.sim.publishRoot();
    await expect(scene.refreshed()).rejects.toMatchObject({ code: 'EXPIRED' });
    scene.sim.root.expires = inDays(hours(0), 1);
    scene.sim.publishRoot();
    expect((await scene.refreshed()).trusted.root.version).toBe(3);
  });
});

describe('5.4 to 5.6', () => {
  test('rollback of timestamp, of snapshot in timestamp, of a role in snapshot (CVE-2022-29173)', async () => {
    const scene = new Scene();
    scene.sim.publish();
    const old = scene.sim.files();
    scene.sim.publish();
    await scene.refreshed();
    scene.sim.serve(old);
    await expect(scene.refreshed()).rejects.toMatchObject({ code: 'BAD_VERSION' });
    scene.sim.serve(null);
    const { version } = scene.sim.snapshot;
    scene.sim.snapshot.version = version - 1;
    scene.sim.publishTimestamp();
    await expect(scene.refreshed()).rejects.toMatchObject({ code: 'BAD_VERSION' });
    scene.sim.snapshot.version = version;
    scene.sim.targets.version--;
    scene.sim.publishSnapshot();
    await expect(scene.refreshed()).rejects.toMatchObject({ code: 'BAD_VERSION' });
    scene.sim.targets.version++;
    scene.sim.publishSnapshot();
    expect((await scene.refreshed()).knowledge().versions.get('targets')).toBe(scene.sim.targets.version);
  });

  test('freeze: an expired timestamp, snapshot, targets', async () => {
    const scene = new Scene();
    await scene.refreshed();
    scene.now = hours(25);
    await expect(scene.refreshed()).rejects.toMatchObject({ code: 'EXPIRED' });
    scene.sim.timestamp.expires = inDays(hours(0), 100);
    scene.sim.publishTimestamp();
    scene.now = hours(8 * 24);
    await expect(scene.refreshed()).rejects.toMatchObject({ code: 'EXPIRED' });
    scene.sim.snapshot.expires = inDays(hours(0), 100);
    scene.sim.publishSnapshot();
    scene.now = hours(91 * 24);
    await expect(scene.refreshed()).rejects.toMatchObject({ code: 'EXPIRED' });
    scene.sim.targets.expires = inDays(hours(0), 100);
    scene.sim.publish();
    await scene.refreshed();
  });

  test('a long-lived client does not look up in knowledge that has expired', async () => {
    const scene = new Scene();
    const updater = await scene.refreshed();
    scene.now = hours(25);
    await expect(updater.find('a/b.txt')).rejects.toMatchObject({ code: 'EXPIRED', hint: 'refresh first' });
  });

  test('fast-forward: recovered from by rotating the key', async () => {
    const scene = new Scene();
    scene.sim.timestamp.version = 2 ** 31 - 2;
    scene.sim.publishTimestamp();
    await scene.refreshed();
    scene.sim.timestamp.version = 3;
    await expect(scene.refreshed()).rejects.toMatchObject({ code: 'BAD_VERSION' });
    scene.sim.rotate('timestamp');
    scene.sim.publishRoot();
    expect((await scene.refreshed()).trusted.timestamp?.version).toBe(3);

    scene.sim.snapshot.version = 2 ** 31 - 2;
    scene.sim.publishTimestamp();
    await scene.refreshed();
    scene.sim.rotate('snapshot');
    scene.sim.rotate('timestamp');
    scene.sim.snapshot.version = 4;
    scene.sim.publishTimestamp();
    scene.sim.publishRoot();
    expect((await scene.refreshed()).trusted.snapshot?.version).toBe(4);
  });

  test('mix and match: a snapshot, a targets role of another moment', async () => {
    const scene = new Scene();
    const before = scene.sim.files();
    scene.sim.addTarget('c', 'new');
    scene.sim.publish();
    scene.sim.overrides.set('metadata/3.snapshot.json', before.get('metadata/2.snapshot.json') ?? null);
    await expect(scene.refreshed()).rejects.toMatchObject({ code: 'LENGTH_OR_HASH_MISMATCH' });
    scene.sim.overrides.clear();
    scene.sim.overrides.set('metadata/3.targets.json', before.get('metadata/2.targets.json') ?? null);
    expect(await codeOf(scene.refreshed())).toMatch(/MISMATCH|DOWNLOAD_LENGTH/);
    scene.sim.overrides.clear();
    await scene.refreshed();
  });

  test('a signature by a key rotated out', async () => {
    const scene = new Scene();
    const old = scene.sim.signers.get('timestamp') ?? [];
    await scene.refreshed();
    scene.sim.rotate('timestamp');
    scene.sim.publishRoot();
    await scene.refreshed();
    scene.sim.signers.set('timestamp', old);
    scene.sim.publishTimestamp();
    await expect(scene.refreshed()).rejects.toMatchObject({ code: 'UNSIGNED' });
  });

  test('a refused refresh leaves the last good state in force', async () => {
    const scene = new Scene();
    const updater = await scene.refreshed();
    const before = updater.trusted;
    scene.sim.publish();
    scene.sim.overrides.set('metadata/3.targets.json', null);
    await expect(updater.refresh()).rejects.toMatchObject({ code: 'NOT_FOUND_REMOTE' });
    expect(updater.trusted).toBe(before);
    expect(await updater.find('a/b.txt')).not.toBeNull();
  });
});
