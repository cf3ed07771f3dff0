import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { array, assert, asyncProperty, integer, record, uniqueArray } from 'fast-check';
import { expect, test } from 'vitest';
import { memoryStorage, read, storageKey, type Storage } from '@ragnos/storage';
import { initRepository, PublishError, watchWrites, type Repository } from '@ragnos/repository';
import {
  clientOf,
  Keyring,
  keysIn,
  layoutOf,
  start,
  tempFolder,
  TestClient,
  testSigner,
  text,
  world,
  type World,
} from './world.ts';

class Killed extends Error {}

function codeOf(error: unknown): unknown {
  return error instanceof PublishError ? error.code : error;
}

/** After `allowed` writes the process is dead: nothing reaches the store any more, clean-up included. */
function dyingAfter(storage: Storage, allowed: number): Storage {
  let left = allowed;
  let dead = false;
  const alive = (): void => {
    if (dead) throw new Killed('dead');
  };
  const watched = watchWrites(storage, () => {
    if (--left > 0) return;
    dead = true;
    throw new Killed('killed');
  });
  return {
    ...storage,
    get: (...call) => (alive(), storage.get(...call)),
    head: (...call) => (alive(), storage.head(...call)),
    putIfAbsent: (...call) => (alive(), watched.putIfAbsent(...call)),
    compareAndSwap: (...call) => (alive(), watched.compareAndSwap(...call)),
    delete: (...call) => (alive(), watched.delete(...call)),
  };
}

const publish = (repository: Repository): Promise<unknown> =>
  repository.publish(async (draft) => {
    await draft.add('vendors/acme/hello/a', text('artifact'));
    await draft.add('catalog/acme.json', text('catalog'));
    await draft.add('top', text('top'));
  });

async function stateOf(client: TestClient): Promise<'old' | 'new'> {
  const found = [
    await client.read('vendors/acme/hello/a'),
    await client.read('catalog/acme.json'),
    await client.read('top'),
  ];
  if (found.every((value) => value === null)) return 'old';
  expect(found).toEqual(['artifact', 'catalog', 'top']);
  return 'new';
}

/** What the head of this moment is made of. */
async function filesOf(made: World): Promise<readonly string[]> {
  const { set } = await clientOf(made);
  const roles = [...(set.snapshot?.meta ?? [])].map(
    ([name, { version }]) => `metadata/${version}.${name}.json`,
  );
  return [
    'metadata/1.root.json',
    'metadata/timestamp.json',
    `metadata/${set.snapshot?.version ?? 0}.snapshot.json`,
    ...roles,
  ];
}

test(
  'killed after each write of a publish: clients see the old state or the new one, and the next publish tidies up',
  { timeout: 60_000 },
  async () => {
    const states: string[] = [];
    for (let writes = 1; ; writes++) {
      const staging = await tempFolder();
      const made = await world({ staging });
      const fresh = await filesOf(made);
      const victim = await made.open({ storage: dyingAfter(made.storage, writes), maxAttempts: 2 });
      const survived = await publish(victim).then(
        () => true,
        () => false,
      );
      await victim.close().catch(() => undefined);
      const used = new Set([...fresh, ...(await filesOf(made))]);
      states.push(await stateOf(await clientOf(made)));

      const next = await made.open();
      await next.publish((draft) => draft.add('next', text('next')));
      for (const key of await filesOf(made)) used.add(key);
      await publish(next);
      const client = await clientOf(made);
      expect(await stateOf(client)).toBe('new');
      expect(await client.read('next')).toBe('next');
      await client.readAll();
      for (const key of await filesOf(made)) used.add(key);
      expect(await keysIn(made.storage, 'metadata/')).toEqual([...used].toSorted());
      await next.close();
      expect(await readdir(join(staging, 'journal')).catch(() => [])).toEqual([]);
      if (survived) break;
    }
    expect(states).toEqual(['old', 'old', 'old', 'old', 'old', 'old', 'old', 'new', 'new']);
  },
);

test('killed after each write of init: the same call completes it', { timeout: 60_000 }, async () => {
  for (let writes = 1; ; writes++) {
    const keys = new Keyring();
    const options = { layout: layoutOf(keys), signers: keys.source, now: start };
    const storage = memoryStorage();
    const survived = await initRepository(dyingAfter(storage, writes), options).then(
      () => true,
      () => false,
    );
    if (survived) break;
    const committed = (await keysIn(storage)).includes('metadata/timestamp.json');
    const complete = await initRepository(storage, options).catch((error: unknown) => ({
      code: codeOf(error),
    }));
    const code = 'code' in complete ? complete.code : undefined;
    const fingerprint = 'fingerprint' in complete ? complete.fingerprint : undefined;
    expect([code, typeof fingerprint]).toEqual(
      committed ? ['REPOSITORY_EXISTS', 'undefined'] : [undefined, 'string'],
    );
    const root = await read(storage, storageKey('metadata/1.root.json'), { maxLength: 100_000 });
    const client = await TestClient.refresh(storage, root?.bytes ?? text(''), start);
    expect(await client.readAll()).toHaveLength(13);
  }
});

test('an init that was killed is not completed with other keys', async () => {
  const storage = memoryStorage();
  const [keys, others] = [new Keyring(), new Keyring()];
  await initRepository(dyingAfter(storage, 3), { layout: layoutOf(keys), signers: keys.source }).catch(
    () => undefined,
  );
  const before = await keysIn(storage);
  const again = initRepository(storage, { layout: layoutOf(others), signers: others.source });
  await expect(again).rejects.toMatchObject({ code: 'REPOSITORY_EXISTS' });
  expect(await keysIn(storage)).toEqual(before);
});

test.for(['timestamp', 'snapshot', 'targets', 'root', 'vendor.acme'])(
  'killed after each write of rotating %s: clients verify, and the same call completes it',
  { timeout: 60_000 },
  async (role) => {
    for (let writes = 1; writes < 40; writes++) {
      const made = await world();
      await publish(await made.open());
      const [old] = made.keys.of(role);
      const fresh = testSigner();
      if (old === undefined) throw new Error('no key');
      const victim = await made.open({ storage: dyingAfter(made.storage, writes), maxAttempts: 2 });
      const survived = await victim.rotateKey(role, fresh, old).then(
        () => true,
        () => false,
      );
      expect(await stateOf(await clientOf(made))).toBe('new');
      made.keys.held.set(role, [old, fresh]);
      const next = await made.open();
      const { roles } = await next.status();
      if (roles.find((row) => row.role === role)?.keyIds[0] !== fresh.key.keyId)
        await next.rotateKey(role, fresh, old);
      made.keys.held.set(role, [fresh]);
      await next.refresh({ force: true });
      expect(await stateOf(await clientOf(made))).toBe('new');
      if (survived) return;
    }
    throw new Error('never survived');
  },
);

test(
  'any sequence of publishes, killed anywhere: a client never sees a mixture, and nothing acknowledged is lost',
  { timeout: 60_000 },
  async () => {
    await assert(
      asyncProperty(
        array(
          record({
            paths: uniqueArray(integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 3 }),
            kill: integer({ min: 1, max: 14 }),
          }),
          { maxLength: 6 },
        ),
        async (steps) => {
          const made = await world();
          const where = ['a', 'b', 'vendors/acme/x/y', 'catalog/c', 'attestations/x/y', 'policy/p'];
          let sure = new Map<string, string>();
          for (const [index, { paths, kill }] of steps.entries()) {
            const wanted = new Map([...sure, ...paths.map((i) => [where[i] ?? '', `${index}`] as const)]);
            const victim = await made.open({
              storage: dyingAfter(made.storage, kill),
              maxAttempts: 1,
              mutable: () => true,
            });
            const acknowledged = await victim
              .publish(async (draft) => {
                for (const [path, value] of wanted) await draft.add(path, text(value));
              })
              .then(
                () => true,
                () => false,
              );
            const client = await clientOf(made);
            const seen = new Map<string, string>();
            for (const path of where) {
              const value = await client.read(path);
              if (value !== null) seen.set(path, value);
            }
            await client.readAll();
            const possible = [wanted, ...(acknowledged ? [] : [sure])].map((state) =>
              Object.fromEntries(state),
            );
            expect(possible).toContainEqual(Object.fromEntries(seen));
            sure = seen;
          }
        },
      ),
      { numRuns: 15 },
    );
  },
);
