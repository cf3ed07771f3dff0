/** The door writes down what it publishes, under a key that no vendor has: what it never saw came past it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  emptyCatalog,
  firstSeenOf,
  parseCatalog,
  pluginVersion,
  recordFirstSeen,
  serializeCatalog,
  vendorName,
} from '@ragnos/plugin';
import { targetPath } from '@ragnos/tuf';
import { describe, expect, test } from 'vitest';
import { build, codeOf, World, type Built } from './world.ts';

const acme = vendorName('acme');
const path = 'catalog/acme~hello.json';
const early = '2026-01-01T00:00:00Z';
const late = '2026-01-04T00:00:00Z';

/** As the door does it, in the commit of the version. */
function see(world: World, { manifest, manifestBytes }: Built, at = early): void {
  const folder = `vendors/acme/${manifest.plugin}/`;
  const [artifact, own] = [manifest.artifact.name, `${manifest.plugin}-${manifest.version}.manifest.json`];
  const refs = world.index(manifest.plugin).versions.get(manifest.version);
  expect(refs?.manifest.length).toBe(manifestBytes.length);
  record(world, at, [
    { sha256: refs?.artifact.sha256 ?? '', path: folder + artifact },
    { sha256: refs?.manifest.sha256 ?? '', path: folder + own },
  ]);
}

function record(world: World, at: string, seen: Parameters<typeof recordFirstSeen>[2]): void {
  const there = world.simulator.role('catalog').targets.has(targetPath(path));
  const before = there ? parseCatalog(world.simulator.content.get(path) ?? new Uint8Array()) : null;
  const next = recordFirstSeen(before, acme, seen, at);
  world.simulator.addTarget(path, serializeCatalog(next), 'catalog');
  world.simulator.publish('catalog');
}

/** A repository whose door keeps files, with version 1.0.0 seen and installed. */
async function installed(): Promise<{ world: World; first: Built }> {
  const world = await World.create();
  const first = await build('1.0.0');
  see(world, first);
  world.catalog((catalog) => ({ ...catalog, totals: { files: 2, bytes: 1 } }));
  await (await world.host()).install('acme/hello');
  return { world, first };
}

describe('a version that was signed with a stolen key of the vendor, past the door', () => {
  test('is not installed, however it is asked for; what the door published is', async () => {
    const { world } = await installed();
    const host = await world.host();
    await world.publish('1.1.0');
    const before = world.installed();
    const calls = [
      () => host.update(),
      () => host.install('acme/hello'),
      () => host.install('acme/hello@1.1.0'),
      () => host.install('acme/hello@^1', { dryRun: true }),
    ];
    for (const call of calls) expect(await codeOf(call())).toBe('NEVER_SEEN');
    expect(world.installed()).toEqual(before);
    expect(await host.install('acme/hello@1.0.0')).toMatchObject({ changed: false });
    expect(await host.run('acme/hello', [], { stdio: 'pipe' })).toMatchObject({ exitCode: 0 });
    expect(world.events.filter(({ code }) => code === 'NEVER_SEEN').length).toBeGreaterThanOrEqual(4);
  });

  test('is shown as refused by status, info and explain', async () => {
    const { world } = await installed();
    const host = await world.host();
    await world.publish('1.1.0');
    expect(await host.status()).toMatchObject({
      plugins: [{ version: '1.0.0', held: { code: 'NEVER_SEEN' }, newer: null, newest: null }],
    });
    expect(await host.info('acme/hello')).toMatchObject({
      versions: [
        { version: '1.1.0', firstSeen: null, refused: { code: 'NEVER_SEEN' } },
        { version: '1.0.0', firstSeen: early, refused: null },
      ],
    });
    expect(await host.explain('acme/hello@1.1.0')).toMatchObject({
      firstSeen: null,
      refused: { code: 'NEVER_SEEN' },
    });
    expect(await host.explain('acme/hello@1.0.0')).toMatchObject({ firstSeen: early, refused: null });
  });

  test('also as a plugin of its own, of which the door knows nothing', async () => {
    const { world } = await installed();
    await world.publish('1.0.0', { plugin: 'evil' });
    expect(await codeOf((await world.host()).install('acme/evil'))).toBe('NEVER_SEEN');
  });

  test('with other bytes under a path that the door saw', async () => {
    const world = await World.create();
    const host = await world.host();
    const honest = await build('1.1.0');
    const evil = await build('1.1.0', { files: { 'bin.js': 'steal()' } });
    world.publishBuilt(evil);
    record(world, early, [
      { sha256: honest.manifest.artifact.sha256, path: `vendors/acme/hello/hello-1.1.0.tgz` },
    ]);
    expect(await codeOf(host.install('acme/hello@1.1.0'))).toBe('NEVER_SEEN');
    record(world, early, [
      { sha256: evil.manifest.artifact.sha256, path: 'elsewhere' },
      ...[...world.index().versions].map(([version, { manifest }]) => ({
        sha256: manifest.sha256,
        path: `vendors/acme/hello/hello-${version}.manifest.json`,
      })),
    ]);
    expect(await codeOf(host.install('acme/hello@1.1.0'))).toBe('PATH_REDEFINED');
  });

  test('is installed once the door has seen it', async () => {
    const { world } = await installed();
    const host = await world.host();
    const next = await world.publish('1.1.0');
    expect(await codeOf(host.update())).toBe('NEVER_SEEN');
    see(world, next, late);
    expect(await host.update()).toMatchObject([{ version: '1.1.0' }]);
    expect(await host.info('acme/hello')).toMatchObject({
      versions: [{ firstSeen: late }, { firstSeen: early }],
    });
  });
});

describe('what the door saw', () => {
  test('is asked of nobody where no door wrote it down', async () => {
    const world = await World.create();
    const host = await world.host();
    await host.install('acme/hello');
    world.catalog((catalog) => ({ ...catalog, suspended: false })); // a catalog that is about the vendor alone
    await world.publish('1.1.0');
    expect(await host.update()).toMatchObject([{ version: '1.1.0' }]);
    expect(await host.info('acme/hello')).toMatchObject({
      versions: [{ firstSeen: null, refused: null }, {}],
    });
  });

  test('may stand with the vendor, as early versions kept it', async () => {
    const world = await World.create();
    const refs = world.index().versions.get(pluginVersion('1.0.0'));
    world.catalog((catalog) => ({
      ...recordFirstSeen(
        catalog,
        acme,
        [refs?.artifact.sha256 ?? '', refs?.manifest.sha256 ?? ''].map((sha256) => ({
          sha256,
          path: sha256,
        })),
        early,
      ),
      totals: { files: 2, bytes: 1 },
    }));
    const host = await world.host();
    expect(await host.install('acme/hello')).toMatchObject({ changed: true });
    expect(await host.info('acme/hello')).toMatchObject({ versions: [{ firstSeen: early }] });
  });

  const losses: Readonly<Record<string, (world: World) => void>> = {
    'is gone': (world) => {
      world.simulator.role('catalog').targets.delete(targetPath(path));
      world.simulator.publish('catalog');
    },
    'lost its digests': (world) => {
      world.simulator.addTarget(path, serializeCatalog(emptyCatalog(acme)), 'catalog');
      world.simulator.publish('catalog');
    },
    'tells an earlier time': (world) => {
      const seen = parseCatalog(world.simulator.content.get(path) ?? new Uint8Array());
      const digests = new Map(
        [...seen.digests].map(([sha256, one]) => [sha256, { ...one, firstSeen: '2020-01-01T00:00:00Z' }]),
      );
      world.simulator.addTarget(path, serializeCatalog({ ...seen, digests }), 'catalog');
      world.simulator.publish('catalog');
    },
  };
  test.each(Object.entries(losses))('%s: refused, and what is known here stays', async (_name, lose) => {
    const { world } = await installed();
    const host = await world.host();
    const kept = readFileSync(join(world.folder, 'known/acme/hello.seen.json'));
    see(world, await world.publish('1.1.0'), late);
    lose(world);
    expect(await codeOf(host.update())).toBe('CATALOG_LOST');
    expect(await host.status()).toMatchObject({ plugins: [{ held: { code: 'CATALOG_LOST' } }] });
    expect(readFileSync(join(world.folder, 'known/acme/hello.seen.json'))).toEqual(kept);
  });

  test('is known offline, and not asked for again while it stays the same', async () => {
    const { world } = await installed();
    world.simulator.requests.length = 0;
    await (await world.host()).update();
    expect(world.simulator.requests.filter((request) => request.includes('catalog/'))).toEqual([]);
    const offline = await world.host({ offline: true });
    expect(await offline.info('acme/hello')).toMatchObject({
      versions: [{ firstSeen: early, refused: null }],
    });
    expect(await offline.install('acme/hello')).toMatchObject({ changed: false });
  });

  test('of a version is the later of its two times, or nothing', () => {
    const ref = (sha256: string) => ({ name: sha256, length: 1, sha256 });
    const at = (firstSeen: string) => ({ path: 'x', firstSeen, length: null, gates: [] });
    const entry = { artifact: ref('a'), manifest: ref('b') };
    expect(
      firstSeenOf(
        new Map([
          ['a', at(early)],
          ['b', at(late)],
        ]),
        entry,
      ),
    ).toBe(late);
    expect(
      firstSeenOf(
        new Map([
          ['a', at(late)],
          ['b', at(early)],
        ]),
        entry,
      ),
    ).toBe(late);
    expect(firstSeenOf(new Map([['a', at(early)]]), entry)).toBe(null);
  });
});
