import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hashFile, watchWrites, type Repository } from '@ragnos/repository';
import { read, storageKey, type Storage } from '@ragnos/storage';
import { clientOf, Keyring, keysIn, layoutOf, start, tempFolder, text, world, type World } from './world.ts';

const code = (expected: string): unknown => expect.objectContaining({ code: expected });
const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const alias = (path: string, bytes: Uint8Array): string => `targets/${hash(bytes)}.${path}`;

async function made(): Promise<World> {
  const keys = new Keyring();
  return world({ keys, layout: layoutOf(keys, [keys.delegation('vendor.acme', ['vendors/acme/*/*'])]) });
}

async function stored(storage: Storage, key: string): Promise<string | null> {
  const found = await read(storage, storageKey(key), { maxLength: 1000 });
  return found === null ? null : Buffer.from(found.bytes).toString();
}

const aliasesIn = async (storage: Storage): Promise<readonly string[]> =>
  (await keysIn(storage, 'targets/')).filter((key) => /^targets\/[0-9a-f]{64}\.[^/]+\//.test(key));

test('a file lies under both paths before the timestamp, through which clients hear of the role that names it', async () => {
  const { storage, open } = await made();
  const steps: string[] = [];
  const repository = await open({
    compat: ['tough'],
    storage: watchWrites(storage, ({ key }) => void steps.push(key)),
  });
  const file = join(await tempFolder(), 'file');
  await writeFile(file, 'from disk');
  await repository.publish(async (draft) => {
    await draft.add('vendors/acme/x/bytes', text('bytes'));
    await draft.add('vendors/acme/x/disk', await hashFile(file));
    await draft.add('top', text('top'));
  });
  expect(await stored(storage, alias('vendors/acme/x/bytes', text('bytes')))).toBe('bytes');
  expect(await stored(storage, alias('vendors/acme/x/disk', text('from disk')))).toBe('from disk');
  expect(await aliasesIn(storage)).toHaveLength(2); // of a file in no folder both are one
  const first = steps.indexOf('metadata/timestamp.json');
  expect(steps.slice(0, first).filter((key) => key.startsWith('targets/'))).toHaveLength(5);
  expect(steps.slice(first).some((key) => key.startsWith('targets/'))).toBe(false);
  expect(await repository.compatIssues()).toEqual([]);
});

test.each([[[]], [['python-tuf', 'tuf-js', 'go-tuf']]] as const)('for %j there are none', async (compat) => {
  const { storage, open } = await made();
  const repository = await open({ compat });
  await repository.publish((draft) => draft.add('vendors/acme/x/y', text('1')));
  expect(await aliasesIn(storage)).toEqual([]);
  expect(await repository.layAliases()).toEqual({ laid: 0, present: 0, impossible: [] });
});

test('a mutable path takes a new one with each content; a retry uses what lies there', async () => {
  const { storage, open } = await made();
  const repository = await open({ compat: ['tough'], mutable: () => true });
  for (const content of ['1', '2', '2'])
    await repository.publish((draft) => draft.add('vendors/acme/x/index.json', text(content)));
  expect(await aliasesIn(storage)).toHaveLength(2);
});

async function before(count: number): Promise<World> {
  const world = await made();
  const repository = await world.open();
  await repository.publish(async (draft) => {
    for (let index = 0; index < count; index++) await draft.add(`vendors/acme/x/${index}`, text(`${index}`));
    await draft.add('top', text('top'));
  });
  return world;
}

test('tough added later: what is missing is listed, laid, and laid only once', async () => {
  const { storage, open } = await before(20);
  const repository = await open({ compat: ['tough'] });
  expect(await repository.compatIssues()).toEqual([
    expect.objectContaining({
      client: 'tough',
      rule: 'ALIAS',
      role: 'vendor.acme',
      message: expect.stringMatching(/^20 files do not lie/) as unknown,
    }),
  ]);
  expect(await repository.layAliases()).toEqual({ laid: 20, present: 0, impossible: [] });
  for (let index = 0; index < 20; index++)
    expect(await stored(storage, alias(`vendors/acme/x/${index}`, text(`${index}`)))).toBe(`${index}`);
  expect(await repository.compatIssues()).toEqual([]);
  expect(await repository.layAliases()).toEqual({ laid: 0, present: 20, impossible: [] });
});

test('stopped in between, it completes the rest; never more than eight at a time', async () => {
  const { storage, open } = await before(40);
  let [running, most] = [0, 0];
  const counting: Storage = {
    ...storage,
    async putIfAbsent(...args) {
      most = Math.max(most, ++running);
      try {
        return await storage.putIfAbsent(...args);
      } finally {
        running--;
      }
    },
  };
  let left = 13;
  const failing = watchWrites(counting, () => {
    if (--left === 0) throw new Error('stopped');
  });
  const first: Repository = await open({ compat: ['tough'], storage: failing });
  await expect(first.layAliases()).rejects.toThrow('stopped');
  const laid = (await aliasesIn(storage)).length;
  expect(laid).toBeGreaterThanOrEqual(13);
  expect(laid).toBeLessThan(40);
  const second = await open({ compat: ['tough'], storage: counting });
  expect(await second.layAliases()).toEqual({ laid: 40 - laid, present: laid, impossible: [] });
  expect(most).toBeGreaterThan(1);
  expect(most).toBeLessThanOrEqual(8);
});

test('an aborted call ends', async () => {
  const { open } = await before(3);
  const repository = await open({ compat: ['tough'] });
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(repository.layAliases({ signal })).rejects.toThrow('enough');
});

test('a file that is damaged in the store is not laid under another name', async () => {
  const { storage, open } = await before(1);
  const key = storageKey(`targets/vendors/acme/x/${hash(text('0'))}.0`);
  await storage.delete(key);
  await storage.putIfAbsent(key, text('X'));
  const repository = await open({ compat: ['tough'] });
  await expect(repository.layAliases()).rejects.toEqual(code('STORAGE_MISMATCH'));
  await storage.delete(key);
  await expect(repository.layAliases()).rejects.toEqual(code('STORE_WENT_BACK'));
  expect(await aliasesIn(storage)).toEqual([]);
});

test('what lies under the second path with other content is never replaced, and nothing is published', async () => {
  const { storage, open } = await made();
  const key = storageKey(alias('vendors/acme/x/y', text('new')));
  await storage.putIfAbsent(key, text('something else'));
  const repository = await open({ compat: ['tough'] });
  const metadata = await keysIn(storage, 'metadata/');
  const publish = repository.publish((draft) => draft.add('vendors/acme/x/y', text('new')));
  await expect(publish).rejects.toEqual(code('STORAGE_CONFLICT'));
  expect(await stored(storage, key)).toBe('something else');
  expect(await keysIn(storage, 'metadata/')).toEqual(metadata);
});

test('a folder whose name is too long with a hash before it', async () => {
  const path = `${'d'.repeat(200)}/file`;
  const { open } = await made();
  const plain = await open();
  await plain.publish((draft) => draft.add(path, text('1')));
  const tough = await open({ compat: ['tough'] });
  await expect(tough.publish((draft) => draft.add(`${path}2`, text('2')))).rejects.toEqual(
    code('NOT_COMPATIBLE'),
  );
  expect(await tough.layAliases()).toEqual({ laid: 0, present: 0, impossible: [path] });
  expect((await tough.compatIssues()).map(({ rule, role }) => `${rule} ${role}`)).toEqual(['PATH targets']);
});

test.each([false, true])(
  'a role that was signed elsewhere, whose file was stored before; its second path too: %s',
  async (present) => {
    const vendor = await made();
    // Signed where nobody serves tough: the same role with the same keys, byte for byte.
    const twin = await world({
      keys: vendor.keys,
      layout: layoutOf(vendor.keys, [vendor.keys.delegation('vendor.acme', ['vendors/acme/*/*'])]),
    });
    await (await twin.open()).publish((draft) => draft.add('vendors/acme/x/y', text('brought')));
    const bytes = await (await clientOf(twin)).need('metadata/2.vendor.acme.json');
    vendor.keys.held.delete('vendor.acme');
    const second = alias('vendors/acme/x/y', text('brought'));
    const file = storageKey(`targets/vendors/acme/x/${hash(text('brought'))}.y`);
    await vendor.storage.putIfAbsent(file, text('brought'));
    vendor.now = new Date(start.getTime() + 1000);
    const asked: string[] = [];
    const storage: Storage = {
      ...vendor.storage,
      get: (key, options) => {
        asked.push(key);
        return vendor.storage.get(key, options);
      },
    };
    if (present) await vendor.storage.putIfAbsent(storageKey(second), text('brought'));
    const repository = await vendor.open({ compat: ['tough'], storage });
    await repository.publish(async (draft) => void (await draft.bring('vendor.acme', bytes)));
    // One that lies there is not read to see what it is: its name says so.
    expect(asked.filter((key) => key.startsWith('targets/'))).toEqual(present ? [] : [file]);
    expect(await stored(vendor.storage, second)).toBe('brought');
    expect(await repository.compatIssues()).toEqual([]);
  },
);
