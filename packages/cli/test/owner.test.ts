/** A vendor that changes hands or is suspended, as whoever runs plugins sees it: refusals, exit codes, `--accept-owner`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  addVersion,
  emptyCatalog,
  handoverBytes,
  pack,
  parseIndex,
  serializeCatalog,
  serializeIndex,
  vendorName,
  type Catalog,
} from '@ragnos/plugin';
import { initRepository, Repository, type Draft } from '@ragnos/repository';
import { verifiedSigner, type Signer } from '@ragnos/signing';
import { fsStorage } from '@ragnos/storage';
import { newTestKey, type TestKey } from '@ragnos/testkit';
import { parseMetadata, repositoryId } from '@ragnos/tuf';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { containing, helloPlugin, json, listWith, world, write } from './ragv.ts';

const { ragv, folder } = world();
const acme = vendorName('acme');
const folderOf = 'vendors/acme/hello';
const vendorKeys: TestKey[] = [newTestKey()];
const roleKeys = new Map<string, TestKey>(
  ['root', 'targets', 'snapshot', 'timestamp', 'policy', 'catalog'].map((name) => [name, newTestKey()]),
);
let repository: Repository;
let id = '';

function signerOf(key: TestKey): Signer {
  const signRaw = (bytes: Uint8Array) => Promise.resolve(Buffer.from(key.sign(bytes).sig, 'hex'));
  return verifiedSigner({ key: key.key, uri: 'test:', signRaw });
}

const signers = (role: string): Promise<readonly Signer[]> => {
  const own = roleKeys.get(role);
  return Promise.resolve((own === undefined ? vendorKeys : [own]).map(signerOf));
};
const layoutOf = (name: string) => {
  const [first] = vendorKeys;
  const key = roleKeys.get(name) ?? first;
  return { keys: key === undefined ? [] : [key.key], threshold: 1 };
};

let catalog: Catalog = emptyCatalog(acme);

async function writeCatalog(change: Partial<Catalog>, also?: (draft: Draft) => Promise<void>): Promise<void> {
  catalog = { ...catalog, ...change };
  await repository.publish(async (draft) => {
    await also?.(draft);
    await draft.add('catalog/acme.json', serializeCatalog(catalog));
  });
}

async function publish(version: string): Promise<void> {
  const source = helloPlugin(join(folder, `hello-${version}`), version);
  const { manifest, manifestBytes, artifactFile } = await pack(source, { vendor: acme, output: folder });
  const { length, sha256, name } = manifest.artifact;
  const described = {
    name: `hello-${version}.manifest.json`,
    length: manifestBytes.length,
    sha256: createHash('sha256').update(manifestBytes).digest('hex'),
  };
  await repository.publish(async (draft) => {
    const known = await draft.read(`${folderOf}/index.json`);
    const { vendor, plugin, description, engines } = manifest;
    const entry = { artifact: { name, length, sha256 }, manifest: described, engines, yanked: null };
    const about = { vendor, plugin, version: manifest.version, description, entry };
    const index = addVersion(known === null ? null : parseIndex(known), about);
    await draft.add(`${folderOf}/${name}`, { file: artifactFile, length, sha256 });
    await draft.add(`${folderOf}/${described.name}`, manifestBytes);
    await draft.add(`${folderOf}/index.json`, serializeIndex(index));
  });
}

async function changeOwner(countersigned: boolean): Promise<TestKey> {
  const [before, next] = [vendorKeys.at(-1), newTestKey()];
  if (before === undefined) throw new Error('no key');
  const after = { keys: [next.key], threshold: 1 };
  const signed = before.sign(handoverBytes(id, acme, { keys: [before.key] }, after));
  const owner = { ...after, since: new Date().toISOString(), handover: countersigned ? [signed] : [] };
  vendorKeys.push(next);
  await writeCatalog({ owners: [...catalog.owners, owner] }, (draft) =>
    draft.edit({ kind: 'keys', role: 'vendor.acme', ...after }),
  );
  return next;
}

beforeAll(async () => {
  const storage = fsStorage({ root: join(folder, 'public'), create: true });
  const delegation = (name: string, path: string) => ({
    name,
    paths: [path],
    terminating: true,
    ...layoutOf(name),
  });
  const layout = {
    root: layoutOf('root'),
    targets: layoutOf('targets'),
    snapshot: layoutOf('snapshot'),
    timestamp: layoutOf('timestamp'),
    delegations: [
      delegation('policy', 'policy/*'),
      delegation('catalog', 'catalog/*'),
      delegation('vendor.acme', 'vendors/acme/*/*'),
    ],
  };
  const staging = join(folder, 'staging');
  const { root } = await initRepository(storage, { layout, signers, staging });
  id = repositoryId(parseMetadata(root, 'root').signed) ?? '';
  write(join(folder, 'root.json'), Buffer.from(root).toString());
  const mutable = (path: string): boolean => path.endsWith('index.json') || path.startsWith('catalog/');
  repository = await Repository.open({ storage, signers, staging, mutable });
  const first = { ...layoutOf('vendor.acme'), since: new Date().toISOString(), handover: [] };
  await writeCatalog({ owners: [first] });
  await publish('1.0.0');
  const url = pathToFileURL(`${join(folder, 'public')}/`).href;
  for (const line of [
    `trust init ${url} --root root.json --single-signer --alias shop`,
    'install acme/hello',
  ]) {
    const said = await ragv(line);
    if (said.exit !== 0) throw new Error(`${line}: ${said.stderr}`);
  }
}, 240_000);

afterAll(() => repository.close());

// The tests of this file are one story: each goes on where the one before stopped.

test('handed over: a note, and on it goes', { timeout: 120_000 }, async () => {
  await changeOwner(true);
  await publish('1.1.0');
  expect(await ragv('update')).toMatchObject({
    exit: 0,
    stdout: containing('installed acme/hello@1.1.0'),
    stderr: containing('handed over by the keys before'),
  });
});

test('not handed over: exit 10, who signs and who signed, and what to do', { timeout: 240_000 }, async () => {
  const before = vendorKeys.at(-1);
  const next = await changeOwner(false);
  await publish('6.6.6');
  const refused = await ragv('update');
  expect(refused).toMatchObject({ exit: 10, stdout: '', stderr: containing('[OWNER_CHANGED]') });
  for (const key of [before, next]) expect(refused.stderr).toContain(key?.key.keyId.slice(0, 16));
  expect(refused.stderr).toContain('ragv install acme/hello --accept-owner acme');
  const status = await ragv('status --json');
  expect(status.exit).toBe(10);
  expect(json(status.stdout)).toMatchObject({
    stale: null,
    plugins: [{ version: '1.1.0', newer: null, held: { code: 'OWNER_CHANGED' } }],
  });
  expect(await ragv('run acme/hello')).toMatchObject({ exit: 0, stdout: 'hello 1.1.0\n' });
});

test('accepted: installed, written down, and never asked again', { timeout: 240_000 }, async () => {
  expect(await ragv('install acme/hello --accept-owner acme')).toMatchObject({
    exit: 0,
    stdout: containing('installed acme/hello@6.6.6'),
    stderr: containing('accepted here as a new owner'),
  });
  expect(json((await ragv('log --json')).stdout)).toMatchObject({
    events: listWith({ code: 'OWNER_HANDED_OVER' }, { code: 'OWNER_CHANGED' }, { code: 'OWNER_ACCEPTED' }),
  });
  expect(readFileSync(join(folder, 'ragv.lock'), 'utf8')).toContain(vendorKeys.at(-1)?.key.keyId);
  expect((await ragv('update')).exit).toBe(0);
});

test('suspended: exit 10 of status, verify and install', { timeout: 240_000 }, async () => {
  await writeCatalog({ suspended: true });
  expect(await ragv('status')).toMatchObject({ exit: 10, stdout: containing('HELD: ') });
  expect(await ragv('verify')).toMatchObject({ exit: 10, stdout: containing('is as it was signed') });
  expect(await ragv('install acme/hello')).toMatchObject({ exit: 10, stderr: containing('[SUSPENDED]') });
  await writeCatalog({ suspended: false });
  expect((await ragv('status')).exit).toBe(0);
});

test('a catalog that lost its memory: exit 3', { timeout: 120_000 }, async () => {
  await writeCatalog({ owners: [] });
  expect(await ragv('update')).toMatchObject({ exit: 3, stderr: containing('[CATALOG_LOST]') });
});
