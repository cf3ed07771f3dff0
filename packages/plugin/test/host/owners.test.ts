/**
 * THREATS.md, "Repository state": "A vendor that claims another vendor's path", "Changing its keys". Decision 6: a new key
 * set that the old threshold did not countersign is a change of owner, which hosts see and hold.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { handoverBytes, trustRepository, vendorName, type Catalog, type Owner } from '@ragnos/plugin';
import { newTestKey, type TestKey } from '@ragnos/testkit';
import { parseJson, Reader, repositoryId } from '@ragnos/tuf';
import { beforeEach, describe, expect, test } from 'vitest';
import { bytesOf, codeOf, tempFolder, World } from './world.ts';

const acme = vendorName('acme');
const since = '2026-01-01T00:00:00Z';
const keysOf = (keys: readonly TestKey[]) => keys.map(({ key }) => key);

let world: World;

beforeEach(async () => {
  world = await World.create();
});

/** The keys of the vendor, and the catalog's record of it: `signers` countersign. */
function handOver(
  to: readonly TestKey[],
  signers: readonly TestKey[],
  options: { readonly threshold?: number; readonly from?: readonly TestKey[] } = {},
): void {
  const from = options.from ?? world.simulator.signers.get('vendor.acme') ?? [];
  const threshold = options.threshold ?? to.length;
  const after = { keys: keysOf(to), threshold };
  const repository = repositoryId(world.simulator.root) ?? '';
  const message = handoverBytes(repository, acme, { keys: keysOf(from) }, after);
  const handover = signers.map((signer) => signer.sign(message));
  const owner: Owner = { ...after, since, handover };
  const first: Owner = { keys: keysOf(from), threshold: from.length, since, handover: [] };
  world.catalog((catalog) => ({
    ...catalog,
    owners: [...(catalog.owners.length === 0 ? [first] : catalog.owners), owner],
  }));
  world.vendorKeys(to, threshold);
}

const current = (): readonly TestKey[] => [...(world.simulator.signers.get('vendor.acme') ?? [])];

function ownerFile(): unknown {
  return JSON.parse(readFileSync(join(world.folder, 'known/acme/owner.json'), 'utf8'));
}

const shortIds = (keys: readonly TestKey[]): readonly string[] =>
  keys.map(({ key }) => key.keyId.slice(0, 16));

describe('changing its keys', () => {
  test('handed over: followed, recorded, an event and a note', async () => {
    const host = await world.host();
    await host.install('acme/hello');
    const before = current();
    const next = [newTestKey(), newTestKey()];
    handOver(next, before);
    await world.publish('1.1.0');
    const [result] = await host.update();
    expect(result).toMatchObject({ version: '1.1.0', changed: true });
    expect(result?.notes[0]).toContain('handed over by the keys before');
    expect(world.events.map(({ code }) => code)).toContain('OWNER_HANDED_OVER');
    expect(ownerFile()).toMatchObject({
      keyIds: next.map(({ key }) => key.keyId).toSorted(),
      threshold: 2,
    });
    await world.publish('1.2.0');
    expect((await host.update())[0]?.notes).toEqual(['lifecycle scripts were not run: postinstall']);
  });

  test('not handed over: held; what is installed goes on running; nothing of the new owner is remembered', async () => {
    const host = await world.host();
    await host.install('acme/hello');
    const before = current();
    const next = [newTestKey()];
    world.vendorKeys(next);
    await world.publish('6.6.6');
    const installed = world.installed();
    const index = readFileSync(join(world.folder, 'known/acme/hello.index.json'));
    const refusal: unknown = await host.update().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ name: 'HostPolicyError', code: 'OWNER_CHANGED' });
    for (const id of [...shortIds(before), ...shortIds(next)]) expect(String(refusal)).toContain(id);
    expect(refusal).toHaveProperty('hint', expect.stringContaining('--accept-owner acme'));
    expect(await codeOf(host.install('acme/hello@6.6.6'))).toBe('OWNER_CHANGED');
    expect(await codeOf(host.install('acme/hello', { dryRun: true }))).toBe('OWNER_CHANGED');
    expect(await codeOf(host.install('acme/hello', { acceptOwner: 'zeta' }))).toBe('OWNER_CHANGED');
    expect(await host.status()).toMatchObject({
      plugins: [{ version: '1.0.0', newer: null, held: { code: 'OWNER_CHANGED' } }],
    });
    expect(world.installed()).toEqual(installed);
    expect(readFileSync(join(world.folder, 'known/acme/hello.index.json'))).toEqual(index);
    expect(await host.run('acme/hello', [], { stdio: 'pipe' })).toMatchObject({ exitCode: 0 });
    expect(await host.verify()).toMatchObject([{ ok: true, held: null }]);
    // The owner before comes back: as if nothing had been.
    world.vendorKeys(before);
    world.putIndex({
      ...world.index(),
      versions: new Map([...world.index().versions].slice(0, 1)),
      channels: new Map(),
    });
    expect(await host.status()).toMatchObject({ plugins: [{ held: null }] });
  });

  test('accepted: recorded, an event and a note; the next time there is nothing to accept', async () => {
    const host = await world.host();
    await host.install('acme/hello');
    world.vendorKeys([newTestKey()]);
    await world.publish('1.1.0');
    expect(await host.install('acme/hello', { acceptOwner: 'acme', dryRun: true })).toMatchObject({
      version: '1.1.0',
    });
    expect(await codeOf(host.update())).toBe('OWNER_CHANGED');
    const [result] = await host.update('acme/hello', { acceptOwner: 'acme' });
    expect(result).toMatchObject({ version: '1.1.0' });
    expect(result?.notes[0]).toContain('accepted here as a new owner');
    expect(world.events.map(({ code }) => code)).toContain('OWNER_ACCEPTED');
    await world.publish('1.2.0');
    expect(await host.update()).toMatchObject([{ version: '1.2.0' }]);
    expect(await host.status()).toMatchObject({ plugins: [{ held: null }] });
  });

  test('a host without a project holds it too, also after everything of the vendor was uninstalled', async () => {
    const host = await world.host({ project: null });
    await host.install('acme/hello');
    await host.uninstall('acme/hello');
    world.vendorKeys([newTestKey()]);
    expect(await codeOf(host.install('acme/hello'))).toBe('OWNER_CHANGED');
    expect(existsSync(join(world.project, 'ragv.lock'))).toBe(false);
  });

  test('a new host holds it by ragv.lock alone, for all plugins of the vendor', async () => {
    await world.publish('1.0.0', { plugin: 'other' });
    const host = await world.host();
    await host.install('acme/hello');
    const before = current();
    world.vendorKeys([newTestKey()]);
    const fresh = async () => {
      const home = tempFolder();
      await trustRepository({ ...world.trustOptions(), home });
      return world.host({ home });
    };
    expect(await codeOf((await fresh()).install('acme/hello'))).toBe('OWNER_CHANGED');
    expect(await codeOf((await fresh()).install('acme/other'))).toBe('OWNER_CHANGED');
    const accepting = await fresh();
    await accepting.install('acme/other', { acceptOwner: 'acme' });
    expect(await accepting.install('acme/hello')).toMatchObject({ changed: true });
    const last = await fresh();
    expect(await last.install('acme/hello')).toMatchObject({ changed: true }); // the lock knows the new owner now
    world.vendorKeys(before);
    expect(await codeOf((await fresh()).install('acme/hello'))).toBe('OWNER_CHANGED');
    expect(await codeOf(host.install('acme/hello'))).toBe('OWNER_CHANGED'); // not by its own memory, by the lock
  });

  test('a host that never knew the vendor takes it as it is', async () => {
    world.vendorKeys([newTestKey()]);
    const host = await world.host();
    expect(await host.install('acme/hello')).toMatchObject({ changed: true });
    expect(world.events.map(({ code }) => code)).toEqual(['TRUSTED', 'INSTALLED']);
  });

  test('the handover of another repository, of too few keys, or of the wrong ones is none', async () => {
    const host = await world.host();
    const three = [newTestKey(), newTestKey(), newTestKey()];
    world.vendorKeys(three, 2);
    await host.install('acme/hello');
    const stranger = newTestKey();
    for (const signers of [
      [],
      three.slice(0, 1),
      [stranger],
      [three[0], stranger].filter((k) => k !== undefined),
    ]) {
      const next = [newTestKey()];
      handOver(next, signers, { from: three });
      expect(await codeOf(host.update())).toBe('OWNER_CHANGED');
      world.simulator.role('catalog').targets.clear();
      world.simulator.publish('catalog');
      rmSync(join(world.folder, 'known/acme/catalog.json'), { force: true });
    }
    const [first, second] = three;
    if (first === undefined || second === undefined) throw new Error('no keys');
    handOver([newTestKey()], [first, second], { from: three });
    expect(await host.update()).toMatchObject([{ changed: false }]);
    expect(world.events.at(-1)).toMatchObject({ code: 'OWNER_HANDED_OVER' });
  });

  test('a repository that does not say which one it is cannot prove a handover; one that starts to say it can', async () => {
    const { simulator } = world;
    const id = simulator.root.unrecognized;
    simulator.root.unrecognized = new Map();
    simulator.roots.length = 0;
    simulator.publishRoot(1);
    await trustRepository({ ...world.trustOptions(), alias: 'silent' });
    const host = await world.host({ alias: 'silent' });
    await host.install('acme/hello');
    const [before, next] = [current(), [newTestKey()]];
    handOver(next, before);
    expect(await codeOf(host.update())).toBe('OWNER_CHANGED');
    simulator.root.unrecognized = id;
    simulator.publishRoot();
    expect(await codeOf(host.update())).toBe('OWNER_CHANGED'); // signed for a repository without a name
  });

  test('a host that started from a later root follows as the first ones do', async () => {
    const { simulator } = world;
    simulator.rotate('root');
    const root = simulator.publishRoot();
    await trustRepository({ ...world.trustOptions(), alias: 'late', root });
    const hosts = [
      await world.host({ alias: 'main', project: null }),
      await world.host({ alias: 'late', project: null }),
    ];
    for (const host of hosts) await host.install('acme/hello');
    handOver([newTestKey()], current());
    for (const host of hosts) expect(await host.update()).toMatchObject([{ changed: false }]);
    expect(world.events.filter(({ code }) => code === 'OWNER_HANDED_OVER')).toHaveLength(2);
  });

  test('a threshold alone may change; the higher one is what a handover needs', async () => {
    const three = [newTestKey(), newTestKey(), newTestKey()];
    world.vendorKeys(three, 2);
    const host = await world.host();
    await host.install('acme/hello');
    world.vendorKeys(three, 1);
    await world.publish('1.1.0');
    expect(await host.update()).toMatchObject([{ version: '1.1.0' }]);
    expect(ownerFile()).toMatchObject({ threshold: 2 });
    world.vendorKeys(three, 3);
    await world.publish('1.2.0');
    expect(await host.update()).toMatchObject([{ version: '1.2.0' }]);
    expect(ownerFile()).toMatchObject({ threshold: 3 });
    handOver([newTestKey()], three.slice(0, 2), { from: three });
    expect(await codeOf(host.update())).toBe('OWNER_CHANGED');
  });

  test('two handovers that were missed are followed at once; back to the first owner is one more', async () => {
    const host = await world.host();
    await host.install('acme/hello');
    const [a, b, c] = [current(), [newTestKey()], [newTestKey(), newTestKey()]];
    handOver(b, a);
    handOver(c, b);
    await world.publish('1.1.0');
    expect(await host.update()).toMatchObject([{ version: '1.1.0' }]);
    world.vendorKeys(a); // the catalog still ends with c
    expect(await codeOf(host.update())).toBe('OWNER_CHANGED');
    handOver(a, c, { from: c });
    expect(await host.update()).toMatchObject([{ changed: false }]);
    expect(world.events.at(-1)).toMatchObject({ code: 'OWNER_HANDED_OVER' });
    // The signatures of the first handover, once more: they were used.
    world.catalog((catalog: Catalog) => {
      const [, used] = catalog.owners;
      return { ...catalog, owners: used === undefined ? [] : [...catalog.owners, used] };
    });
    world.vendorKeys(b);
    expect(await codeOf(host.update())).toBe('OWNER_CHANGED');
  });

  test('a catalog that rewrites the past is refused before it is asked', async () => {
    const host = await world.host();
    await host.install('acme/hello');
    const [a, b] = [current(), [newTestKey()]];
    handOver(b, a);
    await host.update();
    handOver(a, b);
    await host.update();
    world.catalog((catalog) => ({ ...catalog, owners: catalog.owners.slice(0, 2) }));
    world.vendorKeys(b);
    expect(await codeOf(host.update())).toBe('CATALOG_LOST');
  });

  test('another key under the same id is another key', async () => {
    const host = await world.host();
    await host.install('acme/hello');
    const [mine] = current();
    const theirs = newTestKey();
    if (mine === undefined) throw new Error('no key');
    const { keyId } = mine.key;
    const disguised: TestKey = {
      key: { ...theirs.key, keyId },
      sign: (bytes) => ({ ...theirs.sign(bytes), keyId }),
    };
    world.vendorKeys([disguised]);
    expect(await codeOf(host.update())).toBe('OWNER_CHANGED');
  });

  test('what this host knew of the owner is damaged: refused, until somebody accepts whoever signs now', async () => {
    const host = await world.host();
    await host.install('acme/hello');
    const file = join(world.folder, 'known/acme/owner.json');
    for (const damage of ['', '{}', '{"format":"ragnos-owner/1","keyIds":"x","threshold":1}']) {
      writeFileSync(file, damage);
      expect(await codeOf(host.update())).toBe('HOST_STATE');
      expect(await host.status()).toMatchObject({ plugins: [{ held: { code: 'HOST_STATE' } }] });
      expect(await host.update('acme/hello', { acceptOwner: 'acme' })).toMatchObject([{ changed: false }]);
      expect(await host.update()).toMatchObject([{ changed: false }]);
    }
  });

  test('a lock without thresholds, from before they were kept, still counts', async () => {
    const host = await world.host();
    await host.install('acme/hello');
    const file = join(world.project, 'ragv.lock');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/,\s*"threshold": 1/, ''));
    expect(readFileSync(file, 'utf8')).not.toContain('threshold');
    rmSync(join(world.folder, 'known/acme/owner.json'));
    const before = current();
    const next = [newTestKey()];
    world.vendorKeys(next);
    expect(await codeOf(host.update())).toBe('OWNER_CHANGED');
    world.vendorKeys(before);
    handOver(next, before);
    expect(await host.update()).toMatchObject([{ changed: false }]);
    expect(readFileSync(file, 'utf8')).toContain('"threshold": 1');
  });

  test('a rollback keeps what the lock knows of the owner', async () => {
    const host = await world.host();
    await host.install('acme/hello');
    await world.publish('1.1.0');
    await host.update();
    const keyIds = (): readonly string[] => {
      const lock = Reader.of(parseJson(readFileSync(join(world.project, 'ragv.lock')), 'lock'), 'lock');
      return lock
        .object('repositories')
        .object('main')
        .object('plugins')
        .object('acme/hello')
        .strings('keyIds');
    };
    const before = keyIds();
    expect(before).toEqual(current().map(({ key }) => key.keyId));
    await host.rollback('acme/hello');
    expect(keyIds()).toEqual(before);
  });

  test('a vendor that splits itself into bins is the same vendor, and its keys stand in the lock', async () => {
    const host = await world.host();
    await host.install('acme/hello');
    const { simulator } = world;
    const targets = simulator.role('vendor.acme').targets;
    const names = simulator.delegateBins('vendor.acme', 'vendor.acme', 2);
    const split = (): void => {
      for (const name of names)
        for (const [path, file] of targets) simulator.role(name).targets.set(path, file);
    };
    split();
    targets.clear();
    simulator.publish('vendor.acme', ...names);
    expect(await host.update()).toMatchObject([{ changed: false, notes: [] }]);
    const lock = readFileSync(join(world.project, 'ragv.lock'), 'utf8');
    for (const { key } of current()) expect(lock).toContain(key.keyId);
    // The bins' keys are the vendor's own business: it signs for them.
    simulator.delegateBins('vendor.acme', 'vendor.acme', 2);
    simulator.publish('vendor.acme', ...names);
    expect(await host.update()).toMatchObject([{ changed: false, notes: [] }]);
    world.vendorKeys([newTestKey()]);
    expect(await codeOf(host.update())).toBe('OWNER_CHANGED');
  });
});

describe('a vendor that claims another vendor’s path', () => {
  const evilIndex = (): void => {
    const bytes = world.simulator.content.get('vendors/acme/hello/index.json') ?? new Uint8Array();
    world.simulator.addTarget('vendors/acme/hello/index.json', bytes, 'vendor.evil');
  };

  test('is not asked, whatever it lists', async () => {
    world.simulator.delegate({ name: 'vendor.evil', paths: ['vendors/evil/*/*'], terminating: true });
    evilIndex();
    world.simulator.addTarget('vendors/acme/stolen/index.json', '{}', 'vendor.evil');
    world.simulator.publish('targets', 'vendor.evil');
    const host = await world.host();
    expect(await host.install('acme/hello')).toMatchObject({ changed: true });
    expect(await codeOf(host.install('acme/stolen'))).toBe('NO_SUCH_PLUGIN');
    expect(ownerFile()).toMatchObject({ keyIds: current().map(({ key }) => key.keyId) });
  });

  test('is held where targets widens its pattern and puts it first', async () => {
    const host = await world.host();
    await host.install('acme/hello');
    world.simulator.delegate({ name: 'vendor.evil', paths: ['vendors/*/*/*'], terminating: true });
    const { targets } = world.simulator;
    if (targets.delegations === null) throw new Error('no delegations');
    const roles = targets.delegations.roles ?? [];
    targets.delegations = { ...targets.delegations, roles: roles.toReversed() };
    evilIndex();
    world.simulator.publish('targets', 'vendor.evil');
    expect(await codeOf(host.update())).toBe('OWNER_CHANGED');
  });

  test('is held where targets lists the path itself', async () => {
    const host = await world.host();
    await host.install('acme/hello');
    const bytes = world.simulator.content.get('vendors/acme/hello/index.json') ?? new Uint8Array();
    world.simulator.addTarget('vendors/acme/hello/index.json', bytes, 'targets');
    world.simulator.publish('targets');
    expect(await codeOf(host.update())).toBe('OWNER_CHANGED');
  });

  test('has no name of another: a catalog under the vendor’s path is no catalog', async () => {
    const host = await world.host();
    await host.install('acme/hello');
    world.simulator.addTarget('vendors/acme/hello/catalog.json', bytesOf('{}'), 'vendor.acme');
    world.simulator.addTarget('catalog/acme.json', bytesOf('{}'), 'vendor.acme');
    world.simulator.publish('vendor.acme');
    expect(await host.update()).toMatchObject([{ changed: false }]);
    expect(existsSync(join(world.folder, 'known/acme/catalog.json'))).toBe(false);
  });
});

describe('names are never reused', () => {
  test('a vendor that was removed, and whose name comes back with other keys, is held', async () => {
    const host = await world.host();
    await host.install('acme/hello');
    const { targets } = world.simulator;
    const { delegations } = targets;
    if (delegations === null) throw new Error('no delegations');
    const roles = (delegations.roles ?? []).filter(({ name }) => name !== 'vendor.acme');
    targets.delegations = { ...delegations, roles };
    world.simulator.publish('targets');
    expect(await codeOf(host.update())).toBe('INDEX_ROLLBACK');
    expect(await host.run('acme/hello', [], { stdio: 'pipe' })).toMatchObject({ exitCode: 0 });
    targets.delegations = delegations;
    world.vendorKeys([newTestKey()]);
    expect(await codeOf(host.update())).toBe('OWNER_CHANGED');
  });
});
