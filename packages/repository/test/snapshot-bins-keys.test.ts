/** Bins hang under the snapshot's own keys: those keys do not go from above them, and who has them can do what. */
import { join } from 'node:path';
import {
  metadataOf,
  noLedger,
  review,
  signEvent,
  type BinsLayout,
  type RoleEdit,
  type SigningEvent,
} from '@ragnos/repository';
import type { Signer } from '@ragnos/signing';
import { memoryStorage, storageKey, type Storage } from '@ragnos/storage';
import { metadataToBytes, parseMetadata, signedToBytes, targetPath, type Targets } from '@ragnos/tuf';
import { expect, test } from 'vitest';
import { forge, get, last, path, published, type Attacked } from './thief.ts';
import { clientOf, keysIn, TestClient, testSigner, text, world, type World } from './world.ts';

const vendor = 'vendor.acme';
const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const hanging = {
  code: 'BAD_LAYOUT',
  hint: 'nothing was changed; first: ragv vendor split acme --signed-by vendor',
};

async function split(made: World, bins: Partial<BinsLayout> = {}): Promise<void> {
  const repository = await made.open();
  const all = { bitLength: 1, signedBy: 'snapshot', ...bins } as const;
  await repository.editRoles([{ kind: 'split', role: vendor, bins: all }]);
}

async function hung(): Promise<World> {
  const made = await world();
  await (await made.open()).publish((draft) => draft.add(path, text('{}')));
  await split(made);
  return made;
}

const only = (signers: readonly Signer[]): Signer => {
  const [signer] = signers;
  if (signer === undefined) throw new Error('no key');
  return signer;
};

function fresh(made: World, role: string): RoleEdit & { kind: 'keys' } {
  const signer = testSigner();
  made.keys.of(role).push(signer);
  return { kind: 'keys', role, keys: [signer.key], threshold: 1 };
}

async function signed(made: World, event: SigningEvent): Promise<SigningEvent> {
  const settings = { ledger: noLedger, now: made.now };
  const seen = review(event, { root: made.root }, made.now);
  return (await signEvent(event, seen, made.keys.of('root'), settings)).event;
}

const inADay = (made: World): { readonly reason: string; readonly deadline: Date } => ({
  reason: '',
  deadline: new Date(made.now.getTime() + 86_400_000),
});

test('no way to put a root takes those keys from under them, and nothing is changed by the try', async () => {
  const made = await hung();
  const repository = await made.open();
  const before = await keysIn(made.storage);
  const timestamp = await get(made.storage, 'metadata/timestamp.json');
  const old = only(made.keys.of('snapshot'));
  const edit = fresh(made, 'snapshot');
  const ways = {
    rotateKey: () => repository.rotateKey('snapshot', testSigner(), old),
    editRoles: () => repository.editRoles([edit]),
    'another threshold': () =>
      repository.editRoles([{ ...edit, keys: [old.key, ...edit.keys], threshold: 2 }]),
    'one more key': () => repository.editRoles([{ ...edit, keys: [old.key, ...edit.keys] }]),
    event: () => repository.proposeEvent({ edits: [edit], ...inADay(made) }),
  };
  for (const [way, run] of Object.entries(ways))
    expect([way, await run().catch((error: unknown) => error)]).toEqual([
      way,
      expect.objectContaining(hanging),
    ]);
  expect(await keysIn(made.storage)).toEqual(before);
  expect(await get(made.storage, 'metadata/timestamp.json')).toEqual(timestamp);
});

test('a root that was signed before they hung there is refused as well', async () => {
  const made = await hung();
  await split(made, { bitLength: 2, signedBy: 'role' });
  const repository = await made.open();
  const event = await signed(
    made,
    await repository.proposeEvent({ edits: [fresh(made, 'snapshot')], ...inADay(made) }),
  );
  await split(made);
  const before = await keysIn(made.storage);
  const [root] = event.roles;
  if (root === undefined) throw new Error('no root');
  await expect(repository.applyEvent(event)).rejects.toEqual(expect.objectContaining(hanging));
  await expect(repository.submitRoot(metadataOf(root))).rejects.toEqual(expect.objectContaining(hanging));
  expect(await keysIn(made.storage)).toEqual(before);
  await split(made, { bitLength: 2, signedBy: 'role' });
  expect(await repository.applyEvent(event)).toMatchObject({ outcome: 'applied' });
  made.keys.held.set('snapshot', made.keys.of('snapshot').slice(-1));
  await (await made.open()).publish((draft) => draft.add('vendors/acme/a/b', text('later')));
  expect(await (await clientOf(made)).read('vendors/acme/a/b')).toBe('later');
});

test('other keys change as ever; after a split back those of snapshot do, and they can hang there again', async () => {
  const made = await hung();
  for (const role of ['timestamp', 'targets', 'root', 'snapshot']) {
    if (role === 'snapshot') await split(made, { bitLength: 2, signedBy: 'role' });
    const old = only(made.keys.of(role));
    const signer = testSigner();
    await (await made.open()).rotateKey(role, signer, old);
    made.keys.held.set(role, [signer]);
    expect(await (await clientOf(made)).read(path)).toBe('{}');
  }
  await split(made, { bitLength: 3 });
  await (await made.open()).publish((draft) => draft.add('vendors/acme/a/b', text('later')));
  const client = await clientOf(made);
  expect(await client.read('vendors/acme/a/b')).toBe('later');
  const bare = [...(client.set.snapshot?.meta ?? [])].filter(([, { hashes }]) => hashes === null);
  expect(bare).toHaveLength(8);
});

test('while other keys of snapshot are announced, nobody puts bins under those that go', async () => {
  const made = await hung();
  await split(made, { bitLength: 2, signedBy: 'role' });
  const storage: Storage = {
    ...made.storage,
    putIfAbsent: (key, ...rest) =>
      key.endsWith('.root.json')
        ? Promise.reject(new Error('the power went'))
        : made.storage.putIfAbsent(key, ...rest),
  };
  const dying = await made.open({ storage });
  const signer = testSigner();
  made.keys.of('snapshot').push(signer);
  await expect(dying.rotateKey('snapshot', signer, only(made.keys.of('snapshot')))).rejects.toThrow(
    'the power went',
  );
  await expect(split(made)).rejects.toEqual(code('CONFLICT'));
  made.now = new Date(made.now.getTime() + 11 * 60_000);
  await split(made);
  expect(await (await clientOf(made)).read(path)).toBe('{}');
});

/** The store as a mirror serves it that has its own file in the place of the bin with `path`, under the same name. */
async function mirrored(made: World, change: (bin: Targets) => Targets, signer: Signer): Promise<TestClient> {
  const client = await clientOf(made);
  const mirror = memoryStorage();
  const forged = new Map<string, Uint8Array>();
  for (const [name, { version }] of client.set.snapshot?.meta ?? []) {
    const key = `metadata/${version}.${name}.json`;
    const { signed: role } = parseMetadata(await get(made.storage, key), 'targets');
    if (!role.targets.has(targetPath(path))) continue;
    const bytes = signedToBytes(change(role));
    forged.set(key, metadataToBytes(bytes, [await signer.sign(bytes)]));
  }
  expect(forged.size).toBe(1);
  for (const key of await keysIn(made.storage))
    await mirror.putIfAbsent(storageKey(key), forged.get(key) ?? (await get(made.storage, key)));
  return TestClient.refresh(mirror, made.root, made.now);
}

const empty = (bin: Targets): Targets => ({ ...bin, targets: new Map() });

test('a mirror that shows another file of the same version needs the keys of snapshot for it', async () => {
  const made = await hung();
  const vendorKey = only(made.keys.of(vendor));
  for (const signer of [vendorKey, testSigner(), only(made.keys.of('targets'))])
    await expect((await mirrored(made, empty, signer)).find(path)).rejects.toEqual(code('UNSIGNED'));
  const thief = only(made.keys.of('snapshot'));
  const other = await mirrored(made, (bin) => ({ ...empty(bin), version: bin.version + 1 }), thief);
  await expect(other.find(path)).rejects.toEqual(code('BAD_VERSION'));
  // Who has those keys could have signed another snapshot as well: this is the one thing that the hash kept him from.
  expect(await (await mirrored(made, empty, thief)).find(path)).toBeNull();
});

test('bins of the role itself have a hash, which no key helps against', async () => {
  const made = await hung();
  await split(made, { bitLength: 2, signedBy: 'role' });
  for (const role of [vendor, 'snapshot'])
    await expect((await mirrored(made, empty, only(made.keys.of(role)))).find(path)).rejects.toEqual(
      code('LENGTH_OR_HASH_MISMATCH'),
    );
});

test('hosts that were here before follow into them and out again, whatever they have kept', async () => {
  const attacked = await published();
  const { made, host } = attacked;
  const repository = await made.open({ mutable: () => true });
  const contentOf = async (): Promise<string | null> => {
    const updater = await host();
    const info = await updater.find(path);
    return info === null ? null : Buffer.from(await updater.read(info, { maxLength: 100 })).toString();
  };
  for (const [index, signedBy] of (['snapshot', 'snapshot', 'role', 'snapshot'] as const).entries()) {
    await split(made, { bitLength: index + 1, signedBy });
    expect(await contentOf()).toBe(index === 0 ? '{}' : `{"content":${index - 1}}`);
    await repository.publish((draft) => draft.add(path, text(`{"content":${index}}`)));
    expect(await contentOf()).toBe(`{"content":${index}}`);
    await repository.refresh({ force: true });
    expect(await contentOf()).toBe(`{"content":${index}}`);
  }
});

test('online keys that were stolen and run to the last version: the root goes, and binds the bins to their bytes', async () => {
  const attacked: Attacked = await published();
  const { made, folder, host } = attacked;
  await split(made);
  await host();
  const thief = only(made.keys.of('snapshot'));
  await forge(made, {
    snapshot: (old) => ({ ...old, version: last }),
    timestamp: (old) => ({ ...old, version: last }),
  });
  await host(); // it cannot tell
  const repository = await made.open({ staging: join(folder, 'staging'), damaged: true });
  const edits = (['timestamp', 'snapshot'] as const).map((role) => fresh(made, role));
  const event = await signed(made, await repository.proposeEvent({ edits, ...inADay(made) }));
  expect(await repository.applyEvent(event)).toMatchObject({
    outcome: 'applied',
    reset: expect.stringContaining(`${last}`) as unknown,
  });
  for (const role of ['timestamp', 'snapshot']) made.keys.held.set(role, made.keys.of(role).slice(-1));
  const client = await clientOf(made);
  expect(await client.read(path)).toBe('{}');
  for (const [name, { hashes }] of client.set.snapshot?.meta ?? [])
    expect([name, hashes?.size]).toEqual([name, 1]);
  await expect((await mirrored(made, empty, thief)).find(path)).rejects.toEqual(
    code('LENGTH_OR_HASH_MISMATCH'),
  );
  const again = await made.open({ staging: join(folder, 'staging') });
  const publish = () => again.publish((draft) => draft.add('vendors/acme/a/b', text('later')));
  await expect(publish()).rejects.toEqual(code('SIGNATURES_MISSING'));
  expect(await (await clientOf(made)).read(path)).toBe('{}');
  await split(made, { bitLength: 2, signedBy: 'role' });
  await publish();
  const updater = await host();
  expect(await updater.find('vendors/acme/a/b')).not.toBeNull();
  expect(await (await clientOf(made)).read(path)).toBe('{}');
});
