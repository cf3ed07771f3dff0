import { expect, test } from 'vitest';
import { storageKey } from '@ragnos/storage';
import type { RoleEdit } from '@ragnos/repository';
import { metadataToBytes, parseMetadata } from '@ragnos/tuf';
import {
  clientOf,
  Keyring,
  keysIn,
  layoutOf,
  start,
  TestClient,
  testSigner,
  text,
  world,
  type World,
} from './world.ts';

const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const path = 'vendors/acme/hello/index.json';

async function published(): Promise<World> {
  const made = await world();
  await (
    await made.open()
  ).publish(async (draft) => {
    await draft.add(path, text('{}'));
    await draft.add('attestations/aa/b.json', text('attested'));
  });
  return made;
}

/** After every single write of `run`, clients of every age find what was published. */
async function whileClientsLook(made: World, run: () => Promise<unknown>): Promise<number> {
  let looks = 0;
  const done = new AbortController();
  const look = async (): Promise<void> => {
    while (!done.signal.aborted) {
      const client = await clientOf(made);
      expect(await client.read(path)).toBe('{}');
      expect(await client.read('attestations/aa/b.json')).toBe('attested');
      looks++;
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const looking = look();
  try {
    await run();
  } finally {
    done.abort();
    await looking;
  }
  return looks;
}

test.for(['timestamp', 'snapshot', 'targets', 'root', 'vendor.acme', 'attestations', 'policy'])(
  'rotating the key of %s: no client fails at any moment',
  async (role) => {
    const made = await published();
    const repository = await made.open();
    const [old] = made.keys.of(role);
    const fresh = testSigner();
    if (old === undefined) throw new Error('no key');
    const looks = await whileClientsLook(made, async () => {
      const result = await repository.rotateKey(role, fresh, old);
      expect(result.rootVersion).toBe(
        role.includes('.') || ['attestations', 'policy'].includes(role) ? null : 2,
      );
      made.keys.held.set(role, [fresh]);
      await repository.publish((draft) => draft.add('vendors/acme/hello/other', text('x')));
      await repository.publish((draft) => draft.add('attestations/cc/d.json', text('x')));
    });
    expect(looks).toBeGreaterThan(0);
    const client = await clientOf(made);
    await client.readAll();
    const { roles } = await repository.status();
    const row = roles.find((each) => each.role === role);
    expect(row?.keyIds).toEqual([fresh.key.keyId]);
    expect(row?.signedBy).toEqual([fresh.key.keyId]);
    // The old key alone signs nothing any more.
    made.keys.held.set(role, [old]);
    const again = await made.open({ keyOverlap: 0 });
    const use = (): Promise<unknown> => {
      if (role === 'root')
        return repository.rotateKey('timestamp', testSigner(), made.keys.of('timestamp')[0] ?? old);
      if (role === 'targets') return again.publish((draft) => draft.add('top', text('y')));
      if (role === 'policy') return again.publish((draft) => draft.add('policy/x', text('y')));
      if (role === 'attestations') return again.publish((draft) => draft.add('attestations/ee/f', text('y')));
      return again.publish((draft) => draft.add('vendors/acme/hello/third', text('y')));
    };
    await expect(use()).rejects.toEqual(code('SIGNATURES_MISSING'));
  },
);

test('a client in the middle of a session under the old root still reads what is signed after the rotation', async () => {
  const made = await published();
  made.now = new Date();
  const repository = await made.open({ keyOverlap: 3600 });
  await repository.refresh({ force: true, clockIsRight: true });
  const [old] = made.keys.of('timestamp');
  const fresh = testSigner();
  if (old === undefined) throw new Error('no key');
  await repository.rotateKey('timestamp', fresh, old);
  made.keys.held.set('timestamp', [fresh, old]);
  await repository.publish((draft) => draft.add('later', text('x')));
  const { set } = await TestClient.refresh(made.storage, made.root, made.now);
  expect(set.root.version).toBe(3);
  const timestamp = await (await clientOf(made)).need('metadata/timestamp.json');
  for (const { key } of [old, fresh]) expect(Buffer.from(timestamp).toString()).toContain(key.keyId);
});

test('a key that does not serve the role, or serves another one, is refused', async () => {
  const made = await published();
  const repository = await made.open();
  const snapshot = made.keys.of('snapshot')[0] ?? testSigner();
  await expect(repository.rotateKey('timestamp', testSigner(), snapshot)).rejects.toEqual(code('BAD_LAYOUT'));
  const timestamp = made.keys.of('timestamp')[0] ?? testSigner();
  await expect(repository.rotateKey('timestamp', snapshot, timestamp)).rejects.toEqual(code('BAD_LAYOUT'));
  await expect(repository.rotateKey('nobody', testSigner(), timestamp)).rejects.toEqual(code('UNKNOWN_ROLE'));
});

test('a publish that slips in between signing and the new root signs with both keys', async () => {
  const made = await published();
  const other = await made.open();
  const [old] = made.keys.of('timestamp');
  if (old === undefined) throw new Error('no key');
  const fresh = testSigner();
  made.keys.of('timestamp').push(fresh);
  const storage: typeof made.storage = {
    ...made.storage,
    async putIfAbsent(key, ...rest) {
      if (key === 'metadata/2.root.json') await other.publish((draft) => draft.add('slipped', text('in')));
      return made.storage.putIfAbsent(key, ...rest);
    },
  };
  const repository = await made.open({ storage });
  await repository.rotateKey('timestamp', fresh, old);
  const client = await clientOf(made);
  expect(client.set.root.version).toBe(2);
  expect(await client.read('slipped')).toBe('in');
});

test('a refresh that slips in without the new key leaves what it cannot sign to others', async () => {
  const made = await published();
  const [old] = made.keys.of('timestamp');
  if (old === undefined) throw new Error('no key');
  const fresh = testSigner();
  const other = await made.open({
    signers: (role) => Promise.resolve((made.keys.held.get(role) ?? []).filter((one) => one !== fresh)),
  });
  made.keys.of('timestamp').push(fresh);
  let pending: readonly string[] = [];
  const storage: typeof made.storage = {
    ...made.storage,
    async putIfAbsent(key, ...rest) {
      if (key === 'metadata/2.root.json') ({ pending } = await other.refresh({ within: 2 * 86_400 }));
      return made.storage.putIfAbsent(key, ...rest);
    },
  };
  await (await made.open({ storage })).rotateKey('timestamp', fresh, old);
  expect(pending).toContain('timestamp');
  expect((await clientOf(made)).set.root.version).toBe(2);
});

test('thresholds are raised later, without touching what was published', async () => {
  const made = await published();
  const repository = await made.open();
  for (const role of ['root', 'targets', 'policy']) {
    const more = [...made.keys.of(role), testSigner(), testSigner('ecdsa')];
    made.keys.held.set(role, more);
    await repository.editRoles([{ kind: 'keys', role, keys: more.map(({ key }) => key), threshold: 2 }]);
  }
  const { roles } = await repository.status();
  for (const { role, threshold, signedBy } of roles) {
    const raised = ['root', 'targets', 'policy'].includes(role);
    expect(threshold).toBe(raised ? 2 : 1);
    expect(signedBy.length).toBeGreaterThanOrEqual(threshold);
  }
  const client = await clientOf(made);
  expect(await client.read(path)).toBe('{}');
  made.keys.held.set('targets', made.keys.of('targets').slice(0, 1));
  await expect(repository.publish((draft) => draft.add('top', text('x')))).rejects.toEqual(
    code('SIGNATURES_MISSING'),
  );
});

test('a threshold that too few signers can reach now is not set', async () => {
  const made = await published();
  const repository = await made.open();
  for (const role of ['root', 'targets', 'policy']) {
    const keys = [...made.keys.of(role), testSigner()].map(({ key }) => key);
    const edit: RoleEdit = { kind: 'keys', role, keys, threshold: 2 };
    await expect(repository.editRoles([edit])).rejects.toEqual(code('SIGNATURES_MISSING'));
    await (await clientOf(made)).readAll();
  }
});

test('a vendor is added with its file in one commit, before another one if asked', async () => {
  const made = await published();
  const repository = await made.open();
  const { keys } = made;
  await repository.editRoles([
    { kind: 'add', delegation: keys.delegation('vendor.late', ['vendors/late/*/*']) },
    {
      kind: 'add',
      delegation: keys.delegation('first', ['first/*'], { bins: { bitLength: 2, style: 'prefixes' } }),
      before: 'policy',
    },
  ]);
  await repository.publish(async (draft) => {
    await draft.add('vendors/late/x/y', text('late'));
    await draft.add('first/x', text('first'));
  });
  const client = await clientOf(made);
  expect(await client.read('vendors/late/x/y')).toBe('late');
  expect(await client.read('first/x')).toBe('first');
  const names = client.set.targets?.delegations?.roles?.map(({ name }) => name);
  expect(names).toEqual(['first', 'policy', 'catalog', 'vendor.acme', 'attestations', 'vendor.late']);
  expect(await client.readAll()).toHaveLength(6 + 1 + 8 + 4);
});

test('hash-prefix bins of a length that is no multiple of four cover every path', async () => {
  const keys = new Keyring();
  const split = keys.delegation('split', ['split/*'], { bins: { bitLength: 5, style: 'prefixes' } });
  const made = await world({ keys, layout: layoutOf(keys, [split]) });
  const repository = await made.open();
  const paths = Array.from({ length: 40 }, (_, i) => `split/${i}`);
  await repository.publish(async (draft) => {
    for (const each of paths) await draft.add(each, text(each));
  });
  const client = await clientOf(made);
  for (const each of paths) expect(await client.read(each)).toBe(each);
});

test('removing a delegation leaves a tombstone in the snapshot, and its name is never used again', async () => {
  const made = await published();
  const repository = await made.open();
  const before = await clientOf(made);
  await repository.editRoles([
    { kind: 'remove', role: 'vendor.acme' },
    { kind: 'remove', role: 'attestations' },
  ]);
  const client = await clientOf(made);
  expect(await client.find(path)).toBeNull();
  expect(await client.find('attestations/aa/b.json')).toBeNull();
  for (const [name, { version }] of before.set.snapshot?.meta ?? [])
    expect(client.set.snapshot?.meta.get(name)?.version).toBeGreaterThanOrEqual(version);
  await client.readAll();
  const again = repository.editRoles([
    { kind: 'add', delegation: made.keys.delegation('vendor.acme', ['vendors/acme/*/*']) },
  ]);
  await expect(again).rejects.toEqual(code('ROLE_EXISTS'));
  await repository.publish((draft) => draft.add('vendors/acme/x/y', text('now at the top')));
  expect((await repository.status()).roles.map(({ role }) => role)).not.toContain('vendor.acme');
});

test('a role is removed also when its signers are gone', async () => {
  const made = await published();
  made.keys.held.delete('vendor.acme');
  const { roles } = await (await made.open()).editRoles([{ kind: 'remove', role: 'vendor.acme' }]);
  const client = await clientOf(made);
  expect(await client.find(path)).toBeNull();
  const version = roles.get('vendor.acme') ?? 0;
  const { signed } = parseMetadata(await client.need(`metadata/${version}.vendor.acme.json`), 'targets');
  expect(signed.targets.size).toBe(0); // a tombstone under the keys of targets
});

const delegation = (keys: Keyring, name: string, more = {}) => keys.delegation(name, ['x/*'], more);
const bad: Readonly<Record<string, (keys: Keyring) => RoleEdit>> = {
  'a top-level name': (keys) => ({ kind: 'add', delegation: delegation(keys, 'snapshot') }),
  'a name with a slash': (keys) => ({ kind: 'add', delegation: delegation(keys, 'a/b') }),
  'a name that reads as a version': (keys) => ({ kind: 'add', delegation: delegation(keys, '../x') }),
  'no paths': (keys) => ({ kind: 'add', delegation: delegation(keys, 'x', { paths: [] }) }),
  'a pattern with braces': (keys) => ({
    kind: 'add',
    delegation: delegation(keys, 'x', { paths: ['{a,b}'] }),
  }),
  'a pattern with dots': (keys) => ({
    kind: 'add',
    delegation: delegation(keys, 'x', { paths: ['a/../b'] }),
  }),
  'threshold zero': (keys) => ({ kind: 'add', delegation: delegation(keys, 'x', { threshold: 0 }) }),
  'threshold above the keys': (keys) => ({
    kind: 'add',
    delegation: delegation(keys, 'x', { threshold: 2 }),
  }),
  'no keys': (keys) => ({ kind: 'add', delegation: delegation(keys, 'x', { keys: [] }) }),
  'the key of another role': (keys) => ({
    kind: 'add',
    delegation: delegation(keys, 'x', { keys: keys.role('root').keys }),
  }),
  'one key twice': (keys) => {
    const { key } = testSigner();
    return { kind: 'add', delegation: delegation(keys, 'x', { keys: [key, key], threshold: 2 }) };
  },
  'too many bins': (keys) => ({
    kind: 'add',
    delegation: delegation(keys, 'x', { bins: { bitLength: 15 } }),
  }),
  'below a split role': (keys) => ({
    kind: 'add',
    delegation: delegation(keys, 'x'),
    delegator: 'attestations',
  }),
  'a bin': () => ({ kind: 'remove', role: 'attestations-0' }),
  'a top-level role': () => ({ kind: 'remove', role: 'targets' }),
};
test.for(Object.entries(bad))('refused, with nothing changed: %s', async ([, edit]) => {
  const made = await world();
  const repository = await made.open();
  const before = await keysIn(made.storage);
  await expect(repository.editRoles([edit(made.keys)])).rejects.toEqual(code('BAD_LAYOUT'));
  expect(await keysIn(made.storage)).toEqual(before);
});

test('roles that are not there', async () => {
  const repository = await (await world()).open();
  await expect(repository.editRoles([{ kind: 'remove', role: 'x' }])).rejects.toEqual(code('UNKNOWN_ROLE'));
  await expect(repository.editRoles([{ kind: 'keys', role: 'x', keys: [], threshold: 1 }])).rejects.toEqual(
    code('UNKNOWN_ROLE'),
  );
});

test('one key for two roles is refused at init', async () => {
  const keys = new Keyring();
  keys.held.set('snapshot', keys.of('timestamp'));
  await expect(world({ keys })).rejects.toEqual(code('BAD_LAYOUT'));
});

test('root versions are contiguous, and each is signed by the one before', async () => {
  const made = await published();
  const repository = await made.open();
  for (let i = 0; i < 3; i++) {
    const [old] = made.keys.of('root');
    const fresh = testSigner();
    if (old === undefined) throw new Error('no key');
    await repository.rotateKey('root', fresh, old);
    made.keys.held.set('root', [fresh]);
  }
  expect((await keysIn(made.storage, 'metadata/')).filter((key) => key.endsWith('.root.json'))).toEqual(
    [1, 2, 3, 4].map((n) => storageKey(`metadata/${n}.root.json`)),
  );
  expect((await clientOf(made)).set.root.version).toBe(4);
});

test('what a change would have signed is shown byte for byte, and published once it was signed elsewhere', async () => {
  const made = await published();
  const offline = made.keys.of('targets');
  made.keys.held.delete('targets');
  const repository = await made.open();
  const edit: RoleEdit = {
    kind: 'add',
    delegation: made.keys.delegation('vendor.new', ['vendors/new/*/*']),
  };
  await expect(repository.editRoles([edit])).rejects.toEqual(code('SIGNATURES_MISSING'));
  const event = await repository.proposeEvent({
    edits: [edit],
    reason: 'a new vendor',
    deadline: new Date(start.getTime() + 86_400_000),
  });
  const [targets, ...others] = event.roles; // vendor.new is at hand, and signed when it is published
  if (targets === undefined || others.length > 0) throw new Error('not targets alone');
  const { version } = parseMetadata(metadataToBytes(targets.signed, []), 'targets').signed;
  expect([targets.name, version]).toEqual(['targets', 2]);
  const signatures = await Promise.all(
    offline.map(async ({ key, sign }) => ({ keyId: key.keyId, sig: (await sign(targets.signed)).sig })),
  );
  const bytes = metadataToBytes(targets.signed, signatures);
  const { roles } = await repository.publish(async (draft) => {
    await draft.bring('targets', bytes, new Map(), { newDelegations: true });
  });
  expect([...roles.keys()].toSorted()).toEqual(['snapshot', 'targets', 'timestamp', 'vendor.new']);
  await repository.publish((draft) => draft.add('vendors/new/x/y', text('new')));
  expect(await (await clientOf(made)).read('vendors/new/x/y')).toBe('new');
});
