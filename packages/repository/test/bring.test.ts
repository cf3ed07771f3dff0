import { createHash } from 'node:crypto';
import type { Signer } from '@ragnos/signing';
import {
  hexDigest,
  metadataToBytes,
  parseMetadata,
  signedToBytes,
  targetPath,
  withRepositoryId,
  type Targets,
} from '@ragnos/tuf';
import { DoorError, type BringOptions, type DoorErrorCode } from '@ragnos/repository';
import { describe, expect, test } from 'vitest';
import { clientOf, Keyring, keysIn, layoutOf, start, testSigner, text, world, type World } from './world.ts';

const path = 'vendors/acme/hello/hello-1.0.0.tgz';
const day = 24 * 60 * 60 * 1000;

/** The door's world: the vendor's keys are on the vendor's machine, and nowhere else. */
async function door(threshold = 1): Promise<{ world: World; vendor: readonly Signer[] }> {
  const keys = new Keyring();
  const vendor = Array.from({ length: threshold }, () => testSigner());
  keys.held.set('vendor.acme', [...vendor]);
  const layout = layoutOf(keys);
  const delegations = (layout.delegations ?? []).map((delegation) =>
    delegation.name === 'vendor.acme'
      ? { ...delegation, keys: vendor.map(({ key }) => key), threshold }
      : delegation,
  );
  const made = await world({ keys, layout: { ...layout, delegations } });
  keys.held.delete('vendor.acme');
  return { world: made, vendor };
}

interface Edit {
  readonly version?: number;
  readonly expires?: Date;
  readonly files?: Readonly<Record<string, Uint8Array>>;
  readonly change?: (signed: Targets) => Targets;
}

/** What a vendor signs: a role with these files and nothing else. */
async function role(signers: readonly Signer[], edit: Edit = {}): Promise<Uint8Array> {
  const { version = 2, expires = new Date(start.getTime() + 30 * day), files = {}, change } = edit;
  const targets = Object.entries(files).map(([name, bytes]) => {
    const hashes = new Map([['sha256', hexDigest(createHash('sha256').update(bytes).digest('hex'))]]);
    return [
      targetPath(name),
      { length: bytes.length, hashes, custom: undefined, unrecognized: new Map() },
    ] as const;
  });
  const signed: Targets = {
    type: 'targets',
    specVersion: '1.0.34',
    version,
    expires: new Date(Math.floor(expires.getTime() / 1000) * 1000),
    targets: new Map(targets),
    delegations: null,
    unrecognized: new Map([['x-vendor-note', 'kept as it is']]),
  };
  const message = signedToBytes(change?.(signed) ?? signed);
  const signatures = await Promise.all(
    signers.map(async (signer) => ({ keyId: signer.key.keyId, sig: (await signer.sign(message)).sig })),
  );
  return metadataToBytes(message, signatures);
}

const contents = (files: Readonly<Record<string, Uint8Array>>): ReadonlyMap<string, Uint8Array> =>
  new Map(Object.entries(files));

test('a role that was signed elsewhere is published byte for byte, with its targets', async () => {
  const { world, vendor } = await door(2);
  const repository = await world.open();
  const files = { [path]: text('the artifact') };
  const bytes = await role(vendor, { files });
  const result = await repository.publish(async (draft) => {
    const brought = await draft.bring('vendor.acme', bytes, contents(files));
    expect(brought.added).toEqual([path]);
    await draft.add('catalog/acme.json', text('seen'));
  });
  expect([...result.roles]).toEqual(
    expect.arrayContaining([
      ['vendor.acme', 2],
      ['catalog', 2],
      ['snapshot', 2],
      ['timestamp', 2],
    ]),
  );
  const client = await clientOf(world);
  expect(await client.read(path)).toBe('the artifact');
  expect(await client.read('catalog/acme.json')).toBe('seen');
  expect(Buffer.from(await client.need('metadata/2.vendor.acme.json'))).toEqual(Buffer.from(bytes));
});

test('handed in twice, it changes nothing the second time', async () => {
  const { world, vendor } = await door();
  const files = { [path]: text('a') };
  const bytes = await role(vendor, { files });
  const hand = (repository: Awaited<ReturnType<World['open']>>) =>
    repository.publish(async (draft) => void (await draft.bring('vendor.acme', bytes, contents(files))));
  await hand(await world.open());
  const before = await keysIn(world.storage);
  expect((await hand(await world.open())).changed).toBe(false);
  expect(await keysIn(world.storage)).toEqual(before);
});

test('two doors that get the same role at once both succeed, and neither removes what the other published', async () => {
  const { world, vendor } = await door();
  const files = { [path]: text('a') };
  const bytes = await role(vendor, { files });
  const doors = await Promise.all(Array.from({ length: 6 }, () => world.open()));
  await Promise.all(
    doors.map((repository) =>
      repository.publish(async (draft) => void (await draft.bring('vendor.acme', bytes, contents(files)))),
    ),
  );
  const client = await clientOf(world);
  expect(await client.read(path)).toBe('a');
  expect(await client.readAll()).toContain('vendor.acme');
});

describe('the door refuses, and nothing is published', () => {
  const good = { [path]: text('the artifact') };
  const refusals: readonly {
    readonly name: string;
    readonly code: DoorErrorCode;
    readonly edit?: Edit;
    readonly role?: string;
    readonly hand?: Readonly<Record<string, Uint8Array>>;
    readonly signers?: (vendor: readonly Signer[]) => readonly Signer[];
    readonly bytes?: (bytes: Uint8Array) => Uint8Array;
  }[] = [
    { name: 'bytes that are no metadata', code: 'DOOR_FORMAT', bytes: () => text('{') },
    {
      name: 'a duplicate member',
      code: 'DOOR_FORMAT',
      bytes: (b) => text(Buffer.from(b).toString().replace('{', '{"signed":{},')),
    },
    { name: 'a role nobody delegates to', code: 'DOOR_ROLE', role: 'vendor.evil' },
    { name: 'a role name that is a path', code: 'DOOR_ROLE', role: '../root' },
    { name: 'too few signatures', code: 'DOOR_SIGNATURES', signers: (vendor) => vendor.slice(1) },
    {
      name: 'a foreign key',
      code: 'DOOR_SIGNATURES',
      signers: (vendor) => [...vendor.slice(1), testSigner()],
    },
    { name: 'the version of the head', code: 'DOOR_VERSION', edit: { version: 1 } },
    { name: 'a version 17 ahead', code: 'DOOR_VERSION', edit: { version: 18 } },
    { name: 'version 2³¹−1', code: 'DOOR_VERSION', edit: { version: 2 ** 31 - 1 } },
    { name: 'an expired file', code: 'DOOR_EXPIRY', edit: { expires: new Date(start.getTime() - 1000) } },
    {
      name: 'a life of years',
      code: 'DOOR_EXPIRY',
      edit: { expires: new Date(start.getTime() + 401 * day) },
    },
    {
      name: 'another vendor’s path',
      code: 'DOOR_PATHS',
      edit: { files: { 'vendors/other/x/x-1.tgz': text('x') } },
    },
    {
      name: 'a path that is deeper than its pattern',
      code: 'DOOR_PATHS',
      edit: { files: { 'vendors/acme/a/b/c': text('x') } },
    },
    { name: 'a policy', code: 'DOOR_PATHS', edit: { files: { 'policy/revocations.json': text('x') } } },
    {
      name: 'a path with %',
      code: 'DOOR_PATHS',
      edit: { files: { 'vendors/acme/hello/a%2fb': text('x') } },
      hand: { 'vendors/acme/hello/a%2fb': text('x') },
    },
    { name: 'a target that is not there', code: 'DOOR_TARGETS', edit: { files: good }, hand: {} },
    {
      name: 'a target with other bytes',
      code: 'DOOR_TARGETS',
      edit: { files: good },
      hand: { [path]: text('other bytes!') },
    },
    {
      name: 'a target that is shorter',
      code: 'DOOR_TARGETS',
      edit: { files: good },
      hand: { [path]: text('the artifac') },
    },
    {
      name: 'a second hash',
      code: 'DOOR_TARGETS',
      edit: {
        files: good,
        change: (signed) => ({
          ...signed,
          targets: new Map(
            [...signed.targets].map(([name, file]) => [
              name,
              { ...file, hashes: new Map([...file.hashes, ['sha512', hexDigest('a'.repeat(128))]]) },
            ]),
          ),
        }),
      },
      hand: good,
    },
    {
      name: 'a delegation of its own',
      code: 'DOOR_DELEGATIONS',
      edit: {
        change: (signed) => ({
          ...signed,
          delegations: {
            keys: new Map(),
            roles: null,
            succinctRoles: {
              keyIds: [],
              threshold: 1,
              bitLength: 2,
              namePrefix: 'evil',
              unrecognized: new Map(),
            },
            unrecognized: new Map(),
          },
        }),
      },
    },
  ];
  test.each(refusals)('$name: $code', async (item) => {
    const { world, vendor } = await door(2);
    const repository = await world.open();
    const before = await keysIn(world.storage);
    const made = await role(item.signers?.(vendor) ?? vendor, item.edit ?? { files: good });
    const bytes = item.bytes?.(made) ?? made;
    const refused = await repository
      .publish(async (draft) => {
        await draft.bring(item.role ?? 'vendor.acme', bytes, contents(item.hand ?? good));
      })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DoorError);
    expect(refused).toMatchObject({ code: item.code });
    expect(await keysIn(world.storage)).toEqual(before);
  });

  test('a known path with a new digest, unless the path is one that changes', async () => {
    const { world, vendor } = await door();
    const index = 'vendors/acme/hello/index.json';
    const repository = await world.open({ mutable: (name) => name === index });
    const hand = async (version: number, files: Readonly<Record<string, Uint8Array>>) => {
      const bytes = await role(vendor, { version, files });
      return repository.publish(async (draft) => {
        await draft.bring('vendor.acme', bytes, contents(files));
      });
    };
    await hand(2, { [path]: text('a'), [index]: text('1') });
    await hand(3, { [path]: text('a'), [index]: text('2') });
    await expect(hand(4, { [path]: text('b'), [index]: text('2') })).rejects.toMatchObject({
      code: 'DOOR_IMMUTABLE',
      file: path,
    });
    expect(await (await clientOf(world)).read(index)).toBe('2');
  });

  test('a second content under a version that was handed in before', async () => {
    const { world, vendor } = await door();
    const files = { [path]: text('a') };
    const first = await role(vendor, { files });
    await world.storage.putIfAbsent(
      (await import('@ragnos/storage')).storageKey('metadata/2.vendor.acme.json'),
      first,
      {},
    );
    const repository = await world.open();
    const other = await role(vendor, { files, expires: new Date(start.getTime() + 31 * day) });
    await expect(
      repository.publish(async (draft) => void (await draft.bring('vendor.acme', other, contents(files)))),
    ).rejects.toMatchObject({ code: 'DOOR_VERSION' });
    await repository.publish(
      async (draft) => void (await draft.bring('vendor.acme', first, contents(files))),
    );
    expect(await (await clientOf(world)).read(path)).toBe('a');
  });
});

test('what the door itself would put into a role that was signed elsewhere is refused', async () => {
  const { world, vendor } = await door();
  const repository = await world.open();
  const bytes = await role(vendor);
  await expect(
    repository.publish(async (draft) => {
      await draft.bring('vendor.acme', bytes);
      await draft.add(path, text('smuggled'));
    }),
  ).rejects.toMatchObject({ code: 'SIGNATURES_MISSING' });
});

test('a vendor’s keys change without a moment at which its role does not verify', async () => {
  const { world, vendor } = await door();
  const repository = await world.open();
  const successor = testSigner();
  const edit = {
    kind: 'keys',
    role: 'vendor.acme',
    keys: [successor.key],
    threshold: 1,
  } as const;
  await expect(repository.editRoles([edit])).rejects.toMatchObject({ code: 'SIGNATURES_MISSING' });
  const files = { [path]: text('a') };
  const both = await role([...vendor, successor], { files });
  await repository.publish(async (draft) => void (await draft.bring('vendor.acme', both, contents(files))));
  const { roles } = await repository.editRoles([edit]);
  expect([...roles.keys()]).toEqual(expect.not.arrayContaining(['vendor.acme']));
  expect(await (await clientOf(world)).read(path)).toBe('a');
  const next = await role([successor], { version: 3, files });
  await repository.publish(async (draft) => void (await draft.bring('vendor.acme', next, contents(files))));
  const late = await role(vendor, { version: 4, files });
  await expect(
    repository.publish(async (draft) => void (await draft.bring('vendor.acme', late, contents(files)))),
  ).rejects.toMatchObject({ code: 'DOOR_SIGNATURES' });
});

test('targets signed elsewhere may change delegations as long as every delegatee verifies', async () => {
  const { world } = await door();
  const targetsSigners = world.keys.of('targets');
  world.keys.held.delete('targets');
  const repository = await world.open();
  const stranger = testSigner();
  const live = parseMetadata(await (await clientOf(world)).need('metadata/1.targets.json'), 'targets').signed;
  const { delegations } = live;
  if (delegations === null || delegations.roles === null) throw new Error('no delegations');
  const { roles } = delegations;
  const next = (change: (role: (typeof roles)[number]) => (typeof roles)[number]) =>
    role(targetsSigners, {
      change: (signed) => ({
        ...signed,
        delegations: {
          ...delegations,
          keys: new Map([...delegations.keys, [stranger.key.keyId, stranger.key]]),
          roles: roles.map((item) => (item.name === 'vendor.acme' ? change(item) : item)),
        },
      }),
    });
  const broken = await next((item) => ({ ...item, keyIds: [stranger.key.keyId] }));
  const hand = (bytes: Uint8Array) =>
    repository.publish(
      async (draft) => void (await draft.bring('targets', bytes, new Map(), { newDelegations: true })),
    );
  await expect(hand(broken)).rejects.toMatchObject({ code: 'DOOR_DELEGATIONS', file: 'vendor.acme.json' });
  const good = await next((item) => ({ ...item, keyIds: [...item.keyIds, stranger.key.keyId] }));
  await hand(good);
  expect(await (await clientOf(world)).readAll()).toContain('vendor.acme');
});

describe('which repository it was signed for', () => {
  const naming = (id: string | null): Edit => ({
    change: (signed) => ({
      ...signed,
      unrecognized: id === null ? new Map() : withRepositoryId(new Map(), id),
    }),
  });
  const ownId = async ({ open }: World): Promise<string> => {
    const { repositoryId } = await (await open()).status();
    return repositoryId ?? '';
  };
  const hand = async (made: World, bytes: Uint8Array, options: BringOptions = {}): Promise<unknown> =>
    (await made.open()).publish(
      async (draft) => void (await draft.bring('vendor.acme', bytes, new Map(), options)),
    );
  const refused = { code: 'DOOR_SIGNATURES', file: 'vendor.acme.json' };

  test('a role of another repository is refused, whatever is demanded', async () => {
    const { world, vendor } = await door();
    const other = await role(vendor, naming('0'.repeat(64)));
    await expect(hand(world, other)).rejects.toMatchObject(refused);
    await expect(hand(world, other, { newDelegations: true })).rejects.toMatchObject(refused);
  });

  test('one that names none is refused where it has to, and where the one before did', async () => {
    const { world, vendor } = await door();
    await expect(hand(world, await role(vendor, naming(null)), { named: true })).rejects.toMatchObject(
      refused,
    );
    const id = await ownId(world);
    await hand(world, await role(vendor, naming(null)));
    await hand(world, await role(vendor, { version: 3, ...naming(id) }), { named: true });
    await expect(hand(world, await role(vendor, { version: 4, ...naming(null) }))).rejects.toMatchObject(
      refused,
    );
    const upper = await role(vendor, { version: 4, ...naming(id.toUpperCase()) });
    await expect(hand(world, upper)).rejects.toMatchObject(refused);
  });
});

test('empty delegations are none, before and after', async () => {
  const { world, vendor } = await door();
  const none = { keys: new Map(), roles: [], succinctRoles: null, unrecognized: new Map() };
  const hand = async (version: number, delegations: Targets['delegations']): Promise<unknown> => {
    const bytes = await role(vendor, { version, change: (signed) => ({ ...signed, delegations }) });
    return (await world.open()).publish(async (draft) => void (await draft.bring('vendor.acme', bytes)));
  };
  await hand(2, none);
  await hand(3, null);
  await hand(4, none);
  await hand(5, { ...none, keys: new Map(vendor.map(({ key }) => [key.keyId, key])) });
  await hand(6, null);
  expect(await (await clientOf(world)).readAll()).toContain('vendor.acme');
});

test('a refusal names its file once, and lengths where only they differ', async () => {
  const { world, vendor } = await door();
  const repository = await world.open();
  const hand = (bytes: Uint8Array, files: Readonly<Record<string, Uint8Array>> = {}): Promise<unknown> =>
    repository.publish(async (draft) => void (await draft.bring('vendor.acme', bytes, contents(files))));
  await expect(hand(text('{'))).rejects.toThrow(/^vendor\.acme\.json: (?!vendor\.acme\.json)/);
  const nothing = await role(vendor, { change: (signed) => ({ ...signed, version: 0 }) }).catch(() =>
    text('{"signed":{}}'),
  );
  await expect(hand(nothing)).rejects.toThrow(/^vendor\.acme\.json: (?!vendor\.acme\.json)/);
  const files = { [path]: text('four') };
  await hand(await role(vendor, { files }), files);
  const longer = await role(vendor, {
    version: 3,
    files,
    change: (signed) => ({
      ...signed,
      targets: new Map([...signed.targets].map(([name, file]) => [name, { ...file, length: 999 }])),
    }),
  });
  await expect(hand(longer, files)).rejects.toThrow(/published as 4 bytes.*999 bytes/);
});
