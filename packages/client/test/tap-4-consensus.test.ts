// TAP 4, the search: thresholds, order, terminating, roots, and who delivers.
import { DownloadLengthError, openMap } from '@ragnos/client';
import { hexDigest, WorkflowError } from '@ragnos/tuf';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { mapping, World } from './map-setup.ts';
import { codeOf, never, temporary } from './setup.ts';

describe('threshold', () => {
  test('two of two that say the same', async () => {
    const world = new World();
    world.lists('x/f', { a: 'same', b: 'same' });
    const found = await (await world.open([mapping(2, 'a b')])).find('x/f');
    expect(found?.agreed.map(({ repository }) => repository)).toEqual(['a', 'b']);
    expect(found).toMatchObject({ path: 'x/f', length: 4, mapping: 0, custom: { by: 'a' } }); // custom is exempt
  });

  test('two of two that differ: refused, with what each says', async () => {
    const world = new World();
    world.lists('f', { a: 'one', b: 'two' });
    const found = (await world.open([mapping(2, 'a b')])).find('f');
    await expect(found).rejects.toMatchObject({ code: 'NO_CONSENSUS' });
    await expect(found).rejects.toThrow(/a lists 3 bytes, sha256 \w+…; b lists 3 bytes, sha256/);
  });

  test('the same hash under another length is no agreement, nor is one of two hashes', async () => {
    const world = new World();
    world.lists('f', { a: 'same', b: 'same' });
    const file = world.sim('b').targets.targets.entries().next().value ?? never();
    world.sim('b').targets.targets.set(file[0], { ...file[1], length: 5 });
    world.sim('b').publish();
    expect(await codeOf((await world.open([mapping(2, 'a b')])).find('f'))).toBe('NO_CONSENSUS');
    const hashes = new Map([...file[1].hashes, ['sha512', hexDigest('ab'.repeat(64))] as const]);
    world.sim('b').targets.targets.set(file[0], { ...file[1], hashes });
    world.sim('b').publish();
    expect(await codeOf((await world.open([mapping(2, 'a b')])).find('f'))).toBe('NO_CONSENSUS');
  });

  test('a hash that nobody here can check is no part of it', async () => {
    const world = new World();
    world.lists('f', { a: 'same', b: 'same' });
    const [path, file] = world.sim('b').targets.targets.entries().next().value ?? never();
    const hashes = new Map([...file.hashes, ['blake2b-512', hexDigest('ab'.repeat(64))] as const]);
    world.sim('b').targets.targets.set(path, { ...file, hashes });
    world.sim('b').publish();
    expect((await (await world.open([mapping(2, 'a b')])).find('f'))?.agreed).toHaveLength(2);
  });

  test('where none can be checked, all of them count: the length alone is no agreement', async () => {
    const world = new World();
    world.lists('f', { a: 'same', b: 'same' });
    const say = (name: string, byte: string): void => {
      const [path, file] = world.sim(name).targets.targets.entries().next().value ?? never();
      const hashes = new Map([['blake2b-512', hexDigest(byte.repeat(64))] as const]);
      world.sim(name).targets.targets.set(path, { ...file, hashes });
      world.sim(name).publish();
    };
    say('a', 'ab');
    say('b', 'cd');
    expect(await codeOf((await world.open([mapping(2, 'a b')])).find('f'))).toBe('NO_CONSENSUS');
    say('b', 'ab');
    const map = await world.open([mapping(2, 'a b')]);
    const found = (await map.find('f')) ?? never();
    expect(found.agreed).toHaveLength(2);
    expect(await codeOf(map.read(found, { maxLength: 100 }))).toBe('LENGTH_OR_HASH_MISMATCH');
  });

  test('two of three outvote the one that lies, wherever it stands', async () => {
    for (const liar of ['a', 'b', 'c']) {
      const world = new World();
      world.lists('f', { a: 'good', b: 'good', c: 'good', [liar]: 'evil' });
      const found = await (await world.open([mapping(2, 'a b c')])).find('f');
      expect(found?.agreed.map(({ repository }) => repository)).toEqual(
        ['a', 'b', 'c'].filter((name) => name !== liar),
      );
    }
  });

  test('only as many are asked as are needed: the others learn nothing', async () => {
    const world = new World();
    world.lists('f', { a: 'same', b: 'same', c: 'same' });
    const map = await world.open([mapping(1, 'b a c')]);
    expect((await map.find('f'))?.agreed.map(({ repository }) => repository)).toEqual(['b']);
    expect(world.hosts).toEqual(['b.example']);
  });

  test('one that signs where two must: refused, and it is said who does not list it', async () => {
    const world = new World();
    world.lists('f', { a: 'one' });
    const found = (await world.open([mapping(2, 'a b', '*', 'terminating')])).find('f');
    await expect(found).rejects.toMatchObject({ code: 'NO_CONSENSUS' });
    await expect(found).rejects.toThrow('b does not list it');
  });
});

describe('order of mappings', () => {
  test('the first that matches and finds decides; a later one is not asked', async () => {
    const world = new World();
    world.lists('x/f', { a: 'one', b: 'two' });
    const map = await world.open([mapping(1, 'c', 'y/*'), mapping(1, 'b', 'x/*'), mapping(1, 'a')]);
    expect(await map.find('x/f')).toMatchObject({ mapping: 1, agreed: [{ repository: 'b' }] });
    expect(world.hosts).toEqual(['b.example']);
  });

  test('not terminating: what it does not find, or not agree on, is looked for in the next', async () => {
    const world = new World();
    world.lists('absent', { c: 'three' });
    world.lists('disputed', { a: 'one', b: 'two', c: 'three' });
    const map = await world.open([mapping(2, 'a b'), mapping(1, 'c')]);
    expect(await map.find('absent')).toMatchObject({ mapping: 1 });
    expect(await map.find('disputed')).toMatchObject({ mapping: 1, length: 5 });
  });

  test('terminating: nothing is looked for after it (CVE-2025-2886 among repositories)', async () => {
    const world = new World();
    world.lists('absent', { c: 'three' });
    world.lists('disputed', { a: 'one', b: 'two', c: 'three' });
    const map = await world.open([mapping(2, 'a b', '*', 'terminating'), mapping(1, 'c')]);
    expect(await map.find('absent')).toBeNull();
    expect(await codeOf(map.find('disputed'))).toBe('NO_CONSENSUS');
    expect(world.hosts).not.toContain('c.example');
  });

  test('a disagreement is never told as "absent", even if the last mapping lists nothing', async () => {
    const world = new World();
    world.lists('f', { a: 'one', b: 'two' });
    expect(await codeOf((await world.open([mapping(2, 'a b'), mapping(1, 'c')])).find('f'))).toBe(
      'NO_CONSENSUS',
    );
  });

  test('no mapping for a path: nobody is asked, nothing is found', async () => {
    const world = new World();
    world.lists('y/f', { a: 'one' });
    expect(await (await world.open([mapping(1, 'a', 'x/*')])).find('y/f')).toBeNull();
    expect(world.hosts).toEqual([]);
  });

  test('`*` alone is every path, else it stays within a segment', async () => {
    const world = new World();
    world.lists('x/deep/f', { a: 'one', b: 'two' });
    const map = await world.open([mapping(1, 'a', 'x/*'), mapping(1, 'b')]);
    expect((await map.find('x/deep/f'))?.agreed[0]?.repository).toBe('b');
  });

  test('a path that no target may have is refused before anybody is asked', async () => {
    const world = new World();
    expect(await codeOf((await world.open([mapping(1, 'a')])).find('../f'))).toBe('MALFORMED');
    expect(world.hosts).toEqual([]);
  });
});

describe('roots', () => {
  test('each repository begins with its own, or the map does not open', async () => {
    const world = new World();
    const { firstRoot } = world.sim('a');
    const open = (roots: ReadonlyMap<string, Uint8Array>) => world.open([mapping(1, 'a')], { roots });
    await expect(open(new Map([['a', firstRoot]]))).rejects.toThrow(
      /^the map cannot be opened.* b \(no trusted root/,
    );
    expect(await codeOf(open(new Map([['z', firstRoot]])))).toBe('BAD_MAP');
  });

  test('one cannot speak for another, though it serves the same files', async () => {
    const world = new World();
    world.lists('f', { a: 'evil' });
    world.sims.set('b', world.sim('a')); // b's network is in the hands of a
    const honest = new World().sim('b').firstRoot;
    const roots = new Map(
      [...world.sims].map(([name, sim]) => [name, name === 'b' ? honest : sim.firstRoot]),
    );
    const map = await world.open([mapping(2, 'a b')], { roots });
    expect(await codeOf(map.find('f'))).toBe('REPOSITORY_UNTRUSTED');
  });

  test('are kept apart, by name', async () => {
    const world = new World();
    world.lists('f', { a: 'same', b: 'same' });
    await (await world.open([mapping(2, 'a b')])).find('f');
    const swapped = new Map([...world.sims].map(([name, sim]) => [name, sim.firstRoot]));
    swapped.set('a', world.sim('b').firstRoot);
    expect(await codeOf(world.open([mapping(2, 'a b')], { roots: swapped }))).toBe('REPOSITORY_UNTRUSTED');
    const map = await world.open([mapping(2, 'a b')], { roots: new Map([['c', world.sim('c').firstRoot]]) });
    expect((await map.find('f'))?.agreed).toHaveLength(2); // their folders remember
  });

  test('floors are by repository too', async () => {
    const world = new World();
    world.lists('f', { a: 'same', b: 'same' });
    const map = await world.open([mapping(2, 'a b')], {
      floors: new Map([['b', new Map([['snapshot', 9]])]]),
    });
    await expect(map.find('f')).rejects.toThrow(/b \(snapshot has version 2, and version 9/);
  });
});

describe('the bytes', () => {
  test('come from whoever of those who agree delivers them whole', async () => {
    const world = new World();
    world.lists('f', { a: 'content', b: 'content' });
    const map = await world.open([mapping(2, 'a b')], {
      faults: [{ match: 'a.example/targets', kind: 'flip' }],
    });
    const target = (await map.find('f')) ?? never();
    const file = join(temporary(), 'f');
    await map.download(target, file);
    expect(await readFile(file, 'utf8')).toBe('content');
    expect(Buffer.from(await map.read(target, { maxLength: 100 })).toString()).toBe('content');
  });

  test('from nobody: a wrong file is the error, not the silence of the other', async () => {
    const world = new World();
    world.lists('f', { a: 'content', b: 'content' });
    const map = await world.open([mapping(2, 'a b')], {
      faults: [
        { match: 'a.example/targets', kind: 'unreachable' },
        { match: 'b.example/targets', kind: 'flip' },
      ],
    });
    const target = (await map.find('f')) ?? never();
    expect(await codeOf(map.read(target, { maxLength: 100 }))).toBe('LENGTH_OR_HASH_MISMATCH');
    await expect(map.read(target, { maxLength: 1 })).rejects.toBeInstanceOf(DownloadLengthError);
  });

  test('a URL that fails is made up for by the next of its repository', async () => {
    const world = new World();
    world.lists('f', { a: 'content' });
    const map = await openMap({
      map: world.map([mapping(1, 'a')], { a: ['https://down.a.example/', 'https://up.a.example/'] }),
      dir: world.dir,
      roots: new Map([...world.sims].map(([name, sim]) => [name, sim.firstRoot])),
      fetcher: world.fetcher([{ match: 'down.a', kind: 'unreachable' }]),
      now: () => world.now,
    });
    const target = (await map.find('f')) ?? never();
    expect(await map.read(target, { maxLength: 100 })).toHaveLength(7);
    expect(map.repository('a').knowledge().fresh).toBe(true);
    expect(() => map.repository('z')).toThrow(WorkflowError);
  });
});
