// TAP 4, the search: thresholds, order, terminating, and repositories that fail.
import { DownloadLengthError, openMap } from '@ragnos/client';
import { newTestKey } from '@ragnos/testkit';
import { hexDigest, WorkflowError } from '@ragnos/tuf';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';

import { mapping, World } from './map-setup.ts';
import { codeOf, hours, never, temporary } from './setup.ts';

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

describe('a repository that fails', () => {
  const down = { match: 'a.example', kind: 'unreachable' } as const;

  test('where its word could decide, the search ends: blocking it does not choose the next mapping', async () => {
    const world = new World();
    world.lists('f', { a: 'good', b: 'good', c: 'evil' });
    const map = await world.open([mapping(2, 'a b'), mapping(1, 'c')], { faults: [down] });
    const found = map.find('f');
    await expect(found).rejects.toMatchObject({ code: 'REPOSITORY_UNREACHABLE' });
    await expect(found).rejects.toThrow(/^f: no answer that counts from a \(/);
    expect(world.hosts).not.toContain('c.example');
  });

  test('also where the others list nothing', async () => {
    const world = new World();
    world.lists('f', { c: 'evil' });
    const map = await world.open([mapping(1, 'a b'), mapping(1, 'c')], { faults: [down] });
    expect(await codeOf(map.find('f'))).toBe('REPOSITORY_UNREACHABLE');
  });

  test('where enough others agree, it is not needed', async () => {
    const world = new World();
    world.lists('f', { b: 'good', c: 'good' });
    const map = await world.open([mapping(2, 'a b c')], { faults: [down] });
    expect((await map.find('f'))?.agreed.map(({ repository }) => repository)).toEqual(['b', 'c']);
  });

  test('where it could not decide any more, the search goes on', async () => {
    const world = new World();
    world.lists('f', { c: 'good' });
    const map = await world.open([mapping(2, 'a b'), mapping(1, 'c')], { faults: [down] });
    expect(await map.find('f')).toMatchObject({ mapping: 1 }); // b does not list it: one of two at most
  });

  test('refused for what it serves, it counts for nothing and is called untrusted', async () => {
    const world = new World();
    world.lists('f', { a: 'good', b: 'good' });
    world.sim('a').signers.set('timestamp', [newTestKey()]);
    const map = await world.open([mapping(2, 'a b')]);
    await expect(map.find('f')).rejects.toMatchObject({
      code: 'REPOSITORY_UNTRUSTED',
      cause: { code: 'UNSIGNED' },
    });
  });

  test('that went back is refused though it says what the others say', async () => {
    const world = new World();
    world.lists('f', { a: 'good', b: 'good' });
    const old = world.sim('a').files();
    world.sim('a').publish();
    await (await world.open([mapping(2, 'a b')])).find('f');
    world.sim('a').serve(old);
    const map = await world.open([mapping(2, 'a b')]);
    await expect(map.find('f')).rejects.toMatchObject({
      code: 'REPOSITORY_UNTRUSTED',
      cause: { code: 'BAD_VERSION' },
    });
  });

  test('is tried again by the next look-up', async () => {
    const world = new World();
    world.lists('f', { a: 'good' });
    const map = await world.open([mapping(1, 'a')], { faults: [{ ...down, times: 1 }] });
    expect(await codeOf(map.find('f'))).toBe('REPOSITORY_UNREACHABLE');
    expect(await map.find('f')).not.toBeNull();
  });

  test('refresh says which failed and why, and what it knew before is not used', async () => {
    const world = new World();
    world.lists('f', { a: 'good', b: 'good' });
    await (await world.open([mapping(2, 'a b')])).find('f');
    const map = await world.open([mapping(2, 'a b')], { faults: [down] });
    const failures = await map.refresh();
    expect([...failures.keys()]).toEqual(['a']);
    expect(await codeOf(map.find('f'))).toBe('REPOSITORY_UNREACHABLE');
  });

  test('what worked before a refresh that failed is not used after it', async () => {
    const world = new World();
    world.lists('f', { a: 'good' });
    const map = await world.open([mapping(1, 'a')]);
    expect(await map.find('f')).not.toBeNull();
    world.sim('a').overrides.set('metadata/timestamp.json', null);
    expect((await map.refresh()).get('a')).toMatchObject({ code: 'NOT_FOUND_REMOTE' });
    expect(await codeOf(map.find('f'))).toBe('REPOSITORY_UNREACHABLE');
  });

  test('silent and refused ones together are called untrusted, each with its reason', async () => {
    const world = new World();
    world.lists('f', { a: 'good', b: 'good', c: 'good' });
    world.sim('b').signers.set('timestamp', [newTestKey()]);
    const found = (await world.open([mapping(2, 'a b c')], { faults: [down] })).find('f');
    await expect(found).rejects.toMatchObject({ code: 'REPOSITORY_UNTRUSTED' });
    await expect(found).rejects.toThrow(/a \(.*refused.*\), b \(timestamp: signed by 0/);
  });

  test('what has expired before the refresh is not asked for twice', async () => {
    const world = new World();
    world.sim('a').delegate({ name: 'role' }).expires = hours(1);
    world.lists('f', { a: 'good' });
    world.sim('a').publish('role');
    world.now = hours(2);
    expect(await codeOf((await world.open([mapping(1, 'a')])).find('other'))).toBe('REPOSITORY_UNTRUSTED');
    const timestamps = world.sim('a').requests.filter((path) => path === 'metadata/timestamp.json');
    expect(timestamps).toHaveLength(1);
  });

  test('what has expired since the refresh is refreshed by the look-up', async () => {
    const world = new World();
    world.lists('f', { a: 'good' });
    const map = await world.open([mapping(1, 'a')]);
    await map.find('f');
    world.now = hours(30);
    const { timestamp } = world.sim('a');
    timestamp.expires = hours(48);
    world.sim('a').publishTimestamp();
    expect(await map.find('f')).not.toBeNull();
  });

  test('an abort is no failure of a repository', async () => {
    const world = new World();
    world.lists('f', { a: 'good', b: 'good' });
    const map = await world.open([mapping(1, 'a b')]);
    const reason = new Error('enough');
    await expect(map.find('f', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(map.refresh({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const aborting = new AbortController();
    const found = map.find('f', { signal: aborting.signal });
    await nextTurn();
    aborting.abort(reason);
    await expect(found).rejects.toBe(reason);
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
