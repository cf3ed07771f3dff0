/** THREATS.md, "Repository state": what somebody can do, and cannot, with one thing that was stolen and nothing else. */
import { createHash } from 'node:crypto';
import {
  hexDigest,
  metadataToBytes,
  parseMetadata,
  signedToBytes,
  targetPath,
  type Signed,
} from '@ragnos/tuf';
import { read, storageKey } from '@ragnos/storage';
import type { Signer } from '@ragnos/signing';
import { describe, expect, test } from 'vitest';
import { clientOf, keysIn, tempFolder, TestClient, text, world, type World } from './world.ts';

const path = 'vendors/acme/hello/1.tgz';

async function published(): Promise<World> {
  const made = await world({ staging: await tempFolder() });
  const repository = await made.open();
  await repository.publish((draft) => draft.add(path, text('honest')));
  await repository.publish((draft) => draft.add('top', text('top')));
  return made;
}

const get = async ({ storage }: World, key: string): Promise<Uint8Array> =>
  (await read(storage, storageKey(key), { maxLength: 1e7 }))?.bytes ?? new Uint8Array();

/** Whoever has the credential writes over anything. */
async function overwrite({ storage }: World, key: string, bytes: Uint8Array): Promise<void> {
  await storage.delete(storageKey(key));
  await storage.putIfAbsent(storageKey(key), bytes, {});
}

async function signed(what: Signed, signers: readonly Signer[]): Promise<Uint8Array> {
  const message = signedToBytes(what);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({ keyId: signer.key.keyId, sig: (await signer.sign(message)).sig })),
  );
  return metadataToBytes(message, signatures);
}

describe('the credential of the store alone', () => {
  test('can take away and put back, and is noticed by the door before it signs anything on top', async () => {
    const made = await published();
    const newest = await get(made, 'metadata/timestamp.json');
    const repository = await made.open();
    await repository.publish((draft) => draft.add('later', text('later')));
    await overwrite(made, 'metadata/timestamp.json', newest);
    await expect(made.open()).rejects.toMatchObject({ code: 'STORE_WENT_BACK' });
    await expect(repository.publish((draft) => draft.add('x', text('x')))).rejects.toMatchObject({
      code: 'STORE_WENT_BACK',
    });
    await made.storage.delete(storageKey('metadata/timestamp.json'));
    await expect(made.open()).rejects.toMatchObject({ code: 'STORE_WENT_BACK' });
  });

  test('makes no client take other bytes, nor metadata that nobody signed', async () => {
    const made = await published();
    const target = (await keysIn(made.storage, 'targets/')).find((key) => key.endsWith('.1.tgz')) ?? '';
    await overwrite(made, target, text('forged'));
    const client = await clientOf(made);
    await expect(client.read(path)).rejects.toMatchObject({ code: 'LENGTH_OR_HASH_MISMATCH' });
    const forged = Buffer.from(await get(made, 'metadata/timestamp.json')).toString();
    await overwrite(made, 'metadata/timestamp.json', text(forged.replace(/"version":3/, '"version":4')));
    await expect(clientOf(made)).rejects.toMatchObject({ code: 'UNSIGNED' });
  });
});

describe('the credential of the store alone, against the version numbers of a role', () => {
  const at = 'vendors/acme/a/1.tgz';
  const bring = async (made: World, bytes: Uint8Array): Promise<unknown> => {
    const repository = await made.open();
    return repository.publish(
      async (draft) => void (await draft.bring('vendor.acme', bytes, new Map([[at, text('new')]]))),
    );
  };
  const junk = (version: number) => storageKey(`metadata/${version}.vendor.acme.json`);

  test('holds up a vendor that signs for itself by its next 16 numbers, until they are taken away', async () => {
    const made = await published(); // the role is at version 2
    const versions = [3, 18, 19];
    const [next, ...others] = await Promise.all(versions.map((version) => roleOf(made, version, at, 'new')));
    if (next === undefined) throw new Error('nothing to hand in');
    for (let version = 3; version <= 18; version++)
      await made.storage.putIfAbsent(junk(version), text('junk'), {});
    for (const bytes of [next, ...others])
      await expect(bring(made, bytes)).rejects.toMatchObject({ code: 'DOOR_VERSION' });
    expect(await (await clientOf(made)).read(path)).toBe('honest'); // nobody sees any of it
    for (let version = 3; version <= 18; version++) await made.storage.delete(junk(version));
    await bring(made, next); // no number is used up
    expect(await (await clientOf(made)).read(at)).toBe('new');
  });

  test('does not hold up a role whose keys are at hand: it takes the next free number', async () => {
    const made = await published();
    for (let version = 3; version <= 40; version++)
      await made.storage.putIfAbsent(junk(version), text('junk'), {});
    const { roles } = await (await made.open()).publish((draft) => draft.add(at, text('new')));
    expect(roles.get('vendor.acme')).toBe(41);
  });
});

/** What the vendor's key can sign: the vendor's role, with this file. */
async function roleOf(made: World, version: number, at: string, content: string): Promise<Uint8Array> {
  const key = (await keysIn(made.storage, 'metadata/')).findLast((name) =>
    name.endsWith('.vendor.acme.json'),
  );
  const live = parseMetadata(await get(made, key ?? ''), 'targets').signed;
  const sha256 = hexDigest(createHash('sha256').update(content).digest('hex'));
  const file = {
    length: content.length,
    hashes: new Map([['sha256', sha256]]),
    custom: undefined,
    unrecognized: new Map(),
  };
  const targets = new Map(live.targets).set(targetPath(at), file);
  return signed({ ...live, version, targets }, made.keys.of('vendor.acme'));
}

describe('the key of a vendor alone', () => {
  test('reaches no client past the door: what nobody listed in the snapshot is not read', async () => {
    const made = await published();
    const bytes = await roleOf(made, 3, 'vendors/acme/evil/1.tgz', 'evil');
    await made.storage.putIfAbsent(storageKey('metadata/3.vendor.acme.json'), bytes, {});
    expect(await (await clientOf(made)).find('vendors/acme/evil/1.tgz')).toBeNull();
  });

  test.for([
    ['DOOR_PATHS', 'vendors/other/a/1.tgz', 3],
    ['DOOR_PATHS', 'policy/revocations.json', 3],
    ['DOOR_IMMUTABLE', path, 3],
    ['DOOR_VERSION', 'vendors/acme/a/1.tgz', 2 ** 31 - 1],
  ] as const)('is refused at the door: %s for %s', async ([code, at, version]) => {
    const made = await published();
    const bytes = await roleOf(made, version, at, 'evil');
    const repository = await made.open();
    await expect(
      repository.publish(
        async (draft) => void (await draft.bring('vendor.acme', bytes, new Map([[at, text('evil')]]))),
      ),
    ).rejects.toMatchObject({ code });
    expect(await (await clientOf(made)).read(path)).toBe('honest');
  });

  test('can publish within its own paths: that is what revocations are for', async () => {
    const made = await published();
    const at = 'vendors/acme/evil/1.tgz';
    const bytes = await roleOf(made, 3, at, 'evil');
    const repository = await made.open();
    await repository.publish(
      async (draft) => void (await draft.bring('vendor.acme', bytes, new Map([[at, text('evil')]]))),
    );
    expect(await (await clientOf(made)).read(at)).toBe('evil');
  });
});

describe('the keys of timestamp and snapshot, with the store', () => {
  test('list no content that the role’s own keys did not sign', async () => {
    const made = await published();
    const { set } = await clientOf(made);
    if (set.snapshot === null || set.timestamp === null) throw new Error('no snapshot');
    const role = parseMetadata(await get(made, 'metadata/2.vendor.acme.json'), 'targets').signed;
    const forged = await signed({ ...role, version: 9, targets: new Map() }, made.keys.of('snapshot'));
    const described = (version: number, bytes: Uint8Array) => ({
      version,
      length: bytes.length,
      hashes: new Map([['sha256', hexDigest(createHash('sha256').update(bytes).digest('hex'))]]),
      unrecognized: new Map(),
    });
    const meta = new Map(
      [...set.snapshot.meta].map(([name, file]) => [
        name,
        name === 'vendor.acme' ? described(9, forged) : file,
      ]),
    );
    const snapshot = await signed({ ...set.snapshot, version: 9, meta }, made.keys.of('snapshot'));
    const timestamp = await signed(
      { ...set.timestamp, version: 9, snapshot: described(9, snapshot) },
      made.keys.of('timestamp'),
    );
    await made.storage.putIfAbsent(storageKey('metadata/9.vendor.acme.json'), forged, {});
    await made.storage.putIfAbsent(storageKey('metadata/9.snapshot.json'), snapshot, {});
    await overwrite(made, 'metadata/timestamp.json', timestamp);
    const client = await TestClient.refresh(made.storage, made.root, made.now);
    await expect(client.read(path)).rejects.toMatchObject({ code: 'UNSIGNED' });
    expect(await client.read('top')).toBe('top');
  });
});

test(
  '100 publishers at once: no lost update, no version twice, no deadlock',
  { timeout: 60_000 },
  async () => {
    const made = await world();
    const mutable = (name: string): boolean => name === 'index.json';
    const publishers = await Promise.all(
      Array.from({ length: 100 }, () => made.open({ mutable, maxAttempts: 1000 })),
    );
    const results = await Promise.all(
      publishers.map((repository, number) =>
        repository.publish(async (draft) => {
          const before = Buffer.from((await draft.read('index.json')) ?? text('')).toString();
          await draft.add('index.json', text(`${before}${number}\n`));
        }),
      ),
    );
    const lines = ((await (await clientOf(made)).read('index.json')) ?? '').trim().split('\n');
    expect(lines.map(Number).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(new Set(results.map(({ version }) => version)).size).toBe(100);
  },
);
