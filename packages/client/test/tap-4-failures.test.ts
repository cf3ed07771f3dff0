// TAP 4: a repository that fails is not one that says no. Blocking one must not choose which mapping decides.
import { newTestKey } from '@ragnos/testkit';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';

import { mapping, World } from './map-setup.ts';
import { codeOf, hours } from './setup.ts';

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
