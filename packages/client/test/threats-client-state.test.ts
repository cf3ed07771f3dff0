// THREATS.md, "Client state": damaged and older files are recovered or refused, never trusted, never bricked, and rollback
// protection is never lost.
import { RecordingFileSystem } from '@ragnos/testkit';
import type { Files, Survives } from '@ragnos/testkit';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { bytes, codeOf, hours, never, Scene, temporary } from './setup.ts';

/** A folder that has seen two roots, two states and a delegated role, and the older state of the repository. */
async function seasoned(): Promise<{ scene: Scene; old: Files; oldDir: string }> {
  const scene = new Scene();
  scene.sim.delegate({ name: 'role' });
  scene.sim.addTarget('x', '1', 'role');
  scene.sim.publish();
  await (await scene.refreshed()).find('x');
  const old = scene.sim.files();
  const oldDir = temporary();
  await cp(scene.dir, oldDir, { recursive: true });
  scene.sim.rotate('root');
  scene.sim.publishRoot();
  scene.sim.publish('targets', 'role');
  await (await scene.refreshed()).find('x');
  return { scene, old, oldDir };
}

async function filesOf(dir: string): Promise<readonly string[]> {
  const names = await readdir(dir, { recursive: true });
  const files: string[] = [];
  for (const name of names) if (name !== 'lock' && (await stat(join(dir, name))).isFile()) files.push(name);
  return files.toSorted();
}

test('what is kept: bytes as received, roots for ever, the guards against rollback twice', async () => {
  const { scene } = await seasoned();
  const twice = ['root_history/1.root.json', 'root_history/2.root.json', 'timestamp.json', 'snapshot.json'];
  const kept = [...twice, 'started-from.json', 'state.json'].flatMap((file) => [file, `backup/${file}`]);
  kept.push('targets.json', 'roles/role.json');
  expect(await filesOf(scene.dir)).toEqual(kept.toSorted());
  for (const [file, path] of [
    ['root_history/2.root.json', 'metadata/2.root.json'],
    ['timestamp.json', 'metadata/timestamp.json'],
    ['snapshot.json', 'metadata/4.snapshot.json'],
    ['targets.json', 'metadata/4.targets.json'],
    ['roles/role.json', 'metadata/2.role.json'],
  ] as const)
    expect(await readFile(join(scene.dir, file))).toEqual(Buffer.from(scene.sim.file(path) ?? []));
});

const damages = {
  truncated: (whole: Uint8Array) => whole.subarray(0, whole.length >> 1),
  emptied: () => new Uint8Array(),
  zeros: (whole: Uint8Array) => new Uint8Array(whole.length),
  garbage: () => bytes('{"signed":{}}'),
  endless: () => new Uint8Array(6_000_000),
} satisfies Record<string, (whole: Uint8Array) => Uint8Array>;

describe.each(Object.entries(damages))('%s', (_name, damage) => {
  test('each file alone: healed by the next refresh, and an older state is refused before that', async () => {
    const { scene, old } = await seasoned();
    const pristine = temporary();
    await cp(scene.dir, pristine, { recursive: true });
    for (const file of await filesOf(scene.dir)) {
      await rm(scene.dir, { recursive: true });
      await cp(pristine, scene.dir, { recursive: true });
      const whole = await readFile(join(scene.dir, file));
      await writeFile(join(scene.dir, file), damage(whole));
      scene.sim.serve(old);
      expect(await codeOf(scene.refreshed())).toMatch(/BAD_VERSION|LOCAL_ROOT_LOST/);
      scene.sim.serve(null);
      const updater = await scene.refreshed({ root: undefined });
      await updater.find('x');
      const healed = (await readFile(join(scene.dir, file))).equals(whole);
      expect({ file, healed }).toEqual({ file, healed: true });
    }
  });

  test('all first copies at once', async () => {
    const { scene, old } = await seasoned();
    for (const file of await filesOf(scene.dir))
      if (!file.startsWith('backup'))
        await writeFile(join(scene.dir, file), damage(await readFile(join(scene.dir, file))));
    scene.sim.serve(old);
    await expect(scene.refreshed()).rejects.toMatchObject({ code: 'BAD_VERSION' });
    scene.sim.serve(null);
    await (await scene.refreshed({ root: undefined })).find('x');
  });

  test('everything: as new, with the root that is given; and nothing is trusted without one', async () => {
    const { scene } = await seasoned();
    for (const file of await filesOf(scene.dir))
      await writeFile(join(scene.dir, file), damage(await readFile(join(scene.dir, file))));
    await expect(scene.open({ root: undefined })).rejects.toMatchObject({ code: 'NO_TRUSTED_ROOT' });
    expect((await scene.refreshed()).trusted.root.version).toBe(2);
  });
});

test('older copies put back: the newer second copy still guards', async () => {
  const { scene, old, oldDir } = await seasoned();
  for (const file of ['timestamp.json', 'snapshot.json', 'targets.json', 'roles/role.json'])
    await cp(join(oldDir, file), join(scene.dir, file));
  scene.sim.serve(old);
  await expect(scene.refreshed()).rejects.toMatchObject({ code: 'BAD_VERSION' });
  scene.sim.serve(null);
  await (await scene.refreshed()).find('x');
});

test('a root that was trusted and is damaged in both copies: refused while it is withheld, fetched when it is served', async () => {
  const { scene, old } = await seasoned();
  for (const file of ['root_history/2.root.json', 'backup/root_history/2.root.json'])
    await writeFile(join(scene.dir, file), '');
  scene.sim.serve(old);
  await expect(scene.refreshed()).rejects.toMatchObject({ code: 'LOCAL_ROOT_LOST' });
  scene.sim.serve(null);
  expect((await scene.refreshed()).trusted.root.version).toBe(2);
});

test('a folder in place of a file is damage too, and said so when it cannot be replaced', async () => {
  const { scene } = await seasoned();
  await rm(join(scene.dir, 'timestamp.json'));
  await mkdir(join(scene.dir, 'timestamp.json'));
  await expect(scene.refreshed()).rejects.toMatchObject({ code: 'DISK_LINK' });
});

describe('the root that trust begins with', () => {
  test('none given for a new folder: nothing is trusted on first use', async () => {
    const scene = new Scene();
    await expect(scene.open({ root: undefined })).rejects.toMatchObject({ code: 'NO_TRUSTED_ROOT' });
    expect(scene.asked()).toEqual([]);
  });

  test('of another repository: refused at once, the folder unchanged', async () => {
    const { scene } = await seasoned();
    await expect(scene.open({ root: new Scene().sim.firstRoot })).rejects.toMatchObject({
      code: 'ROOT_PIN_MISMATCH',
    });
    expect((await scene.refreshed()).trusted.root.version).toBe(2);
  });

  test('a newer one of the same chain is accepted once the chain has led to it, a forged one never', async () => {
    const { scene } = await seasoned();
    const third = scene.sim.publishRoot();
    expect((await scene.refreshed({ root: third })).trusted.root.version).toBe(3);
    const forged = new Scene();
    for (let i = 0; i < 3; i++) forged.sim.publishRoot();
    await expect(scene.refreshed({ root: forged.sim.roots[3] })).rejects.toMatchObject({
      code: 'ROOT_PIN_MISMATCH',
    });
    scene.sim.publishRoot();
    await expect(scene.refreshed({ root: forged.sim.roots[3] })).rejects.toMatchObject({
      code: 'ROOT_PIN_MISMATCH',
    });
  });

  test('an older one than the folder started from must lead to it', async () => {
    const scene = new Scene();
    const second = scene.sim.publishRoot();
    await scene.refreshed({ root: second });
    scene.asked();
    await scene.refreshed({ root: scene.sim.firstRoot });
    expect(scene.asked().slice(0, 2)).toEqual(['metadata/3.root.json', 'metadata/timestamp.json']);
    const other = new Scene();
    expect(await codeOf(scene.refreshed({ root: other.sim.firstRoot }))).toMatch(/PIN|UNSIGNED|LOST/);
  });
});

describe('offline', () => {
  test('asks nobody, writes nothing, verifies, and says how old it is', async () => {
    const { scene } = await seasoned();
    scene.asked();
    const before = await filesOf(scene.dir);
    scene.now = hours(5);
    const updater = await scene.refreshed({ offline: true, root: undefined });
    expect(scene.asked()).toEqual([]);
    expect(await filesOf(scene.dir)).toEqual(before);
    expect(updater.knowledge()).toMatchObject({ lastRefresh: hours(0), ageMs: 5 * 3600_000 });
    const info = await updater.find('x');
    expect(info?.role).toBe('role');
    await expect(updater.read(info ?? never(), { maxLength: 9 })).rejects.toMatchObject({ code: 'OFFLINE' });
    scene.now = hours(25);
    await expect(scene.refreshed({ offline: true })).rejects.toMatchObject({ code: 'EXPIRED' });
  });

  test('damaged beyond the second copy: refused, not trusted', async () => {
    const { scene } = await seasoned();
    await writeFile(join(scene.dir, 'targets.json'), '');
    await expect(scene.refreshed({ offline: true })).rejects.toMatchObject({ code: 'OFFLINE' });
  });

  test('a folder that was never refreshed', async () => {
    const scene = new Scene();
    await expect(scene.refreshed({ offline: true })).rejects.toMatchObject({ code: 'OFFLINE' });
  });
});

describe.each<Survives>(['nothing', 'names'])(
  'power cut during a refresh, %s unsynced survives',
  (survives) => {
    test('after each change: not bricked, and what a refresh returned for is remembered', async () => {
      let replayed = '';
      for (let changes = 0, done = false; !done; changes++) {
        const scene = new Scene();
        const fs = new RecordingFileSystem();
        const dir = temporary(); // only the lock is on the real disk
        await scene.refreshed({ fs, dir });
        const old = scene.sim.files();
        scene.sim.rotate('timestamp');
        scene.sim.publishRoot();
        scene.sim.publish();
        fs.cutAfter(changes);
        done = await scene.refreshed({ fs, dir }).then(
          () => true,
          () => false,
        );
        fs.crash(survives);
        scene.sim.serve(old);
        replayed = await codeOf(scene.refreshed({ fs, dir }));
        scene.sim.serve(null);
        const updater = await scene.refreshed({ fs, dir, root: undefined });
        expect({ changes, root: updater.trusted.root.version }).toEqual({ changes, root: 2 });
      }
      expect(replayed).toBe('UNSIGNED'); // by the key that the last refresh, which returned, knows to be gone
    });
  },
);
