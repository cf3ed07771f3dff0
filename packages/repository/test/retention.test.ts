/** What `collect` deletes, and what it keeps for whom. THREATS.md: "Retention deletes something that … still counts on." */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { storageKey } from '@ragnos/storage';
import { holdsFromBytes, holdsToBytes, logHeadOf, newHold, noteHead } from '@ragnos/repository';
import { AuditLog } from '@ragnos/tlog';
import { describe, expect, test } from 'vitest';
import { storedFile } from '../src/retention/store-keys.ts';
import { hour, keyOf, minute, retained, SlowClient, type Retained } from './retention-world.ts';
import { clientOf, text } from './world.ts';

/** Two versions of a file of the vendor, a day and more apart, and then quiet for two days. */
async function withHistory(): Promise<Retained> {
  const it = await retained();
  await it.publish(['vendors/acme/a/index.json', 'one'], ['vendors/acme/a/1', 'artifact one']);
  it.later(26 * hour);
  await it.publish(['vendors/acme/a/index.json', 'two'], ['vendors/acme/a/2', 'artifact two']);
  it.later(26 * hour);
  await it.repository.refresh();
  it.later(26 * hour);
  await it.repository.refresh();
  return it;
}

const one = keyOf('vendors/acme/a/index.json', 'one');
const two = keyOf('vendors/acme/a/index.json', 'two');

describe('what nobody needs any more', () => {
  test('is named by a dry run, and deleted when that is said', async () => {
    const it = await withHistory();
    const before = await it.keys();
    const dry = await it.gc({ apply: false });
    expect(dry).toMatchObject({ applied: false, oldest: 3, knownFrom: null, spared: 0 });
    const names = dry.garbage.map(({ key }) => key);
    expect(names).toContain(one);
    expect(names).toContain('metadata/2.vendor.acme.json');
    expect(names).toContain('metadata/2.snapshot.json');
    expect(await it.keys()).toEqual(before);
    const done = await it.gc();
    expect(done.applied).toBe(true);
    expect(done.garbage.map(({ key }) => key)).toEqual(names);
    const after = await it.keys();
    expect(after).toEqual(before.filter((key) => !names.some((name) => name === key)));
    expect((await it.gc()).garbage).toEqual([]);
    const client = await clientOf(it.made);
    await client.readAll();
    expect(await client.read('vendors/acme/a/1')).toBe('artifact one'); // still listed: only the old index is gone
    expect(await client.read('vendors/acme/a/index.json')).toBe('two');
    await it.publish(['vendors/acme/a/3', 'artifact three']); // and it can be published on
  });

  test('every root stays, whatever its age', async () => {
    const it = await withHistory();
    await it.repository.refresh({ force: true });
    it.later(60 * hour);
    await it.repository.refresh({ force: true });
    it.later(20 * hour);
    await it.gc();
    const roots = (await it.keys()).filter((key) => key.endsWith('.root.json'));
    expect(roots).toEqual(['metadata/1.root.json', 'metadata/2.root.json', 'metadata/3.root.json']);
    await clientOf(it.made);
  });

  test('the log, and files that are none of a repository’s, are not touched', async () => {
    const it = await withHistory();
    const others = ['log/checkpoint', 'log/tile/0/000', 'targets/notes.txt', 'metadata/notes.txt', 'readme'];
    for (const key of others) await it.made.storage.putIfAbsent(storageKey(key), text('x'));
    it.later(1000 * hour);
    await it.repository.refresh();
    it.later(30 * hour);
    await it.repository.refresh();
    await it.gc();
    expect(await it.keys()).toEqual(expect.arrayContaining(others));
  });

  test('a removed target stays for those who may still look it up, and is deleted after', async () => {
    const it = await withHistory();
    const key = keyOf('vendors/acme/a/1', 'artifact one');
    await it.remove('vendors/acme/a/1');
    it.later(20 * hour);
    await it.repository.refresh();
    await it.gc();
    expect(await it.keys()).toContain(key);
    it.later(30 * hour);
    await it.repository.refresh();
    await it.gc();
    expect(await it.keys()).not.toContain(key);
  });

  test('what a killed publish left is deleted once it is older than the grace', async () => {
    const it = await withHistory();
    const key = keyOf('vendors/acme/left/1', 'left over');
    await it.made.storage.putIfAbsent(storageKey(key), text('left over'));
    await it.made.storage.putIfAbsent(storageKey('metadata/9.vendor.acme.json'), text('{}'));
    it.later(20 * hour);
    await it.repository.refresh();
    const young = await it.gc();
    expect(young).toMatchObject({ young: { files: 2 } });
    expect(await it.keys()).toContain(key);
    it.later(5 * hour);
    await it.repository.refresh({ force: true });
    const old = await it.gc();
    expect(old.garbage.map(({ key: name }) => name)).toEqual(
      expect.arrayContaining([key, 'metadata/9.vendor.acme.json']),
    );
  });
});

describe('as long as nobody can tell what clients hold', () => {
  test('nothing is deleted, and it is said from when on it can be', async () => {
    const it = await retained();
    await it.publish(['index.json', 'one']);
    it.later(hour);
    await it.publish(['index.json', 'two']);
    const first = await it.gc();
    expect(first).toMatchObject({ applied: false, garbage: [], oldest: null });
    expect(first.knownFrom?.getTime()).toBe(it.made.now.getTime() + 24 * hour + minute);
    const before = await it.keys();
    for (let i = 0; i < 25; i++) {
      it.later(hour);
      await it.publish(['index.json', `version ${i}`]);
    }
    const later = await it.gc(); // the head has moved, but where it was a day ago is remembered
    expect(later.oldest).toBe(3);
    expect(later.garbage.map(({ key }) => key)).toEqual(
      expect.arrayContaining([keyOf('index.json', 'one'), 'metadata/2.snapshot.json']),
    );
    expect(before).toContain(keyOf('index.json', 'two'));
    expect(await it.keys()).toContain(keyOf('index.json', 'two'));
  });

  test('a memory that is lost or damaged keeps more, never less', async () => {
    const it = await withHistory();
    await it.publish(['index.json', 'new']);
    await noteHead(it.made.storage, it.staging);
    await writeFile(join(it.staging, 'gc.json'), '{"format":"ragnos-gc/1","heads":[{}]}');
    expect(await it.gc()).toMatchObject({ oldest: null, garbage: [] });
    const kept: unknown = JSON.parse(await readFile(join(it.staging, 'gc.json'), 'utf8'));
    expect(kept).toMatchObject({ heads: [{ snapshot: 4 }] });
  });

  test('without sessions and without grace everything but the head goes', async () => {
    const it = await retained();
    await it.publish(['index.json', 'one']);
    it.later(minute);
    await it.publish(['index.json', 'two']);
    it.later(minute);
    await it.repository.refresh({ force: true });
    const done = await it.gc({ keepFor: 0, grace: 0 });
    expect(done.garbage.map(({ key }) => key)).toContain(keyOf('index.json', 'one'));
    await (await clientOf(it.made)).readAll();
  });
});

describe('legal holds', () => {
  const at = new Date('2030-01-01T00:00:00Z');

  test('keep every content that a path ever had, and every version of a role with its targets', async () => {
    for (const hold of [
      newHold('path', 'vendors/acme/a/index.json', 'case 7', at),
      newHold('path', 'vendors/*/*/index.json', 'case 7', at),
      newHold('role', 'vendor.acme', 'case 7', at),
    ]) {
      const it = await withHistory();
      const done = await it.gc({ holds: [hold] });
      expect(await it.keys()).toContain(one);
      expect(done.held.files).toBeGreaterThan(0);
      expect((await it.keys()).includes('metadata/2.vendor.acme.json')).toBe(hold.kind === 'role');
      await it.gc();
      expect(await it.keys()).not.toContain(one); // taken away, it goes
      expect(await it.keys()).toContain(two);
    }
  });

  test('are written and read; damaged ones are refused, since they might hold anything', () => {
    const holds = [newHold('path', 'a/*', 'why', at), newHold('role', 'vendor.acme', 'why', at)];
    expect(holdsFromBytes(holdsToBytes(holds), 'holds.json')).toEqual(holds);
    for (const damaged of [
      '',
      '{}',
      '{"format":"ragnos-holds/1"}',
      '{"format":"ragnos-holds/1","holds":[{}]}',
    ])
      expect(() => holdsFromBytes(text(damaged), 'holds.json')).toThrow(
        expect.objectContaining({ code: 'MALFORMED' }),
      );
    expect(() => newHold('path', '../x', 'why', at)).toThrow(expect.objectContaining({ code: 'BAD_TARGET' }));
  });
});

test('what a signing event lists is kept', async () => {
  const it = await withHistory();
  const staged = await it.made.storage.get(storageKey('metadata/2.vendor.acme.json'));
  const chunks: Uint8Array[] = [];
  for await (const chunk of staged?.body ?? []) chunks.push(chunk);
  await it.gc({ staged: () => Promise.resolve([Buffer.concat(chunks), text('no metadata')]) });
  expect(await it.keys()).toContain(one);
});

describe('a store that is not whole', () => {
  test('is not tidied up: what the head names is missing', async () => {
    const it = await withHistory();
    const before = await it.keys();
    await it.made.storage.delete(storageKey('metadata/3.vendor.acme.json'));
    await expect(it.gc()).rejects.toMatchObject({ code: 'STORE_WENT_BACK' });
    expect(await it.keys()).toHaveLength(before.length - 1);
  });

  test('is not tidied up: it went back', async () => {
    const it = await withHistory();
    await writeFile(
      join(it.staging, 'gc.json'),
      JSON.stringify({ format: 'ragnos-gc/1', heads: [{ snapshot: 999, since: '2029-01-01T00:00:00Z' }] }),
    );
    await expect(it.gc()).rejects.toMatchObject({ code: 'STORE_WENT_BACK' });
  });
});

test('of the audit log what later objects have swallowed goes, and it is whole after that', async () => {
  const world = await retained();
  const { storage } = world.made;
  const audit = { actor: { type: 'user', name: 'olga' }, host: 'desk', tool: 'test 1' } as const;
  const door = await world.made.open({ staging: world.staging, audit });
  for (let at = 0; at < 20; at++) await door.publish((draft) => draft.add(`file-${at}`, text('x')));
  const heads = async (): Promise<number> =>
    (await world.keys()).filter((key) => key.startsWith('log/head/')).length;
  await world.gc();
  const before = await heads();
  world.later(3 * 24 * hour);
  await door.refresh({ force: true });
  const { garbage } = await world.gc();
  expect(garbage.some(({ key }) => key.startsWith('log/head/'))).toBe(true);
  expect(await heads()).toBeLessThan(before);
  const head = logHeadOf(await door.timestamp());
  expect(head === null ? null : await new AuditLog(storage).verify(head)).toMatchObject({
    ok: true,
    verified: 21,
  });
});

test('to say what would be deleted takes nothing that can be written; to delete does', async () => {
  const world = await retained();
  await world.publish(['a', 'one']);
  const readOnly = { staging: '/sys/ragv' }; // nobody can make a folder there, on a disk that is read-only neither
  expect(await world.gc({ ...readOnly, apply: false })).toMatchObject({
    applied: false,
    oldest: null,
    remembered: false,
  });
  await expect(world.gc(readOnly)).rejects.toEqual(
    expect.objectContaining({ code: expect.stringMatching(/^(EPERM|EROFS|EACCES)$/) as unknown }),
  );
});

test('a clock that is ahead makes nothing older: the store’s own time counts', async () => {
  const it = await withHistory();
  await it.publish(['index.json', 'one']);
  await it.publish(['index.json', 'two']);
  const ahead = new Date(it.made.now.getTime() + 1000 * hour);
  const done = await it.gc({ now: () => ahead });
  expect(done.garbage.map(({ key }) => key)).not.toContain(keyOf('index.json', 'one'));
});

test('for a slow client of less than a day everything is there, at each of its steps', async () => {
  const it = await withHistory();
  await it.gc();
  const client = new SlowClient(it.made, 'vendors/acme/a/index.json');
  await client.step();
  for (let i = 0; i < 23; i++) {
    it.later(hour - minute);
    await it.publish(['vendors/acme/a/index.json', `changed ${i}`]);
    await it.gc();
  }
  await client.step();
  expect(client.done).toBe(true);
});

test('keys that stand for files of a repository', () => {
  const hex = 'ab'.repeat(32);
  expect(storedFile('metadata/timestamp.json')).toEqual({ kind: 'timestamp' });
  expect(storedFile('metadata/3.root.json')).toEqual({ kind: 'root' });
  expect(storedFile('metadata/3.a%2Fb.json')).toEqual({ kind: 'role', role: 'a%2Fb', version: 3 });
  expect(storedFile(`targets/a/b/${hex}.c.tgz`)).toEqual({ kind: 'target', paths: ['a/b/c.tgz'] });
  expect(storedFile(`targets/${hex}.a/b/c.tgz`)).toEqual({ kind: 'target', paths: ['a/b/c.tgz'] });
  for (const other of ['log/tile/0', 'metadata/root.json', 'metadata/01.x.json', 'targets/a.txt', 'keys/a'])
    expect(storedFile(other)).toBeNull();
});
