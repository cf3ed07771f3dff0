/** Files that lie in the store from an earlier try, and are named by a later publish: gc must not take them from under it. */
import { createHash } from 'node:crypto';
import { storageKey } from '@ragnos/storage';
import { aliasKey, targetKey } from '../src/keys.ts';
import { hexDigest, metadataToBytes, signedToBytes, targetPath, type Targets } from '@ragnos/tuf';
import { expect, test } from 'vitest';
import { hour, timedStorage } from './retention-world.ts';
import { Keyring, layoutOf, testSigner, text, world, type World } from './world.ts';

const path = targetPath('vendors/acme/x/y');
const content = text('left by an earlier try');
const digest = hexDigest(createHash('sha256').update(content).digest('hex'));
const key = targetKey(path, digest);
const alias = aliasKey(path, digest) ?? storageKey('none');

/** A repository whose vendor signs elsewhere; `later` lets time go by in its store, as the store itself sees it. */
async function setting() {
  let now = new Date('2030-01-01T00:00:00.500Z');
  const keys = new Keyring();
  const vendor = testSigner();
  keys.held.set('vendor.acme', [vendor]);
  const storage = timedStorage(() => now);
  const layout = layoutOf(keys, [keys.delegation('vendor.acme', ['vendors/acme/*/*'])]);
  const made: World = await world({ storage, keys, layout });
  keys.held.delete('vendor.acme');
  const repository = await made.open({ compat: ['tough'], now: () => now });
  return {
    made,
    repository,
    async later(milliseconds: number): Promise<void> {
      now = new Date(now.getTime() + milliseconds);
      made.now = now;
      await repository.refresh({ force: true }); // the store shows its time by what was written last
    },
    age: async (name: string): Promise<number | null> => {
      const info = await storage.head(storageKey(name));
      return info === null ? null : now.getTime() - info.modified.getTime();
    },
    async role(): Promise<Uint8Array> {
      const file = {
        length: content.length,
        hashes: new Map([['sha256', digest]]),
        custom: undefined,
        unrecognized: new Map(),
      };
      const signed: Targets = {
        type: 'targets',
        specVersion: '1.0.34',
        version: 9,
        expires: new Date(now.getTime() - (now.getTime() % 1000) + 30 * 24 * hour),
        targets: new Map([[path, file]]),
        delegations: null,
        unrecognized: new Map(),
      };
      const message = signedToBytes(signed);
      const { sig } = await vendor.sign(message);
      return metadataToBytes(message, [{ keyId: vendor.key.keyId, sig }]);
    },
  };
}

test('an old leftover that a role names is written again before it is named, under both of its paths', async () => {
  const { made, repository, later, age, role } = await setting();
  for (const at of [key, alias]) await made.storage.putIfAbsent(storageKey(at), content, {});
  await later(13 * hour);
  expect(await age(key)).toBe(13 * hour);
  const bytes = await role();
  await repository.inspect(async (draft) => draft.bring('vendor.acme', bytes));
  expect(await age(key)).toBe(13 * hour); // looking writes nothing
  await repository.publish(async (draft) => void (await draft.bring('vendor.acme', bytes)));
  expect([await age(key), await age(alias)]).toEqual([0, 0]);
});

test('the second path alone may be the old one', async () => {
  const { made, repository, later, age, role } = await setting();
  await made.storage.putIfAbsent(storageKey(alias), content, {});
  await later(13 * hour);
  await made.storage.putIfAbsent(storageKey(key), content, {});
  const bytes = await role();
  await repository.publish(async (draft) => void (await draft.bring('vendor.acme', bytes)));
  expect([await age(key), await age(alias)]).toEqual([0, 0]);
});

test('what is young, or what the head names, is left as it is', async () => {
  const { made, repository, later, age, role } = await setting();
  for (const at of [key, alias]) await made.storage.putIfAbsent(storageKey(at), content, {});
  await later(11 * hour);
  const bytes = await role();
  await repository.publish(async (draft) => void (await draft.bring('vendor.acme', bytes)));
  expect([await age(key), await age(alias)]).toEqual([11 * hour, 11 * hour]);
});

test('an old leftover that is damaged is refused, and nothing is published', async () => {
  const { made, repository, later, role } = await setting();
  await made.storage.putIfAbsent(storageKey(key), text('x'.repeat(content.length)), {});
  await later(13 * hour);
  const bytes = await role();
  await expect(
    repository.publish(async (draft) => void (await draft.bring('vendor.acme', bytes))),
  ).rejects.toMatchObject({ code: 'DOOR_TARGETS' });
});
