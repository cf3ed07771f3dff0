/** A vendor's keys change in a real repository, handed over and not; hosts of several ages look on. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  addVersion,
  emptyCatalog,
  handoverBytes,
  openHost,
  parseCatalog,
  parseIndex,
  pluginName,
  serializeCatalog,
  serializeIndex,
  trustRepository,
  vendorName,
  type Catalog,
  type Host,
  type HostEvent,
  type Owner,
} from '@ragnos/plugin';
import { initRepository, Repository, type Draft, type SignerSource } from '@ragnos/repository';
import { verifiedSigner, type Signer } from '@ragnos/signing';
import { fsStorage } from '@ragnos/storage';
import { newTestKey, type TestKey } from '@ragnos/testkit';
import { repositoryId, parseMetadata } from '@ragnos/tuf';
import { expect, onTestFinished, test } from 'vitest';
import { build, codeOf, sha256, tempFolder } from './world.ts';

const acme = vendorName('acme');
const hello = pluginName('hello');
const role = 'vendor.acme';
const path = (file: string): string => `vendors/acme/hello/${file}`;
const now = new Date('2030-01-01T00:00:00Z');

interface Party {
  readonly keys: readonly TestKey[];
  readonly threshold: number;
}

const party = (count: number, threshold: number): Party => ({
  keys: Array.from({ length: count }, newTestKey),
  threshold,
});

function signerOf(key: TestKey): Signer {
  const signRaw = (bytes: Uint8Array) => Promise.resolve(Buffer.from(key.sign(bytes).sig, 'hex'));
  return verifiedSigner({ key: key.key, uri: 'test:', signRaw });
}

/** An operator's repository in a folder, with one vendor, and as many hosts as are asked for. */
class Place {
  readonly #repository: Repository;
  readonly #url: URL;
  readonly #root: Uint8Array;
  readonly #vendor: Signer[];
  #owner: Party;

  private constructor(
    repository: Repository,
    url: URL,
    root: Uint8Array,
    first: { readonly owner: Party; readonly signers: Signer[] },
  ) {
    this.#repository = repository;
    this.#url = url;
    this.#root = root;
    this.#owner = first.owner;
    this.#vendor = first.signers;
  }

  static async create(owner: Party): Promise<Place> {
    const folder = tempFolder();
    const storage = fsStorage({ root: join(folder, 'public'), create: true });
    const roles = new Map(
      ['root', 'targets', 'snapshot', 'timestamp', 'policy', 'catalog'].map((name) => [name, newTestKey()]),
    );
    const signers = owner.keys.map(signerOf);
    const source: SignerSource = (name) => {
      const own = roles.get(name);
      return Promise.resolve(own === undefined ? signers : [signerOf(own)]);
    };
    const one = (name: string) => ({
      keys: [roles.get(name)?.key].filter((key) => key !== undefined),
      threshold: 1,
    });
    const delegation = (name: string, pattern: string) => ({ name, paths: [pattern], terminating: true });
    const layout = {
      root: one('root'),
      targets: one('targets'),
      snapshot: one('snapshot'),
      timestamp: one('timestamp'),
      delegations: [
        { ...delegation('policy', 'policy/*'), ...one('policy') },
        { ...delegation('catalog', 'catalog/*'), ...one('catalog') },
        {
          ...delegation(role, 'vendors/acme/*/*'),
          keys: owner.keys.map(({ key }) => key),
          threshold: owner.threshold,
        },
      ],
    };
    const staging = join(folder, 'staging');
    const { root } = await initRepository(storage, { layout, signers: source, now, staging });
    const mutable = (name: string): boolean => name.endsWith('/index.json') || name.startsWith('catalog/');
    const repository = await Repository.open({ storage, signers: source, now: () => now, staging, mutable });
    onTestFinished(() => repository.close());
    const url = pathToFileURL(`${join(folder, 'public')}/`);
    const place = new Place(repository, url, root, { owner, signers });
    const first: Owner = { ...place.#after(owner), since: now.toISOString(), handover: [] };
    await place.#catalog((catalog) => ({ ...catalog, owners: [first] }));
    return place;
  }

  #after({ keys, threshold }: Party): Pick<Owner, 'keys' | 'threshold'> {
    return { keys: keys.map(({ key }) => key), threshold };
  }

  async #catalog(
    change: (catalog: Catalog) => Catalog,
    also?: (draft: Draft) => Promise<void>,
  ): Promise<void> {
    await this.#repository.publish(async (draft) => {
      await also?.(draft);
      const bytes = await draft.read('catalog/acme.json');
      const catalog = change(bytes === null ? emptyCatalog(acme) : parseCatalog(bytes));
      await draft.add('catalog/acme.json', serializeCatalog(catalog));
    });
  }

  async publish(version: string): Promise<void> {
    const { manifest, manifestBytes, archive } = await build(version);
    const manifestName = `hello-${version}.manifest.json`;
    await this.#repository.publish(async (draft) => {
      const known = await draft.read(path('index.json'));
      const index = addVersion(known === null ? null : parseIndex(known), {
        vendor: acme,
        plugin: hello,
        version: manifest.version,
        description: 'says hello',
        entry: {
          artifact: {
            name: manifest.artifact.name,
            length: archive.length,
            sha256: manifest.artifact.sha256,
          },
          manifest: { name: manifestName, length: manifestBytes.length, sha256: sha256(manifestBytes) },
          engines: new Map(),
          yanked: null,
        },
      });
      await draft.add(path(manifest.artifact.name), archive);
      await draft.add(path(manifestName), manifestBytes);
      await draft.add(path('index.json'), serializeIndex(index));
    });
  }

  /** One commit: the delegation, the re-signed role, and the catalog's record; `countersigned` by the keys before. */
  async changeOwner(to: Party, countersigned: boolean): Promise<void> {
    const before = this.#owner;
    const after = this.#after(to);
    const id = repositoryId(parseMetadata(this.#root, 'root').signed) ?? '';
    const message = handoverBytes(id, acme, this.#after(before), after);
    const signing = countersigned ? before.keys.slice(0, before.threshold) : [];
    const handover = signing.map((key) => key.sign(message));
    this.#vendor.push(...to.keys.map(signerOf));
    const owner: Owner = { ...after, since: now.toISOString(), handover };
    await this.#catalog(
      (catalog) => ({ ...catalog, owners: [...catalog.owners, owner] }),
      (draft) => draft.edit({ kind: 'keys', role, ...after }),
    );
    this.#owner = to;
  }

  async suspend(suspended: boolean): Promise<void> {
    await this.#catalog((catalog) => ({ ...catalog, suspended }));
  }

  async host(): Promise<Host & { readonly events: readonly HostEvent[] }> {
    const events: HostEvent[] = [];
    const home = tempFolder();
    const common = { home, alias: 'main', now: () => now };
    await trustRepository({ ...common, url: this.#url, root: this.#root, singleSigner: true });
    const host = await openHost({ ...common, project: tempFolder(), onEvent: (event) => events.push(event) });
    return { ...host, events };
  }
}

const codes = (host: { readonly events: readonly HostEvent[] }): readonly string[] =>
  host.events.map(({ code }) => code);

test('two handovers, a change of owner, and one more handover', { timeout: 120_000 }, async () => {
  const [a, b, c, d, e] = [party(3, 2), party(1, 1), party(2, 2), party(2, 1), party(1, 1)];
  const place = await Place.create(a);
  await place.publish('1.0.0');
  const [sinceA, missedTwo] = [await place.host(), await place.host()];
  for (const host of [sinceA, missedTwo]) await host.install('acme/hello');

  await place.changeOwner(b, true);
  await place.publish('1.1.0');
  const sinceB = await place.host();
  await sinceB.install('acme/hello');
  expect(await sinceA.update()).toMatchObject([{ version: '1.1.0' }]);
  expect(codes(sinceA)).toContain('OWNER_HANDED_OVER');
  expect(codes(sinceB)).toEqual(['INSTALLED']);

  await place.changeOwner(c, true);
  await place.publish('1.2.0');
  const never = await place.host();
  for (const host of [sinceA, sinceB, missedTwo]) {
    expect(await host.update()).toMatchObject([{ version: '1.2.0' }]);
    expect(codes(host)).toContain('OWNER_HANDED_OVER');
  }
  expect(await never.install('acme/hello')).toMatchObject({ version: '1.2.0' });
  expect(codes(never)).toEqual(['INSTALLED']);

  await place.changeOwner(d, false);
  await place.publish('6.6.6');
  const newcomer = await place.host();
  const knew = [sinceA, sinceB, missedTwo, never];
  for (const host of knew) {
    expect(await codeOf(host.update())).toBe('OWNER_CHANGED');
    expect(await host.status()).toMatchObject({
      stale: null,
      plugins: [{ version: '1.2.0', held: { code: 'OWNER_CHANGED' }, newer: null }],
    });
    expect(await host.run('acme/hello', [], { stdio: 'pipe' })).toMatchObject({ exitCode: 0 });
  }
  expect(await newcomer.install('acme/hello')).toMatchObject({ version: '6.6.6' });
  expect(await sinceA.install('acme/hello', { acceptOwner: 'acme' })).toMatchObject({ version: '6.6.6' });

  await place.changeOwner(e, true);
  await place.publish('7.0.0');
  for (const host of [newcomer, sinceA]) expect(await host.update()).toMatchObject([{ version: '7.0.0' }]);
  for (const host of [sinceB, missedTwo, never]) expect(await codeOf(host.update())).toBe('OWNER_CHANGED');
  expect(await sinceB.update('acme/hello', { acceptOwner: 'acme' })).toMatchObject([{ version: '7.0.0' }]);
});

test('suspended and lifted, in one commit each', { timeout: 60_000 }, async () => {
  const place = await Place.create(party(1, 1));
  await place.publish('1.0.0');
  const host = await place.host();
  await host.install('acme/hello');
  await place.publish('1.1.0');
  await place.suspend(true);
  expect(await codeOf(host.update())).toBe('SUSPENDED');
  expect(await codeOf((await place.host()).install('acme/hello'))).toBe('SUSPENDED');
  expect(await host.verify()).toMatchObject([{ ok: true, held: { code: 'SUSPENDED' } }]);
  await place.suspend(false);
  expect(await host.update()).toMatchObject([{ version: '1.1.0' }]);
  expect(await host.verify()).toMatchObject([{ ok: true, held: null }]);
});
