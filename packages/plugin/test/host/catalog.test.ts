/** What the door writes down of a vendor, and what hosts make of it: suspension, and a catalog that only grows. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultHostLimits, recordFirstSeen, vendorName, type Catalog } from '@ragnos/plugin';
import { describe, expect, test } from 'vitest';
import { codeOf, sha256, World } from './world.ts';

const acme = vendorName('acme');
const suspend = (catalog: Catalog): Catalog => ({ ...catalog, suspended: true });
const see =
  (name: string, at = '2026-01-01T00:00:00Z') =>
  (catalog: Catalog): Catalog =>
    recordFirstSeen(catalog, acme, [{ sha256: sha256(name), path: name }], at);

describe('a suspended vendor', () => {
  test('is not installed, and what is installed is not updated; it goes on running', async () => {
    const world = await World.create();
    const host = await world.host();
    await host.install('acme/hello');
    await world.publish('1.1.0');
    world.catalog(suspend);
    const before = world.installed();
    expect(await codeOf(host.update())).toBe('SUSPENDED');
    expect(await codeOf(host.install('acme/hello@1.1.0'))).toBe('SUSPENDED');
    expect(await codeOf(host.install('acme/hello', { dryRun: true }))).toBe('SUSPENDED');
    expect(world.installed()).toEqual(before);
    expect(await host.run('acme/hello', [], { stdio: 'pipe' })).toMatchObject({ exitCode: 0 });
    expect(world.events.filter(({ code }) => code === 'SUSPENDED')).toHaveLength(3);
    const elsewhere = await world.host({ project: null });
    expect(await codeOf(elsewhere.install('acme/other'))).toBe('SUSPENDED');
  });

  test('is a finding of status and, once it was heard of, of verify; also offline', async () => {
    const world = await World.create();
    const host = await world.host();
    await host.install('acme/hello');
    await world.publish('1.1.0');
    world.catalog((catalog) => catalog);
    expect(await host.status()).toMatchObject({ plugins: [{ held: null, newer: '1.1.0' }] });
    world.catalog(suspend);
    expect(await host.verify()).toMatchObject([{ ok: true, held: null }]);
    expect(await host.status()).toMatchObject({
      stale: null,
      plugins: [{ held: { code: 'SUSPENDED' }, newer: null, newest: null, version: '1.0.0' }],
    });
    expect(await host.verify()).toMatchObject([{ ok: true, held: { code: 'SUSPENDED' } }]);
    const offline = await world.host({ offline: true });
    expect(await offline.status()).toMatchObject({ plugins: [{ held: { code: 'SUSPENDED' } }] });
    expect(await codeOf(offline.install('acme/hello'))).toBe('SUSPENDED');
    world.simulator.overrides.set('metadata/timestamp.json', null);
    expect(await host.status()).toMatchObject({
      stale: { code: 'NOT_FOUND_REMOTE' },
      plugins: [{ held: { code: 'SUSPENDED' } }],
    });
  });

  test('comes back when the suspension is lifted', async () => {
    const world = await World.create();
    const host = await world.host();
    world.catalog(suspend);
    expect(await codeOf(host.install('acme/hello'))).toBe('SUSPENDED');
    world.catalog((catalog) => ({ ...catalog, suspended: false }));
    expect(await host.install('acme/hello')).toMatchObject({ changed: true });
    expect(await host.status()).toMatchObject({ plugins: [{ held: null }] });
  });

  test('does not stop the plugins of others', async () => {
    const world = await World.create();
    world.simulator.delegate({ name: 'vendor.zeta', paths: ['vendors/zeta/*/*'], terminating: true });
    world.simulator.publish('targets');
    await world.publish('1.0.0', { vendor: 'zeta' });
    const host = await world.host();
    await host.install('acme/hello');
    await host.install('zeta/hello');
    await world.publish('2.0.0');
    await world.publish('2.0.0', { vendor: 'zeta' });
    world.catalog(suspend);
    expect(await codeOf(host.update())).toBe('SUSPENDED');
    expect(await host.list()).toMatchObject([
      { vendor: 'acme', version: '1.0.0' },
      { vendor: 'zeta', version: '2.0.0' },
    ]);
  });
});

test('a vendor whose name looks like a file of the host’s own', async () => {
  const world = await World.create();
  for (const vendor of ['revocations.json', 'search.json']) {
    const paths = [`vendors/${vendor}/*/*`];
    world.simulator.delegate({ name: `vendor.${vendor}`, paths, terminating: true });
    world.simulator.publish('targets');
    await world.publish('1.0.0', { vendor });
    world.catalog((catalog) => catalog, vendor);
  }
  world.revoke(sha256('something else'));
  const host = await world.host();
  for (const vendor of ['revocations.json', 'search.json'])
    expect(await host.install(`${vendor}/hello`)).toMatchObject({ changed: true });
  expect(await host.search('hello')).toHaveLength(3);
  expect(await host.update()).toMatchObject([{ changed: false }, { changed: false }]);
  world.revoke();
  expect(await codeOf(host.update())).toBe('REVOCATIONS_LOST');
});

describe('a catalog that this host has seen', () => {
  test('may be absent where it never was, and is kept once it was there', async () => {
    const world = await World.create();
    const host = await world.host();
    await host.install('acme/hello');
    world.catalog(see('a'));
    await world.publish('1.1.0');
    await host.update();
    expect(readFileSync(join(world.folder, 'known/acme/catalog.json'))).toEqual(
      Buffer.from(world.simulator.content.get('catalog/acme.json') ?? ''),
    );
    world.simulator.requests.length = 0;
    await host.update();
    expect(world.simulator.requests.filter((path) => path.includes('catalog/'))).toEqual([]);
  });

  const losses: Readonly<Record<string, (world: World) => void>> = {
    'is gone': (world) => {
      world.simulator.role('catalog').targets.clear();
      world.simulator.publish('catalog');
    },
    'lost a digest': (world) => world.catalog(() => see('b')({ ...empty })),
    'lost all of them': (world) => world.catalog(() => empty),
    'tells another time': (world) => world.catalog(() => see('a', '2025-01-01T00:00:00Z')(empty)),
  };
  const empty: Catalog = {
    vendor: acme,
    suspended: false,
    owners: [],
    submissions: [],
    totals: { files: 0, bytes: 0 },
    digests: new Map(),
    plugins: new Map(),
  };
  test.each(Object.entries(losses))('%s: refused, and shown', async (_name, lose) => {
    const world = await World.create();
    const host = await world.host();
    world.catalog(see('a'));
    await host.install('acme/hello');
    await world.publish('1.1.0');
    lose(world);
    const before = world.installed();
    const kept = readFileSync(join(world.folder, 'known/acme/catalog.json'));
    expect(await codeOf(host.update())).toBe('CATALOG_LOST');
    expect(await host.status()).toMatchObject({
      plugins: [{ held: { code: 'CATALOG_LOST' }, newer: null }],
    });
    expect(world.installed()).toEqual(before);
    expect(readFileSync(join(world.folder, 'known/acme/catalog.json'))).toEqual(kept);
    world.catalog(() => see('b')(see('a')(empty)));
    expect(await host.update()).toMatchObject([{ version: '1.1.0' }]);
  });

  test('is that of its vendor, is one, and is not longer than is read', async () => {
    const world = await World.create();
    const host = await world.host();
    world.catalog((catalog) => ({ ...catalog, vendor: vendorName('zeta') }));
    expect(await codeOf(host.install('acme/hello'))).toBe('IDENTITY_MISMATCH');
    world.simulator.addTarget('catalog/acme.json', '{"format":"ragnos-catalog/2"}', 'catalog');
    world.simulator.publish('catalog');
    expect(await codeOf(host.install('acme/hello'))).toBe('BAD_FORMAT');
    world.simulator.addTarget('catalog/acme.json', JSON.stringify({ x: 'x'.repeat(5000) }), 'catalog');
    world.simulator.publish('catalog');
    const small = await world.host({ limits: { ...defaultHostLimits, catalogMaxLength: 5000 } });
    expect(await codeOf(small.install('acme/hello'))).toBe('LIMIT');
    expect(await host.list()).toEqual([]);
  });

  test('damaged on this disk: read anew with a connection, refused without', async () => {
    const world = await World.create();
    const host = await world.host();
    world.catalog(see('a'));
    await host.install('acme/hello');
    const file = join(world.folder, 'known/acme/catalog.json');
    const whole = readFileSync(file);
    writeFileSync(file, '{');
    const offline = await world.host({ offline: true });
    expect(await codeOf(offline.install('acme/hello'))).toBe('HOST_STATE');
    expect(await offline.verify()).toMatchObject([{ ok: true, held: { code: 'HOST_STATE' } }]);
    expect(await host.install('acme/hello')).toMatchObject({ changed: false });
    expect(readFileSync(file)).toEqual(whole);
    expect(await offline.verify()).toMatchObject([{ ok: true, held: null }]);
  });

  test('offline, one that has changed since is as it was known', async () => {
    const world = await World.create();
    const host = await world.host();
    world.catalog(see('a'));
    await host.install('acme/hello');
    world.catalog(suspend);
    await host.search('hello'); // the metadata goes on, the catalog is not asked for
    const offline = await world.host({ offline: true });
    expect(await offline.install('acme/hello')).toMatchObject({ changed: false });
    expect(await codeOf(host.update())).toBe('SUSPENDED');
    expect(await codeOf(offline.install('acme/hello'))).toBe('SUSPENDED');
  });

  test('is read once for all plugins of a vendor', async () => {
    const world = await World.create();
    const host = await world.host();
    for (const plugin of ['other', 'third']) await world.publish('1.0.0', { plugin });
    for (const plugin of ['hello', 'other', 'third']) await host.install(`acme/${plugin}`);
    world.catalog(see('a'));
    world.simulator.requests.length = 0;
    await host.update();
    expect(world.simulator.requests.filter((path) => path.includes('catalog/'))).toHaveLength(1);
  });
});
