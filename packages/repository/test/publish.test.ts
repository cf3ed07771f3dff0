import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryStorage, StorageError, storageKey, type Storage } from '@ragnos/storage';
import { hashFile, initRepository, Repository } from '@ragnos/repository';
import { clientOf, Keyring, keysIn, layoutOf, start, tempFolder, text, world } from './world.ts';

const artifact = 'vendors/acme/hello/hello-1.0.0.tgz';
const code = (expected: string): unknown => expect.objectContaining({ code: expected });

test('a new repository is one that clients can use', async () => {
  const made = await world();
  const client = await clientOf(made);
  expect(await client.readAll()).toHaveLength(5 + 8); // targets, four delegations, eight bins
  expect(await client.find(artifact)).toBeNull();
  expect(await client.find(`attestations/${'ab'.repeat(32)}/x.json`)).toBeNull();
});

test('a file goes to the role that clients search for it', async () => {
  const made = await world();
  const repository = await made.open();
  const result = await repository.publish(async (draft) => {
    await draft.add(artifact, text('artifact'), { custom: { note: 'hi' } });
    await draft.add('wheels/thing.whl', text('wheel'));
    await draft.add('attestations/aa/b.json', text('attested'));
    expect(await draft.read(artifact)).toEqual(Uint8Array.from(text('artifact')));
  });
  expect(result.changed).toBe(true);
  expect([...result.roles.keys()].filter((role) => !role.startsWith('attestations-')).toSorted()).toEqual([
    'snapshot',
    'targets',
    'timestamp',
    'vendor.acme',
  ]);
  const client = await clientOf(made);
  expect(await client.read(artifact)).toBe('artifact');
  expect(await client.read('wheels/thing.whl')).toBe('wheel');
  expect(await client.read('attestations/aa/b.json')).toBe('attested');
  expect((await client.find(artifact))?.custom).toEqual({ note: 'hi' });
  await repository.inspect(async (draft) => {
    expect([...(await draft.list('vendor.acme')).keys()]).toEqual([artifact]);
    expect([...(await draft.list('attestations')).keys()]).toEqual(['attestations/aa/b.json']);
    await expect(draft.list('nobody')).rejects.toEqual(code('UNKNOWN_ROLE'));
  });
});

test('only roles that changed get a new version', async () => {
  const made = await world();
  const repository = await made.open();
  const result = await repository.publish((draft) => draft.add(artifact, text('x')));
  expect(Object.fromEntries(result.roles)).toEqual({ 'vendor.acme': 2, snapshot: 2, timestamp: 2 });
  const again = await repository.publish((draft) => draft.add(artifact, text('x')));
  expect(again.changed).toBe(false);
  expect(again.version).toBe(2);
  const none = await repository.publish(async (draft) => {
    await draft.add('catalog/a.json', text('a'));
    await draft.remove('catalog/a.json');
  });
  expect(none.changed).toBe(false);
});

test('a published path never changes, unless it is marked or told so', async () => {
  const made = await world();
  const repository = await made.open({ mutable: (path) => path.endsWith('/index.json') });
  const index = 'vendors/acme/hello/index.json';
  await repository.publish(async (draft) => {
    await draft.add(artifact, text('one'));
    await draft.add(index, text('{}'));
  });
  await expect(repository.publish((draft) => draft.add(artifact, text('two')))).rejects.toEqual(
    code('PATH_IMMUTABLE'),
  );
  await repository.publish((draft) => draft.add(index, text('{"a":1}')));
  await repository.publish((draft) => draft.add(artifact, text('three'), { replace: true }));
  const client = await clientOf(made);
  expect(await client.read(artifact)).toBe('three');
  expect(await client.read(index)).toBe('{"a":1}');
});

test('removing takes the path away, and keeps the file for older clients', async () => {
  const made = await world();
  const repository = await made.open();
  await repository.publish((draft) => draft.add(artifact, text('one')));
  const before = await keysIn(made.storage, 'targets/');
  expect((await repository.publish(async (draft) => void (await draft.remove(artifact)))).changed).toBe(true);
  expect((await repository.publish(async (draft) => void (await draft.remove(artifact)))).changed).toBe(
    false,
  );
  expect(await (await clientOf(made)).find(artifact)).toBeNull();
  expect(await keysIn(made.storage, 'targets/')).toEqual(before);
});

test('a pipe, a device and a folder are no content: refused at once, whoever writes into the pipe', async () => {
  const folder = await tempFolder();
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const file of [pipe, '/dev/zero', folder])
    await expect(hashFile(file)).rejects.toEqual(code('BAD_TARGET'));
  await expect(hashFile(join(folder, 'none'))).rejects.toEqual(code('ENOENT'));
});

test('a file on disk is streamed, and refused if it changed since it was hashed', async () => {
  const made = await world();
  const repository = await made.open();
  const file = join(await tempFolder(), 'large.bin');
  const bytes = Buffer.alloc(3_000_000, 'ragnos');
  await writeFile(file, bytes);
  const content = await hashFile(file);
  expect(content.sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  await repository.publish((draft) => draft.add('large.bin', content));
  expect(await (await clientOf(made)).read('large.bin')).toBe(bytes.toString());
  await writeFile(file, Buffer.alloc(3_000_000, 'changed'));
  await expect(repository.publish((draft) => draft.add('other.bin', content))).rejects.toEqual(
    code('STORAGE_MISMATCH'),
  );
  expect((await (await clientOf(made)).find('other.bin')) === null).toBe(true);
});

test.for(['', '../x', '/x', 'a//b', 'a\\b', 'C:/x', 'nul', 'a.', 'a:b', 'e\u0301', 'x'.repeat(2000), 'a\0b'])(
  'the path %j is refused',
  async (path) => {
    const repository = await (await world()).open();
    await expect(repository.publish((draft) => draft.add(path, text('x')))).rejects.toEqual(
      code('BAD_TARGET'),
    );
  },
);

test('publishes that wait together become one commit; one that fails does so alone', async () => {
  const made = await world();
  const repository = await made.open();
  await repository.publish((draft) => draft.add('first', text('1')));
  const results = await Promise.allSettled([
    repository.publish((draft) => draft.add('a', text('a'))),
    repository.publish((draft) => draft.add('first', text('other'))),
    repository.publish(() => Promise.reject(new Error('mine'))),
    repository.publish((draft) => draft.add('b', text('b'))),
    repository.publish(async () => undefined),
  ]);
  expect(results.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  expect(results[3]?.status === 'fulfilled' && results[3].value.version).toBe(3);
  expect(results[4]?.status === 'fulfilled' && results[4].value.changed).toBe(false);
  const client = await clientOf(made);
  expect(await client.read('a')).toBe('a');
  expect(await client.read('b')).toBe('b');
  expect(client.set.timestamp?.version).toBe(3);
});

test('a change whose signer is missing does not spoil those that wait with it', async () => {
  const made = await world();
  const repository = await made.open();
  made.keys.held.delete('policy');
  const [policy, other] = await Promise.allSettled([
    repository.publish((draft) => draft.add('policy/revocations.json', text('{}'))),
    repository.publish((draft) => draft.add('b', text('b'))),
  ]);
  expect(policy.status === 'rejected' && policy.reason).toEqual(code('SIGNATURES_MISSING'));
  expect(other.status).toBe('fulfilled');
  expect(await (await clientOf(made)).find('policy/revocations.json')).toBeNull();
});

test('nothing is written when a signer is missing', async () => {
  const made = await world();
  const repository = await made.open();
  made.keys.held.delete('timestamp');
  const before = await keysIn(made.storage);
  await expect(repository.publish((draft) => draft.add('b', text('b')))).rejects.toEqual(
    code('SIGNATURES_MISSING'),
  );
  expect(await keysIn(made.storage)).toEqual(before);
});

test('the loser of a race publishes on the new head, and leaves nothing behind', async () => {
  const made = await world();
  const [one, two] = [await made.open(), await made.open()];
  await Promise.all(
    [...Array(5).keys()].flatMap((i) => [
      one.publish((draft) => draft.add(`one/${i}`, text(`${i}`))),
      two.publish((draft) => draft.add(`two/${i}`, text(`${i}`))),
    ]),
  );
  const client = await clientOf(made);
  for (let i = 0; i < 5; i++) {
    expect(await client.read(`one/${i}`)).toBe(`${i}`);
    expect(await client.read(`two/${i}`)).toBe(`${i}`);
  }
  const snapshots = (await keysIn(made.storage, 'metadata/')).filter((key) => key.endsWith('.snapshot.json'));
  expect(snapshots).toHaveLength(client.set.timestamp?.version ?? 0); // each belongs to a commit
});

test('read, then write: a counter never loses an increment', async () => {
  const made = await world();
  const repositories = await Promise.all([1, 2, 3, 4].map(() => made.open({ mutable: () => true })));
  const increment = (repository: Repository) =>
    repository.publish(async (draft) => {
      const value = Number(Buffer.from((await draft.read('counter')) ?? text('0')).toString());
      await draft.add('counter', text(String(value + 1)));
    });
  await Promise.all(repositories.flatMap((repository) => [increment(repository), increment(repository)]));
  expect(await (await clientOf(made)).read('counter')).toBe('8');
});

test('a race that is never won is a CONFLICT', async () => {
  const made = await world();
  const other = await made.open();
  let count = 0;
  const repository = await made.open({
    maxAttempts: 3,
    signers: async (role, ids) => {
      if (role === 'timestamp') await other.publish((draft) => draft.add(`other/${count++}`, text('x')));
      return made.keys.source(role, ids);
    },
  });
  await expect(repository.publish((draft) => draft.add('mine', text('x')))).rejects.toEqual(code('CONFLICT'));
  const client = await clientOf(made);
  expect(await client.find('mine')).toBeNull();
  expect(count).toBe(3);
  await client.readAll();
});

test('an occupied version number is left alone and the next one taken', async () => {
  const made = await world();
  const repository = await made.open();
  for (const key of ['metadata/2.targets.json', 'metadata/3.targets.json', 'metadata/2.snapshot.json'])
    await made.storage.putIfAbsent(storageKey(key), text('orphan'));
  const { roles } = await repository.publish((draft) => draft.add('a', text('a')));
  expect(Object.fromEntries(roles)).toEqual({ targets: 4, snapshot: 3, timestamp: 2 });
  expect(await (await clientOf(made)).read('a')).toBe('a');
});

/** The store does what it is told, and then says that it does not know. */
function losingAnswers(storage: Storage, lost: 'after' | 'before', times: number): Storage {
  let left = times;
  return {
    ...storage,
    async compareAndSwap(...call) {
      if (left-- <= 0) return storage.compareAndSwap(...call);
      if (lost === 'after') await storage.compareAndSwap(...call);
      throw new StorageError('STORAGE_UNAVAILABLE', 'no answer');
    },
  };
}

for (const lost of ['after', 'before'] as const)
  test(`an answer lost ${lost} the commit: published exactly once`, async () => {
    const made = await world();
    const repository = await made.open({ storage: losingAnswers(made.storage, lost, 1) });
    let runs = 0;
    const result = await repository.publish(async (draft) => {
      runs++;
      expect(await draft.find('a')).toBeNull(); // a replay on top of itself would see it
      await draft.add('a', text('a'));
    });
    expect(result.changed).toBe(true);
    expect(runs).toBe(lost === 'after' ? 1 : 2);
    const client = await clientOf(made);
    expect(await client.read('a')).toBe('a');
    expect(client.set.timestamp?.version).toBe(2);
  });

test('a lost answer is recognised even when others have published since', async () => {
  const made = await world();
  const other = await made.open();
  const storage: Storage = {
    ...made.storage,
    compareAndSwap: async (...call) => {
      await made.storage.compareAndSwap(...call);
      for (let i = 0; i < 5; i++) await other.publish((draft) => draft.add(`other/${i}`, text('x')));
      throw new StorageError('STORAGE_UNAVAILABLE', 'no answer');
    },
  };
  const repository = await made.open({ storage });
  expect((await repository.publish((draft) => draft.add('a', text('a')))).version).toBe(2);
  expect(await (await clientOf(made)).read('a')).toBe('a');
});

test('there is no init over a repository, and no open without one', async () => {
  const made = await world();
  const again = initRepository(made.storage, {
    layout: layoutOf(made.keys),
    signers: made.keys.source,
    now: start,
  });
  await expect(again).rejects.toEqual(code('REPOSITORY_EXISTS'));
  const keys = new Keyring();
  const layout = layoutOf(keys);
  await expect(Repository.open({ storage: memoryStorage(), signers: keys.source })).rejects.toEqual(
    code('NO_REPOSITORY'),
  );
  const missing = initRepository(memoryStorage(), { layout, signers: () => Promise.resolve([]) });
  await expect(missing).rejects.toEqual(code('SIGNATURES_MISSING'));
});

test('a head that is missing is never taken for an empty repository', async () => {
  const staging = await tempFolder();
  const made = await world({ staging });
  const repository = await made.open();
  await repository.publish((draft) => draft.add('a', text('a')));
  await made.storage.delete(storageKey('metadata/timestamp.json'));
  await expect(repository.publish((draft) => draft.add('b', text('b')))).rejects.toThrow(/lost/);
  await expect(made.open()).rejects.toEqual(code('STORE_WENT_BACK'));
  const init = { layout: layoutOf(made.keys), signers: made.keys.source, now: start };
  await expect(initRepository(made.storage, init)).rejects.toEqual(code('REPOSITORY_EXISTS'));
  await expect(initRepository(memoryStorage(), { ...init, staging })).rejects.toEqual(
    code('REPOSITORY_EXISTS'),
  );
});

test('a store that went back is refused before anything is signed', async () => {
  const staging = await tempFolder();
  const made = await world({ staging });
  const repository = await made.open();
  const key = storageKey('metadata/timestamp.json');
  const old = await (await clientOf(made)).need(key);
  await repository.publish((draft) => draft.add('a', text('a')));
  const swap = async (bytes: Uint8Array) =>
    made.storage.compareAndSwap(key, bytes, {}, (await made.storage.head(key))?.etag ?? null);
  await swap(old);
  made.keys.asked.length = 0;
  await expect(repository.publish((draft) => draft.add('b', text('b')))).rejects.toEqual(
    code('STORE_WENT_BACK'),
  );
  await expect(made.open()).rejects.toEqual(code('STORE_WENT_BACK')); // and by the next process
  expect(made.keys.asked).toEqual([]);
  await writeFile(join(staging, 'seen.json'), '{');
  await expect(made.open()).rejects.toEqual(code('STORE_WENT_BACK'));
});

test('metadata that somebody changed in the store is refused', async () => {
  const made = await world();
  await made.storage.delete(storageKey('metadata/1.snapshot.json'));
  await made.storage.putIfAbsent(storageKey('metadata/1.snapshot.json'), text('{}'));
  await expect(made.open()).rejects.toEqual(code('LENGTH_OR_HASH_MISMATCH'));
});

test('an aborted publish rejects with its reason and leaves nothing', async () => {
  const made = await world();
  const stop = new AbortController();
  const repository = await made.open({
    signers: (role, ids) => {
      if (role === 'snapshot') stop.abort(new Error('enough'));
      return made.keys.source(role, ids);
    },
  });
  const before = await keysIn(made.storage, 'metadata/');
  await expect(
    repository.publish((draft) => draft.add('a', text('a')), { signal: stop.signal }),
  ).rejects.toThrow('enough');
  expect(await keysIn(made.storage, 'metadata/')).toEqual(before);
});

test('a draft that is used after its change does nothing', async () => {
  const repository = await (await world()).open();
  let late: Promise<void> | undefined;
  await repository.publish(async (draft) => {
    late = new Promise((resolve) => setTimeout(resolve, 20)).then(() => draft.add('late', text('x')));
  });
  await expect(late).rejects.toEqual(code('CONFLICT'));
});

test('timestamp never outlives snapshot', async () => {
  const keys = new Keyring();
  const day = 86_400;
  const lifetimes = { root: 365 * day, targets: 90 * day, snapshot: 3600, timestamp: day, delegated: day };
  const made = await world({ keys, layout: { ...layoutOf(keys, []), lifetimes } });
  const repository = await made.open({ lifetimes });
  await repository.publish((draft) => draft.add('a', text('a')));
  const { set } = await clientOf(made);
  expect(set.timestamp?.expires).toEqual(set.snapshot?.expires);
});
