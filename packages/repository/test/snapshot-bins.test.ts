/** Bins that the snapshot's own keys sign: what is written, read, logged and told of them. */
import { array, assert, asyncProperty, constant, constantFrom, integer, oneof, record } from 'fast-check';
import { expect, test } from 'vitest';
import { AuditLog, type LogEntry } from '@ragnos/tlog';
import {
  bestBits,
  logHeadOf,
  PublishError,
  watchWrites,
  type BinsLayout,
  type Repository,
} from '@ragnos/repository';
import { parseMetadata, roleName, type MetaFile } from '@ragnos/tuf';
import { keyHygiene } from '../src/doctor/keys.ts';
import { form } from '../src/doctor/form.ts';
import { metaFile } from '../src/signed.ts';
import { headOf } from './doctor-world.ts';
import { retained, hour, keyOf } from './retention-world.ts';
import { forge, get } from './thief.ts';
import {
  clientOf,
  Keyring,
  keysIn,
  layoutOf,
  tempFolder,
  testSigner,
  text,
  world,
  type TestClient,
  type World,
} from './world.ts';

const vendor = 'vendor.acme';
const path = (number: number): string => `vendors/acme/p${number}/index.json`;
const styles = ['succinct', 'prefixes'] as const;

async function filled(count: number): Promise<World> {
  const made = await world();
  const repository = await made.open({ mutable: () => true });
  await repository.publish(async (draft) => {
    for (let number = 0; number < count; number++) await draft.add(path(number), text(`content ${number}`));
  });
  return made;
}

const split = (repository: Repository, bins: BinsLayout) =>
  repository.editRoles([{ kind: 'split', role: vendor, bins: { signedBy: 'snapshot', ...bins } }]);

async function expectReadable(made: World, count: number): Promise<TestClient> {
  const client = await clientOf(made);
  for (let number = 0; number < count; number++)
    expect(await client.read(path(number))).toBe(`content ${number}`);
  await client.readAll();
  return client;
}

const meta = ({ set }: TestClient): readonly (readonly [string, MetaFile])[] => [
  ...(set.snapshot?.meta ?? []),
];

/** The bins that are in force, and how the snapshot lists them. */
async function bare(made: World, prefix = `${vendor}-`): Promise<readonly boolean[]> {
  const listed = meta(await clientOf(made)).filter(([name]) => name.startsWith(prefix));
  return listed.map(([, { hashes, length }]) => hashes === null && length === null);
}

test('more of them write the least, since the snapshot says less of each', () => {
  const bits = (targets: number) => bestBits(targets, 'snapshot');
  expect([10, 1_000, 10_000, 100_000, 1_000_000].map(bits)).toEqual([3, 6, 8, 9, 11]);
  expect(bits(0)).toBe(1);
});

test.each(styles)('split into them, published to, split anew, split back (%s)', async (style) => {
  const made = await filled(20);
  const repository = await made.open({ mutable: () => true });
  const old = await clientOf(made);
  await split(repository, { bitLength: 3, style });
  for (let number = 0; number < 20; number++) expect(await old.read(path(number))).toBe(`content ${number}`);
  const client = await expectReadable(made, 20);
  for (const [name, { hashes }] of meta(client))
    expect([name, hashes === null]).toEqual([name, name.startsWith(`${vendor}-`)]);
  const [name] = meta(client).find(([listed]) => listed.startsWith(`${vendor}-`)) ?? [''];
  const { signatures } = parseMetadata(await client.need(`metadata/1.${name}.json`), 'targets');
  expect(signatures.map(({ keyId }) => keyId)).toEqual(made.keys.of('snapshot').map(({ key }) => key.keyId));
  await repository.publish((draft) => draft.add(path(20), text('content 20')));
  await expectReadable(made, 21);
  await split(repository, { bitLength: 2, style });
  await expectReadable(made, 21);
  expect(await bare(made, `${vendor}.2-`)).toEqual(Array(4).fill(true));
  expect(await bare(made)).toEqual(Array(8).fill(false)); // retired: under the role's keys, with a hash
  await split(repository, { bitLength: 3, style, signedBy: 'role' });
  expect(await bare(made, `${vendor}.3-`)).toEqual(Array(8).fill(false));
  await repository.publish((draft) => draft.add(path(21), text('content 21')));
  await expectReadable(made, 22);
  const { roles } = await repository.status();
  expect(roles.find(({ role }) => role === vendor)?.targets).toBe(22);
});

test('a repository is made with them, and a role is added with them', async () => {
  const keys = new Keyring();
  const bins = { bitLength: 2, signedBy: 'snapshot' } as const;
  const layout = layoutOf(keys, [keys.delegation(vendor, ['vendors/acme/*/*'], { bins })]);
  const made = await world({ keys, layout });
  const repository = await made.open({ mutable: () => true });
  const other = keys.delegation('vendor.other', ['vendors/other/*/*'], { bins });
  await repository.editRoles([{ kind: 'add', delegation: other }]);
  await repository.publish(async (draft) => {
    await draft.add(path(0), text('content 0'));
    await draft.add('vendors/other/a/b', text('other'));
  });
  const client = await expectReadable(made, 1);
  expect(await client.read('vendors/other/a/b')).toBe('other');
  expect(await bare(made)).toEqual(Array(4).fill(true));
  expect(await bare(made, 'vendor.other-')).toEqual(Array(4).fill(true));
  await repository.editRoles([{ kind: 'remove', role: 'vendor.other' }]);
  expect(await bare(made, 'vendor.other-')).toEqual(Array(4).fill(false));
  await expectReadable(made, 1);
});

test('a publish into them takes the keys of snapshot, and none of the role', async () => {
  const made = await filled(3);
  const repository = await made.open({ mutable: () => true });
  await split(repository, { bitLength: 2 });
  made.keys.held.delete(vendor);
  made.keys.asked.length = 0;
  const { roles } = await repository.publish((draft) => draft.add(path(3), text('content 3')));
  expect(made.keys.asked).not.toContain(vendor);
  expect(roles.has(vendor)).toBe(false);
  await expectReadable(made, 4);
  await repository.refresh({ force: true }).catch(() => undefined); // of the role itself nobody is here
  await expectReadable(made, 4);
});

test('the role gets other keys, and its bins stay as they are', async () => {
  const made = await filled(6);
  const repository = await made.open({ mutable: () => true });
  await split(repository, { bitLength: 2 });
  const fresh = testSigner();
  made.keys.held.set(vendor, [fresh]);
  const { roles } = await repository.editRoles([
    { kind: 'keys', role: vendor, keys: [fresh.key], threshold: 1 },
  ]);
  expect([...roles.keys()].toSorted()).toEqual(['snapshot', 'targets', 'timestamp', vendor]);
  await repository.publish((draft) => draft.add(path(6), text('content 6')));
  await expectReadable(made, 7);
  expect(await bare(made)).toEqual(Array(4).fill(true));
});

test('those that were listed with a hash lose it all at once', async () => {
  const made = await filled(6);
  await split(await made.open({ mutable: () => true }), { bitLength: 3 });
  const bytes = new Map<string, Uint8Array>();
  for (const [name, { version }] of meta(await clientOf(made)))
    bytes.set(name, await get(made.storage, `metadata/${version}.${name}.json`));
  const whole = ([name, file]: readonly [string, MetaFile]) =>
    [roleName(name), metaFile(file.version, bytes.get(name) ?? text(''))] as const;
  await forge(made, {
    snapshot: (old) => ({ ...old, version: old.version + 1, meta: new Map([...old.meta].map(whole)) }),
    timestamp: (old) => ({ ...old, version: old.version + 1 }),
  });
  expect(await bare(made)).toEqual(Array(8).fill(false));
  const repository = await made.open({ mutable: () => true });
  await repository.publish((draft) => draft.add('catalog/x', text('x')));
  expect(await bare(made)).toEqual(Array(8).fill(false)); // none of them is touched
  await repository.publish((draft) => draft.add(path(6), text('content 6')));
  expect(await bare(made)).toEqual(Array(8).fill(true));
  await expectReadable(made, 7);
});

test('a publisher that others overtook reads the bins anew, and keeps those that did not change', async () => {
  const made = await filled(4);
  const first = await made.open({ mutable: () => true });
  await split(first, { bitLength: 1 });
  const read: string[] = [];
  const storage = {
    ...made.storage,
    get: (...call: Parameters<typeof made.storage.get>) => {
      read.push(call[0]);
      return made.storage.get(...call);
    },
  };
  const second = await made.open({ storage, mutable: () => true });
  for (let number = 4; number < 8; number++) {
    const who = number % 2 === 0 ? first : second;
    await who.publish((draft) => draft.add(path(number), text(`content ${number}`)));
  }
  await expectReadable(made, 8);
  await second.inspect((draft) => draft.find(path(0)).then(() => undefined));
  await second.inspect((draft) => draft.find(path(1)).then(() => undefined));
  read.length = 0;
  await first.publish((draft) => draft.add('catalog/x', text('x')));
  for (let number = 0; number < 8; number++)
    await second.inspect(async (draft) => expect(await draft.find(path(number))).not.toBeNull());
  expect(read.filter((key) => key.includes(`${vendor}-`))).toEqual([]);
});

test('killed after each write of a publish: the old state or the new one', { timeout: 60_000 }, async () => {
  const states: (string | null)[] = [];
  for (let writes = 1; ; writes++) {
    const staging = await tempFolder();
    const made = await world({ staging });
    await split(await made.open(), { bitLength: 1 });
    let left = writes;
    let dead = false;
    const dying = watchWrites(made.storage, () => {
      if (--left > 0) return;
      dead = true;
      throw new Error('killed');
    });
    const alive = (): void => {
      if (dead) throw new Error('dead');
    };
    const victim = await made.open({
      storage: {
        ...dying,
        get: (...call) => (alive(), dying.get(...call)),
        putIfAbsent: (...call) => (alive(), dying.putIfAbsent(...call)),
        compareAndSwap: (...call) => (alive(), dying.compareAndSwap(...call)),
        delete: (...call) => (alive(), dying.delete(...call)),
      },
      maxAttempts: 2,
    });
    const done = await victim
      .publish((draft) => draft.add(path(0), text('content 0')))
      .then(
        () => true,
        () => false,
      );
    states.push(await (await clientOf(made)).read(path(0)));
    await victim.close().catch(() => undefined);
    const next = await made.open();
    await next.publish((draft) => draft.add(path(1), text('content 1')));
    await next.publish((draft) => draft.add(path(0), text('content 0')));
    await expectReadable(made, 2);
    if (done) break;
  }
  expect(states.length).toBeGreaterThan(4);
  expect(states[0]).toBeNull();
  expect(states.at(-1)).toBe('content 0');
});

test('gc keeps the files of the newest versions, and deletes older ones', async () => {
  const it = await retained();
  await it.publish([path(0), 'one'], [path(1), 'other']);
  await split(it.repository, { bitLength: 1 });
  it.later(26 * hour);
  await it.publish([path(0), 'two']);
  for (let day = 0; day < 2; day++) {
    it.later(26 * hour);
    await it.repository.refresh();
  }
  const before = await it.keys();
  const { garbage } = await it.gc();
  expect(garbage.map(({ key }) => key)).toContain(keyOf(path(0), 'one'));
  expect(garbage.some(({ key }) => key.includes(`${vendor}-`))).toBe(true);
  expect((await it.keys()).length).toBe(before.length - garbage.length);
  const client = await clientOf(it.made);
  expect(await client.read(path(0))).toBe('two');
  expect(await client.read(path(1))).toBe('other');
  await client.readAll();
});

test('the log has their digests, before and after', async () => {
  const made = await filled(4);
  const repository = await made.open({
    mutable: () => true,
    audit: { actor: { type: 'user', name: 'olga' }, host: 'desk', tool: 'test 1' },
  });
  await split(repository, { bitLength: 1 });
  await repository.publish((draft) => draft.add(path(4), text('content 4')));
  const { timestamp } = (await clientOf(made)).set;
  const head = timestamp === null ? null : logHeadOf(timestamp);
  if (head === null) throw new Error('no log');
  const log = new AuditLog(made.storage);
  expect(await log.verify(head)).toMatchObject({ findings: [] });
  const entries: LogEntry[] = [];
  for await (const { entry } of log.entries(head)) entries.push(entry);
  const changes = entries.at(-1)?.roles?.some.filter(({ name }) => name.startsWith(`${vendor}-`)) ?? [];
  expect(changes).toHaveLength(1);
  for (const { name, before, after } of changes) {
    for (const file of [before, after]) {
      const bytes = await get(made.storage, `metadata/${file?.version ?? 0}.${name}.json`);
      expect(file).toEqual({
        version: file?.version,
        sha256: metaFile(1, bytes).hashes?.get('sha256'),
      });
    }
    expect([before?.version, after?.version]).toEqual([1, 2]);
  }
});

test('doctor excuses exactly these', async () => {
  const made = await filled(4);
  await split(await made.open(), { bitLength: 2 });
  const head = await headOf(made);
  const told = (root = head.root.signed): readonly string[] => {
    const looked = { ...head, root: { ...head.root, signed: root } };
    return [...form(looked), ...keyHygiene(looked)].map(({ rule }) => rule);
  };
  expect(told()).toEqual(['threshold-root']);
  const { roles, keys } = head.root.signed;
  const online = roles.get('snapshot');
  const other = testSigner().key;
  if (online === undefined) throw new Error('no snapshot role');
  const withSnapshot = (change: Partial<typeof online>) => ({
    ...head.root.signed,
    keys: new Map([...keys, [other.keyId, other]]),
    roles: new Map([...roles, ['snapshot' as const, { ...online, ...change }]]),
  });
  expect(told(withSnapshot({ keyIds: [other.keyId] }))).toContain('snapshot-hash');
  expect(told(withSnapshot({ keyIds: [...online.keyIds, other.keyId] }))).toContain('snapshot-hash');
  expect(told(withSnapshot({ threshold: 2 }))).toContain('snapshot-hash');
});

/** Another key for the snapshot, or how that was refused. */
async function rotate(made: World, repository: Repository): Promise<string> {
  const [old] = made.keys.of('snapshot');
  if (old === undefined) throw new Error('no key');
  const fresh = testSigner();
  const before = await keysIn(made.storage);
  try {
    await repository.rotateKey('snapshot', fresh, old);
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    const same = (await keysIn(made.storage)).join() === before.join();
    return `${error.code}, and ${same ? 'nothing' : 'something'} was written`;
  }
  made.keys.held.set('snapshot', [fresh, old]);
  return 'rotated';
}

test('any sequence of splits, publishes and rotations keeps every target', { timeout: 120_000 }, async () => {
  const step = oneof(
    constant('publish' as const),
    constant('rotate' as const),
    record({
      bitLength: integer({ min: 1, max: 3 }),
      style: constantFrom(...styles),
      signedBy: constantFrom('role' as const, 'snapshot' as const),
    }),
  );
  await assert(
    asyncProperty(array(step, { maxLength: 8 }), async (steps) => {
      const made = await filled(3);
      const repository = await made.open({ mutable: () => true });
      let count = 3;
      let under = false;
      const rotated: string[] = [];
      const expected: string[] = [];
      for (const one of steps)
        if (one === 'publish') {
          const number = count++;
          await repository.publish((draft) => draft.add(path(number), text(`content ${number}`)));
        } else if (one === 'rotate') {
          rotated.push(await rotate(made, repository));
          expected.push(under ? 'BAD_LAYOUT, and nothing was written' : 'rotated');
        } else {
          await split(repository, one);
          under = one.signedBy === 'snapshot';
        }
      expect(rotated).toEqual(expected);
      const client = await expectReadable(made, count);
      const hidden = meta(client).filter(([, { hashes }]) => hashes === null);
      expect(hidden.length > 0).toBe(under);
    }),
    { numRuns: 15 },
  );
});
