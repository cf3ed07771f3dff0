import { describe, expect, test } from 'vitest';
import {
  clientFacts,
  compatClients,
  EventError,
  initRepository,
  PublishError,
  type Change,
  type Client,
  type DelegationLayout,
  type Proposal,
  type Repository,
  type RoleEdit,
} from '@ragnos/repository';
import { memoryStorage, storageKey, type Storage } from '@ragnos/storage';
import { roleName, type JsonValue, type Key } from '@ragnos/tuf';
import { hexPoint, largeRsaKey, namedKey, newSigner } from './compat-keys.ts';
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

const day = 24 * 60 * 60 * 1000;

/** Vendors with plain paths, which every client can be served. */
function plain(keys: Keyring): readonly DelegationLayout[] {
  return [
    keys.delegation('policy', ['policy/*']),
    keys.delegation('vendor.acme', ['vendors/acme/*/*']),
    keys.delegation('vendor.late', ['vendors/late/*/*']),
  ];
}

async function served(delegations?: readonly DelegationLayout[], keys = new Keyring()): Promise<World> {
  return world({ keys, layout: layoutOf(keys, delegations ?? plain(keys)) });
}

/** What came of it, as its code; `written`: although it was refused, it left something. */
async function outcome(made: { readonly storage: Storage }, run: () => Promise<unknown>): Promise<string> {
  const before = await keysIn(made.storage);
  try {
    await run();
    return 'done';
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    return (await keysIn(made.storage)).join() === before.join() ? error.code : 'written';
  }
}

/** As an event, for signers that are elsewhere; that all of them are here is fine. */
async function propose(repository: Repository, edit: RoleEdit): Promise<void> {
  const deadline = new Date(start.getTime() + day);
  await repository.proposeEvent({ edits: [edit], reason: 'as agreed', deadline }).catch((error: unknown) => {
    if (!(error instanceof EventError && error.code === 'NOTHING_TO_SIGN')) throw error;
  });
}

/** What is to come of it for this client, when these cannot be served it. */
const fate = (client: Client, clients: readonly Client[]): string =>
  clients.includes(client) ? 'NOT_COMPATIBLE' : 'done';

test('every client has every fact, with where it was seen', () => {
  expect(Object.keys(clientFacts)).toEqual([...compatClients]);
  for (const { version, ...facts } of Object.values(clientFacts)) {
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    for (const { source } of Object.values(facts)) expect(source).not.toBe('');
  }
});

/** As interop/ finds it with the clients themselves. */
const unreadable: Readonly<Record<keyof typeof newSigner, readonly Client[]>> = {
  ed25519: [],
  'P-256': [],
  RSA: [],
  'P-384': ['tough'],
  'ML-DSA': ['tuf-js', 'go-tuf', 'tough'],
};

describe.each(compatClients)('keys, for %s', (client) => {
  test.each(Object.entries(newSigner))('%s', async (kind, make) => {
    const unserved = Object.entries(unreadable).find(([name]) => name === kind)?.[1] ?? [];
    for (const role of ['root', 'timestamp', 'targets', 'vendor.acme']) {
      const keys = new Keyring();
      keys.held.set(role, [make()]);
      const storage = memoryStorage();
      const layout = layoutOf(keys, plain(keys));
      const init = (): Promise<unknown> =>
        initRepository(storage, { layout, signers: keys.source, now: start, compat: [client] });
      expect(await outcome({ storage }, init)).toBe(fate(client, unserved));
      // The same, brought about later.
      const made = await served();
      const repository = await made.open({ compat: [client] });
      const [old] = made.keys.of(role);
      if (old === undefined) throw new Error('no key');
      const rotate = (): Promise<unknown> => repository.rotateKey(role, make(), old);
      expect(await outcome(made, rotate)).toBe(fate(client, unserved));
    }
  });
});

const odd: readonly (readonly [string, () => Key, readonly Client[]])[] = [
  ['an RSA key of 8,200 bits', () => largeRsaKey(8200), ['tough']],
  ['a point in hex', hexPoint, ['python-tuf', 'go-tuf']],
  ['a key under another id than its digest', namedKey, ['tough']],
];
test.each(odd)('%s is refused for those who cannot read it', async (_name, make, clients) => {
  for (const client of compatClients) {
    const made = await served();
    const repository = await made.open({ compat: [client] });
    const edit: RoleEdit = { kind: 'keys', role: 'vendor.acme', keys: [make()], threshold: 1 };
    // Nobody can sign with it: where it is not refused, that is what is said.
    const expected = clients.includes(client) ? 'NOT_COMPATIBLE' : 'SIGNATURES_MISSING';
    expect(await outcome(made, () => repository.editRoles([edit]))).toBe(expected);
  }
});

describe('bins', () => {
  const bins = (keys: Keyring, style?: 'succinct' | 'prefixes'): DelegationLayout =>
    keys.delegation('split', ['split/*'], {
      bins: style === undefined ? { bitLength: 2 } : { bitLength: 2, style },
    });
  /** Whether they are succinct. */
  const init = async (compat: readonly Client[], style?: 'succinct' | 'prefixes'): Promise<boolean> => {
    const keys = new Keyring();
    const storage = memoryStorage();
    const layout = layoutOf(keys, [bins(keys, style)]);
    const { root } = await initRepository(storage, { layout, signers: keys.source, now: start, compat });
    return isSuccinct(await TestClient.refresh(storage, root, start), 'split');
  };
  const isSuccinct = async (client: TestClient, role: string): Promise<boolean> => {
    await client.find(`${role}/x`);
    expect(client.set.snapshot?.meta.has(roleName(`${role}-0`))).toBe(true);
    return (
      (client.set.role(roleName(role), roleName('targets'))?.delegations?.succinctRoles ?? null) !== null
    );
  };

  test.each([
    [[], true],
    [['python-tuf', 'tuf-js'], true],
    [['go-tuf'], true],
    [['tough'], false],
    [['python-tuf', 'tough'], false],
  ] satisfies readonly (readonly [readonly Client[], boolean])[])(
    'for %j they are succinct by default: %s',
    async (compat, succinct) => expect(await init(compat)).toBe(succinct),
  );

  test('of a style that a client cannot read are refused, with the one that it can', async () => {
    const hint = (text: string): unknown => expect.objectContaining({ code: 'NOT_COMPATIBLE', hint: text });
    await expect(init(['tough'], 'succinct')).rejects.toEqual(hint('use bins of style prefixes'));
    await expect(init(['go-tuf'], 'prefixes')).rejects.toEqual(hint('use bins of style succinct'));
  });

  test.each([undefined, 'succinct', 'prefixes'] as const)(
    'for tough and go-tuf at once there are none, %s or not',
    async (style) => {
      await expect(init(['tough', 'go-tuf'], style)).rejects.toEqual(
        expect.objectContaining({
          code: 'NOT_COMPATIBLE',
          hint: expect.stringMatching(
            /^no style serves tough, go-tuf at once \(succinct: go-tuf; prefixes: tough\): leave split in one file/,
          ) as unknown,
        }),
      );
    },
  );

  test('that are added later are of the right style, whoever adds them', async () => {
    for (const [client, succinct] of [
      ['tough', false],
      ['go-tuf', true],
    ] as const) {
      const made = await served();
      const repository = await made.open({ compat: [client] });
      const add = (name: string): RoleEdit => ({
        kind: 'add',
        delegation: made.keys.delegation(name, [`${name}/*`], { bins: { bitLength: 2 } }),
      });
      await repository.editRoles([add('one')]);
      await repository.publish((draft) => draft.edit(add('two')));
      const looking = await clientOf(made);
      for (const name of ['one', 'two']) expect(await isSuccinct(looking, name)).toBe(succinct);
      const wrong = { bitLength: 2, style: succinct ? 'prefixes' : 'succinct' } as const;
      const edit: RoleEdit = { kind: 'add', delegation: made.keys.delegation('w', ['w/*'], { bins: wrong }) };
      expect(await outcome(made, () => repository.editRoles([edit]))).toBe('NOT_COMPATIBLE');
      expect(await outcome(made, () => propose(repository, edit))).toBe('NOT_COMPATIBLE');
    }
  });
});

test('nobody is asked to sign what a client could not read', async () => {
  const made = await served();
  const repository = await made.open({ compat: ['tough'] });
  const propose = (proposal: Partial<Proposal>): Promise<string> =>
    outcome(made, () =>
      repository.proposeEvent({
        reason: 'as agreed',
        deadline: new Date(start.getTime() + day),
        ...proposal,
      }),
    );
  const keys = [newSigner['P-384']().key];
  for (const role of ['root', 'targets', 'vendor.acme'])
    expect(await propose({ edits: [{ kind: 'keys', role, keys, threshold: 1 }] })).toBe('NOT_COMPATIBLE');
  const change: Change = (draft) => draft.add('vendors/acme/x/y', text('1'), { custom: 'text' });
  expect(await propose({ change })).toBe('NOT_COMPATIBLE');
});

test('a root that was signed elsewhere is refused as well', async () => {
  const made = await served();
  const elsewhere = await served(undefined, made.keys);
  const [old] = made.keys.of('snapshot');
  if (old === undefined) throw new Error('no key');
  await (await elsewhere.open()).rotateKey('snapshot', newSigner['P-384'](), old);
  const root = await (await clientOf(elsewhere)).need('metadata/2.root.json');
  const repository = await made.open({ compat: ['tough'] });
  expect(await outcome(made, () => repository.submitRoot(root))).toBe('NOT_COMPATIBLE');
});

describe('delegations', () => {
  const add = (keys: Keyring, name: string, paths: readonly string[], more = {}): RoleEdit => ({
    kind: 'add',
    delegation: keys.delegation(name, paths, more),
  });

  test.each(['7', '2024', 'constructor', 'toString', 'hasOwnProperty'])(
    'tuf-js misreads a role called %s',
    async (name) => {
      const made = await served();
      const keys = new Keyring();
      const layout = layoutOf(keys, [keys.delegation(name, ['x/*'])]);
      for (const client of compatClients) {
        const later = await made.open({ compat: [client] });
        const edit = add(made.keys, name, ['x/*']);
        expect(await outcome(made, () => propose(later, edit))).toBe(fate(client, ['tuf-js']));
        const storage = memoryStorage();
        const init = (): Promise<unknown> =>
          initRepository(storage, { layout, signers: keys.source, compat: [client] });
        expect(await outcome({ storage }, init)).toBe(fate(client, ['tuf-js']));
      }
    },
  );

  test('tough does not find what a terminating role before it covers across slashes', async () => {
    const made = await served();
    const { keys } = made;
    const repository = await made.open({ compat: ['tough'] });
    const edits = async (...list: readonly RoleEdit[]): Promise<string> =>
      outcome(made, () => repository.editRoles(list));
    const deep = keys.delegation('deep', ['wide/*/*']);
    expect(await edits(add(keys, 'wide', ['wide/*']))).toBe('done');
    expect(await edits({ kind: 'add', delegation: deep })).toBe('NOT_COMPATIBLE');
    expect(await edits({ kind: 'add', delegation: deep, before: 'wide' })).toBe('done');
    expect(await edits(add(keys, 'open', ['open/*'], { terminating: false }))).toBe('done');
    expect(await edits(add(keys, 'after', ['open/*/*']))).toBe('done');
    const others = await made.open({ compat: ['go-tuf', 'tuf-js', 'python-tuf'] });
    const deeper = add(keys, 'deeper', ['wide/*/*/*']);
    expect(await edits(deeper)).toBe('NOT_COMPATIBLE');
    expect(await outcome(made, () => others.editRoles([deeper]))).toBe('done');
  });
});

describe('names and what they carry', () => {
  const publish = (repository: Repository, path: string, custom?: JsonValue): Promise<unknown> =>
    repository.publish((draft) => draft.add(path, text(path), custom === undefined ? {} : { custom }));

  test.each(['a%41b', 'vendors/acme/x/100%', 'a#b', 'vendors/acme/#/b'])(
    'nobody else asks for %s, so it is never published',
    async (path) => {
      const made = await served();
      const repository = await made.open();
      expect(await outcome(made, () => publish(repository, path))).toBe('BAD_TARGET');
    },
  );

  const customs: readonly (readonly [string, JsonValue, readonly Client[]])[] = [
    ['an object', { a: 1, b: { c: ['d'] } }, []],
    ['a text', 'x', ['tough']],
    ['a list', [1], ['tough']],
    ['an empty object', {}, ['tough']],
    ['decomposed text', { a: [{ b: 'u\u0308' }] }, ['tough']],
    ['composed text', { a: '\u00fc' }, []],
    ['a decomposed member', { 'u\u0308': 1 }, ['tough']],
    ['members with a prefix and a space', { a: 1, 'a b': 2 }, ['tough']],
    ['a space alone', { 'a b': 2, c: 1 }, []],
    ['members beyond U+FFFF and below', { '\u{1f600}': 1, '\uff5e': 2 }, ['tuf-js']],
    ['members beyond U+FFFF alone', { '\u{1f600}': 1, z: 2 }, []],
  ];
  test.each(customs)('`custom`: %s', async (_name, custom, clients) => {
    for (const client of compatClients) {
      const made = await served();
      const repository = await made.open({ compat: [client] });
      const run = (): Promise<unknown> => publish(repository, 'vendors/acme/x/y', custom);
      expect(await outcome(made, run)).toBe(fate(client, clients));
    }
  });

  const pairs: readonly (readonly [string, string, string, readonly Client[]])[] = [
    ['a prefix and a space', 'a', 'a b', ['tough']],
    ['a prefix and an exclamation mark', 'dir/a', 'dir/a!b', ['tough']],
    ['no prefix', 'a c', 'a b', []],
    ['beyond U+FFFF and below', '\uff5e', '\u{1f600}', ['tuf-js']],
    ['punctuation', 'a', 'a-b', []],
  ];
  test.each(pairs)('two names: %s', async (_name, one, other, clients) => {
    for (const client of compatClients)
      for (const [first, second] of [
        [one, other],
        [other, one],
      ] as const) {
        const made = await served();
        const repository = await made.open({ compat: [client] });
        await publish(repository, first);
        expect(await outcome(made, () => publish(repository, second))).toBe(fate(client, clients));
      }
  });

  test('a name that begins with a dot, which no wildcard of tuf-js stands for', async () => {
    const keys = new Keyring();
    const inner = keys.delegation('inner', ['vendors/acme/.well-known/*']);
    for (const client of compatClients) {
      const made = await served(undefined, keys);
      const repository = await made.open({ compat: [client] });
      await publish(repository, '.top');
      const run = (): Promise<unknown> => publish(repository, 'vendors/acme/.well-known/x');
      expect(await outcome(made, run)).toBe(fate(client, ['tuf-js']));
      // Literally delegated by the last role, and not by the one above it.
      await repository.editRoles([{ kind: 'add', delegation: inner, delegator: 'vendor.acme' }]);
      const below = (): Promise<unknown> => publish(repository, 'vendors/acme/.well-known/z');
      expect(await outcome(made, below)).toBe(fate(client, ['tuf-js']));
    }
  });
});

describe('a client that is served from now on', () => {
  test('finds its faults listed, and none of them stops the work on others', async () => {
    const keys = new Keyring();
    keys.held.set('vendor.acme', [newSigner['P-384']()]);
    keys.held.set('timestamp', [newSigner['P-384']()]);
    const made = await served(
      [
        ...plain(keys),
        keys.delegation('wide', ['wide/*']),
        keys.delegation('deep', ['wide/*/*']),
        keys.delegation('bins', ['bins/*'], { bins: { bitLength: 1 } }),
      ],
      keys,
    );
    const before = await made.open();
    await before.publish(async (draft) => {
      await draft.add('vendors/late/x/a', text('1'), { custom: 'text' });
      await draft.add('a', text('2'));
      await draft.add('a b', text('3'));
    });
    expect(await before.compatIssues()).toEqual([]);
    const repository = await made.open({ compat: ['tough'] });
    const found = async (): Promise<readonly string[]> =>
      (await repository.compatIssues()).map(({ rule, role }) => `${rule} ${role}`).toSorted();
    expect(await found()).toEqual([
      'ALIAS vendor.late',
      'BINS bins',
      'KEY targets', // what targets delegates to vendor.acme
      'KEY timestamp',
      'PATTERN targets',
      'TEXT targets',
      'TEXT vendor.late',
    ]);
    for (const issue of await repository.compatIssues()) {
      expect(issue.client).toBe('tough');
      expect(issue.hint).not.toBe('');
      expect(issue.message).not.toBe('');
    }
    // Others are published, re-signed, delegated to and rotated all the while.
    await repository.publish((draft) => draft.add('vendors/acme/x/b', text('4')));
    await repository.refresh({ force: true });
    await repository.editRoles([{ kind: 'add', delegation: keys.delegation('new', ['new/*']) }]);
    // And the faults are mended one by one.
    await repository.editRoles([
      { kind: 'remove', role: 'bins' },
      { kind: 'remove', role: 'deep' },
    ]);
    for (const role of ['vendor.acme', 'timestamp']) {
      const [old] = keys.of(role);
      const fresh = testSigner();
      if (old !== undefined) await repository.rotateKey(role, fresh, old);
      keys.held.set(role, [fresh]);
    }
    await repository.publish(async (draft) => {
      await draft.remove('a b');
      await draft.add('vendors/late/x/a', text('1'), { custom: { text: 'text' } });
    });
    await repository.layAliases();
    expect(await found()).toEqual([]);
  });

  test('a role that has lapsed is told at each publish, for tough alone', async () => {
    const made = await served();
    const tough = await made.open({ compat: ['tough'] });
    const others = await made.open({ compat: ['go-tuf'] });
    const once = await tough.publish((draft) => draft.add('vendors/acme/x/1', text('1')));
    expect(once.lapsed).toEqual([]);
    made.now = new Date(start.getTime() + 91 * day);
    made.keys.held.delete('vendor.late');
    await tough.refresh();
    const later = await tough.publish((draft) => draft.add('vendors/acme/x/2', text('2')));
    expect(later.lapsed).toEqual(['vendor.late']);
    const elsewhere = await others.publish((draft) => draft.add('vendors/acme/x/3', text('3')));
    expect(elsewhere.lapsed).toBeUndefined();
    await tough.layAliases(); // of what the others published
    expect((await tough.compatIssues()).map(({ rule, role }) => `${rule} ${role}`)).toEqual([
      'LAPSED vendor.late',
    ]);
  });

  test('a role that is missing is told, and the rest is read', async () => {
    const made = await served();
    const tough = await made.open({ compat: ['tough'] });
    await made.storage.delete(storageKey('metadata/1.vendor.late.json'));
    const { lapsed } = await tough.publish((draft) => draft.add('vendors/acme/x/1', text('1')));
    expect(lapsed).toEqual(['vendor.late']);
    expect((await tough.compatIssues()).map(({ rule, role }) => `${rule} ${role}`)).toEqual([
      'LAPSED vendor.late',
    ]);
  });
});

test('a snapshot of more than 1 MiB is refused for tough, at init', async () => {
  const keys = new Keyring();
  const name = 'x'.repeat(60);
  const bins = keys.delegation(name, ['x/*'], { bins: { bitLength: 13, style: 'prefixes' } });
  const storage = memoryStorage();
  const layout = layoutOf(keys, [bins]);
  const init = initRepository(storage, { layout, signers: keys.source, now: start, compat: ['tough'] });
  await expect(init).rejects.toEqual(
    expect.objectContaining({
      code: 'NOT_COMPATIBLE',
      message: expect.stringContaining('1048576') as unknown,
    }),
  );
  expect(await keysIn(storage, 'metadata/timestamp')).toEqual([]);
}, 60_000);
